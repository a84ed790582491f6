// Every operation that examples/ lists, done for real under the policy of its example: what came of it, what it left behind, the event and
// the counters. Each example has a root, a namespace and cgroups of its own; their policies are applied together.
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describedOperations } from '../../../operator/src/compile/describe.js';
import { evaluateAll } from '../../../operator/src/compile/evaluate.js';
import type { OperationIR } from '../../../operator/src/compile/ir.js';
import { readExamples, type Example, type ExpectedAction } from '../../support/examples.js';
import type { PolicyObject } from '../harness/agent.js';
import { kernelGroup, type Bed, type Seen } from '../harness/cases.js';
import { ExampleRoot } from '../harness/example-root.js';
import { expectAllowed, expectDenied } from '../harness/expect.js';
import { Holder } from '../harness/holder.js';
import { wasKilled } from '../harness/matrix.js';
import { hasHappened, resultOf, wordsOf } from '../harness/real-action.js';
import { runTry, type Tried } from '../harness/run-try.js';
import type { NamedIdentity, TestCgroups } from '../harness/workloads.js';

const FOLDER = '/tmp/rf-examples';
const UNIT = 'rf-test-held.service';

const examples = readExamples();
const roots = new Map<string, ExampleRoot>();
/** The first process in a cgroup is the main one of its workload: these keep that place from the processes that act. */
const mains: Holder[] = [];
let inProtectedUnit: Holder;

const namespaceOf = ({ name }: Example): string => `example-${name}`;
/** A cgroup for the actions of a main process, which must be the first in it, and one for all others. */
const workloadOf = (example: Example, { mainProcess }: ExpectedAction): string =>
  mainProcess === true ? `${namespaceOf(example)}-main` : namespaceOf(example);

function workloadsOf(example: Example): NamedIdentity[] {
  const { cgroup, ...identity } = example.workload;
  if (cgroup !== undefined) return [];
  const names = new Set(example.actions.map((action) => workloadOf(example, action)));
  return [...names].map((name) => ({ ...identity, name, namespace: namespaceOf(example) }));
}

/** In a namespace of its own, or the policies of one example would be about the pods of another. */
function policiesOf(example: Example): PolicyObject[] {
  return example.objects.map(({ metadata, ...object }) => ({
    ...object,
    metadata: metadata.namespace === undefined ? metadata : { ...metadata, namespace: namespaceOf(example) },
  }));
}

const group = kernelGroup('examples', {
  workloads: examples.flatMap(workloadsOf),
  policies: examples.flatMap(policiesOf),
  flags: () => ['--protected-units', UNIT],
  prepare: async ({ cgroups }) => {
    for (const example of examples) {
      roots.set(example.name, await ExampleRoot.make(join(FOLDER, example.name), example.actions));
      if (example.workload.cgroup === undefined) mains.push(await Holder.start(cgroups.folder(namespaceOf(example))));
    }
    inProtectedUnit = await Holder.start(cgroups.unit(UNIT));
  },
  cleanup: async () => {
    for (const holder of [...mains, inProtectedUnit]) await holder.end();
    for (const { container } of roots.values()) await container.end();
    rmSync(FOLDER, { recursive: true, force: true });
  },
});

function cgroupOf(cgroups: TestCgroups, example: Example, action: ExpectedAction): string {
  const unit = example.workload.cgroup?.replace('/system.slice/', '');
  return unit === undefined ? cgroups.folder(workloadOf(example, action)) : cgroups.unit(unit);
}

function rootOf({ name }: Example): ExampleRoot {
  const root = roots.get(name);
  if (root === undefined) throw new Error(`no root of ${name}`);
  return root;
}

/** By a child of the process that was in the protected unit before the agent came. */
async function runProtected(root: ExampleRoot, words: readonly (readonly string[])[]): Promise<Tried[]> {
  const output = join(FOLDER, 'protected');
  const steps = words.flatMap((step, index) => (index === 0 ? step : ['--', ...step]));
  const argv = [...root.container.through, '/bin/try', ...steps].map((word) => `'${word}'`);
  await inProtectedUnit.evaluate(`${argv.join(' ')} >${output}`);
  const lines = readFileSync(output, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Tried);
}

interface Acted {
  readonly tried: readonly Tried[];
  readonly happened: boolean;
}

async function act(bed: Bed, example: Example, action: ExpectedAction): Promise<Acted> {
  const root = rootOf(example);
  root.ready(action);
  const words = wordsOf(action);
  const { container } = root;
  const cgroups = [container.cgroup(cgroupOf(bed.cgroups, example, action))];
  const options = { cgroups, through: container.through, program: '/bin/try' };
  const tried = action.protected === true ? await runProtected(root, words) : await runTry(options, ...words);
  return { tried, happened: hasHappened(action, root, tried) };
}

function checkAct(action: ExpectedAction, { tried, happened }: Acted): void {
  const result = resultOf(action, tried);
  const said = JSON.stringify(tried);
  assert.equal(happened, ['Allow', 'Audit'].includes(action.expect), `whether it happened: ${said}`);
  if (action.expect === 'Kill') assert.ok(result !== undefined && wasKilled(result), `not killed: ${said}`);
  else if (action.expect === 'Block') expectDenied(result);
  // a process that became another program has nothing more to say
  else if (result !== undefined) expectAllowed(result);
}

const counted = (example: Example, operations: readonly OperationIR[]): string[] =>
  evaluateAll(example.policies, operations).hits.map(({ policyUid, rule }) => `${policyUid}/${rule}`);

/** The object that a report is about: the first by which the primary rule is violated. */
function objectOf(example: Example, action: ExpectedAction): string {
  const [id = ''] = counted(example, describedOperations(action));
  const operation = describedOperations(action).find((one) => counted(example, [one]).includes(id));
  return operation?.object.path ?? `(${action.origin ?? 'no name'})`;
}

function checkReports(seen: Seen, example: Example): void {
  const names = example.policies.map(({ name }) => name);
  const violations = example.actions.filter(({ rule }) => rule !== undefined);
  const wanted = violations.map((action) => `${action.rule ?? ''} ${action.expect} ${objectOf(example, action)}`);
  const got = seen.events
    .filter(({ policy }) => names.includes(policy.name))
    .map(
      ({ rule, verdict, object }) =>
        `${rule} ${verdict} ${object.origin === 'Anonymous' ? '(Anonymous)' : object.path}`,
    );
  assert.deepEqual(got.sort(), wanted.sort());
  const hits = example.actions.flatMap((action) => counted(example, describedOperations(action)));
  for (const { name, rules } of example.policies) {
    for (const rule of rules) {
      const id = `${name}/${rule.name}`;
      assert.equal(seen.count(name, rule.name), hits.filter((hit) => hit === id).length, `counter of ${id}`);
    }
  }
}

function titleOf({ verb, path, origin, program, programOrigin, ...rest }: ExpectedAction): string {
  const who = [
    program ?? '',
    programOrigin ?? '',
    rest.mainProcess === true ? 'main process' : '',
    rest.protected === true ? 'protected' : '',
  ];
  const by = who.filter((word) => word !== '').join(' ');
  const object = [path ?? '', origin ?? ''].filter((word) => word !== '').join(' ');
  return `${verb} ${object}${by === '' ? '' : ` by ${by}`}: ${rest.expect}`;
}

for (const example of examples) {
  for (const action of example.actions) {
    group.case(
      `${example.name}: ${titleOf(action)}`,
      (bed) => act(bed, example, action),
      (_, acted) => checkAct(action, acted),
    );
  }
  group.case(
    `${example.name}: events and counters`,
    () => Promise.resolve(),
    (seen) => checkReports(seen, example),
  );
}
