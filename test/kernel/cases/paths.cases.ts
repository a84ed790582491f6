// The rule kind `paths`: every access class x allow and deny x Kill, Block and Audit x Enforce and Monitor, by side effect, errno or signal,
// events and exact counters. In each folder one class is forbidden: what has it is stopped, and what has not still works.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Bed, kernelGroup, type Seen } from '../harness/cases.js';
import { runTry, type Tried } from '../harness/run-try.js';
import type { PolicyObject } from '../harness/agent.js';
import { STANDS, checkAnswer, interferes, nameOf, type Stand, verdictOf } from '../harness/matrix.js';
import { policyOn } from '../harness/workloads.js';
import {
  CLASSES,
  OPERATIONS,
  type AccessClass,
  type FileOperation,
  involves,
  makeFiles,
  objectIn,
  snapshot,
  wordsIn,
} from './path-operations.js';

const FOLDER = '/tmp/rf-paths';

/** One class under one list, action and mode: a cgroup, a folder where it is forbidden and one where it is free. */
interface Cell extends Stand {
  readonly access: AccessClass;
  readonly workload: string;
  readonly policy: string;
  readonly folder: string;
}

type Place = 'forbidden' | 'free';

/** One operation in a folder of its own. */
interface Trial {
  readonly operation: FileOperation;
  readonly folder: string;
}

interface Outcome extends Trial {
  readonly tried: Tried;
  readonly before: string;
  readonly after: string;
  readonly attributesBefore: string;
  readonly attributesAfter: string;
}

function makeCell(stand: Stand, access: AccessClass): Cell {
  const name = `p-${nameOf(stand)}`;
  // A deny list of all classes can share a cgroup; allow lists would govern each other's classes.
  const policy = stand.list === 'deny' ? name : `${name}-${access.toLowerCase()}`;
  return { ...stand, access, workload: policy, policy, folder: join(FOLDER, name, access) };
}

const cells = STANDS.flatMap((stand) => CLASSES.map((access) => makeCell(stand, access)));

function trialsOf(cell: Cell, place: Place, wanted: (operation: FileOperation) => boolean): Trial[] {
  return OPERATIONS.filter(wanted).map((operation) => ({
    operation,
    folder: join(cell.folder, place, operation.words.replaceAll(/[^a-z0-9]+/g, '-')),
  }));
}

/** Operations that have the class, where it is forbidden. */
const forbiddenTrials = (cell: Cell): Trial[] =>
  trialsOf(cell, 'forbidden', (operation) => involves(operation, cell.access));
/** The same where it is not. */
const freeTrials = (cell: Cell): Trial[] =>
  interferes(cell) ? trialsOf(cell, 'free', (operation) => involves(operation, cell.access)) : [];
/** Operations without the class, where it is forbidden. */
const otherTrials = (cell: Cell): Trial[] =>
  cell.mode === 'Enforce' && cell.action === 'Block'
    ? trialsOf(cell, 'forbidden', (operation) => !involves(operation, cell.access))
    : [];

function ruleOf(cell: Cell): object {
  const place = cell.list === 'deny' ? 'forbidden' : 'free';
  const items = [{ path: `${join(cell.folder, place)}/**`, access: [cell.access] }];
  return { name: cell.access.toLowerCase(), paths: { [cell.list]: items }, action: cell.action };
}

function policies(): PolicyObject[] {
  const first = new Map(cells.toReversed().map((cell) => [cell.policy, cell]));
  return [...first.values()].map(({ workload, policy, mode }) => {
    const own = cells.filter((cell) => cell.policy === policy);
    return policyOn(workload, policy, own.map(ruleOf), { mode });
  });
}

const paths = kernelGroup('paths', {
  workloads: [...new Set(cells.map(({ workload }) => workload))],
  policies,
});

/** A killing policy ends the process at the first operation: then each has a process of its own. */
async function tryAll(bed: Bed, cell: Cell, trials: readonly Trial[], alone: boolean): Promise<Tried[]> {
  if (trials.length === 0) return [];
  const commands = trials.map(({ operation, folder }) => wordsIn(folder, operation.words));
  if (!alone) return await bed.try(cell.workload, ...commands);
  const results: Tried[] = [];
  for (const command of commands) results.push(...(await bed.try(cell.workload, command)));
  return results;
}

/** For trials whose evidence is in extended attributes and flags: what they are, by a process that no policy is about. */
async function attributesOf(trials: readonly Trial[]): Promise<Map<Trial, string>> {
  const chosen = trials.filter(({ operation }) => operation.evidence === 'attributes');
  if (chosen.length === 0) return new Map();
  const looks = chosen.map(({ operation, folder }) => ['attributes', objectIn(folder, operation)]);
  const results = await runTry({ cgroups: [] }, ...looks);
  return new Map(
    chosen.map((trial, index) => [trial, `${String(results[index]?.['names'])} ${String(results[index]?.['flags'])}`]),
  );
}

async function prepareTrials(trials: readonly Trial[]): Promise<void> {
  for (const { operation, folder } of trials) makeFiles(folder, operation);
  const commands = trials.flatMap(({ operation, folder }) =>
    operation.before === undefined ? [] : [wordsIn(folder, operation.before)],
  );
  if (commands.length > 0) await runTry({ cgroups: [] }, ...commands);
}

async function run(bed: Bed, cell: Cell, trials: readonly Trial[], alone: boolean): Promise<Outcome[]> {
  await prepareTrials(trials);
  const before = trials.map(({ folder }) => snapshot(folder));
  const attributesBefore = await attributesOf(trials);
  const tried = await tryAll(bed, cell, trials, alone);
  const attributesAfter = await attributesOf(trials);
  assert.equal(tried.length, trials.length, 'one result for each operation');
  return trials.map((trial, index) => ({
    ...trial,
    tried: tried[index] as Tried,
    before: before[index] ?? '',
    after: snapshot(trial.folder),
    attributesBefore: attributesBefore.get(trial) ?? '',
    attributesAfter: attributesAfter.get(trial) ?? '',
  }));
}

/** Whether the operation did what it is for. */
function happened(outcome: Outcome): boolean {
  const { operation, tried } = outcome;
  switch (operation.evidence) {
    case 'folder':
      return outcome.before !== outcome.after;
    case 'attributes':
      return outcome.attributesBefore !== outcome.attributesAfter;
    case 'data':
      return tried.data !== undefined || tried['entries'] !== undefined;
    case 'status':
      // A program that ran says so by its status; a mapping has no other effect than to succeed.
      return operation.words.startsWith('exec') ? tried.status !== undefined : tried.errno === '';
  }
}

function checkDone(outcome: Outcome): void {
  const { operation, tried } = outcome;
  assert.equal(tried.errno, '', `${operation.words} was refused: ${JSON.stringify(tried)}`);
  assert.ok(happened(outcome), `${operation.words} had no effect: ${JSON.stringify(tried)}`);
}

/** A new file whose writing is refused is there, and empty: that it was made is another class. */
function gotThrough(cell: Cell, outcome: Outcome): boolean {
  const isWritten = cell.access === 'Write' && outcome.operation.words.startsWith('open-create');
  return isWritten ? outcome.after.includes('written') : happened(outcome);
}

function checkStopped(cell: Cell, outcome: Outcome): void {
  checkAnswer(cell, outcome.tried);
  const { operation, tried } = outcome;
  assert.ok(!gotThrough(cell, outcome), `stopped and yet done: ${operation.words}: ${JSON.stringify(tried)}`);
}

/** Decisions in which the class takes part: the first one, where that stops the operation. */
function violationsOf(cell: Cell, operation: FileOperation): number {
  return interferes(cell) ? 1 : operation.steps.filter((step) => step.includes(cell.access)).length;
}

function checkEvents(cell: Cell, seen: Seen, outcomes: readonly Outcome[]): void {
  const events = seen.eventsOf(cell.policy).filter(({ rule }) => rule === cell.access.toLowerCase());
  const wanted = outcomes.flatMap(({ operation, folder }) =>
    Array.from(
      { length: violationsOf(cell, operation) },
      () => `${objectIn(folder, operation)} ${verdictOf(cell)} ${cell.action}`,
    ),
  );
  const got = events.map((event) => `${event.object.path} ${event.verdict} ${event.asked}`);
  assert.deepEqual(got.sort(), wanted.sort());
  assert.equal(seen.count(cell.policy, cell.access.toLowerCase()), wanted.length);
}

for (const cell of cells) {
  const { list, action, mode, access } = cell;
  paths.case(
    `${list} ${access} ${action} ${mode}`,
    async (bed) => ({
      forbidden: await run(bed, cell, forbiddenTrials(cell), interferes(cell) && action === 'Kill'),
      free: await run(bed, cell, [...freeTrials(cell), ...otherTrials(cell)], false),
    }),
    (seen, { forbidden, free }) => {
      for (const outcome of forbidden) {
        if (interferes(cell)) checkStopped(cell, outcome);
        else checkDone(outcome);
      }
      for (const outcome of free) checkDone(outcome);
      checkEvents(cell, seen, forbidden);
    },
  );
}
