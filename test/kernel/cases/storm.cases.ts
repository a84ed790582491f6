// Storms of forbidden tries while the agent is stopped, so that nobody reads the ring buffer and it stays full: decisions and counters
// are the kernel's alone.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeStatus } from '../../../operator/src/control/agent.js';
import { waitFor, type PolicyObject } from '../harness/agent.js';
import { kernelGroup, type Bed } from '../harness/cases.js';
import { runTry, TRY } from '../harness/run-try.js';
import { policyOn } from '../harness/workloads.js';

const TIMES = 10_000;
/** More records than the ring buffer holds, each of a few hundred bytes. */
const FILLING = 30_000;
const SETTLE_LIMIT_MS = 120_000;
const FOLDER = '/tmp/rf-storm';

interface Storm {
  readonly rule: string;
  /** What is tried in the folder. */
  readonly words: (at: (name: string) => string) => readonly string[];
  readonly deny: (at: (name: string) => string) => object;
}

const paths = (path: string, access: string): object => ({ paths: { deny: [{ path, access: [access] }] } });

const EXEC: Storm = {
  rule: 'exec',
  words: (at) => ['become', at('program'), 'open-create', at('ran')],
  deny: (at) => ({ binaries: { deny: [{ path: at('program') }] } }),
};
const READ: Storm = {
  rule: 'read',
  words: (at) => ['open-read', at('read')],
  deny: (at) => paths(at('read'), 'Read'),
};
const STORMS: readonly Storm[] = [
  EXEC,
  READ,
  { rule: 'trunc', words: (at) => ['open-trunc', at('trunc')], deny: (at) => paths(at('trunc'), 'Write') },
  { rule: 'unlink', words: (at) => ['unlink', at('unlink')], deny: (at) => paths(at('unlink'), 'Delete') },
  {
    rule: 'rename',
    words: (at) => ['rename', at('rename'), at('renamed')],
    deny: (at) => paths(at('rename'), 'Rename'),
  },
  { rule: 'link', words: (at) => ['link', at('link'), at('linked')], deny: (at) => paths(at('link'), 'Link') },
];
/** All that tracepoints hold. */
const TRACED: readonly Storm[] = [EXEC, READ];
const FILES = ['fill', 'read', 'trunc', 'unlink', 'rename', 'link'];

function within(workload: string): (name: string) => string {
  return (name) => join(FOLDER, workload, name);
}

function makeFiles(workload: string): void {
  const at = within(workload);
  mkdirSync(join(FOLDER, workload), { recursive: true });
  for (const name of FILES) writeFileSync(at(name), `content of ${name}`);
  copyFileSync(TRY, at('program'));
}

function requireUntouched(workload: string): void {
  const at = within(workload);
  assert.deepEqual(readdirSync(join(FOLDER, workload)).sort(), [...FILES, 'program'].sort());
  for (const name of FILES) assert.equal(readFileSync(at(name), 'utf8'), `content of ${name}`);
  assert.equal(existsSync(at('ran')), false);
}

function policyOf(workload: string, storms: readonly Storm[], action: 'Block' | 'Kill'): PolicyObject {
  const at = within(workload);
  const rules = storms.map(({ rule, deny }) => ({ name: rule, ...deny(at), action }));
  const filling = { name: 'fill', ...paths(at('fill'), 'Read'), action: 'Audit' };
  return policyOn(workload, `${workload}-policy`, [...rules, filling]);
}

interface Sums {
  readonly tries: number;
  readonly ok: number;
  readonly errnos: Readonly<Record<string, number>>;
  readonly signals: Readonly<Record<string, number>>;
}

async function denied(folder: string, words: readonly string[], times: number): Promise<Sums> {
  const [sums] = await runTry({ cgroups: [folder], options: ['--times', String(times)] }, words);
  return sums as unknown as Sums;
}

/** The parent of the tries joins once, and its children are killed one after the other. */
async function killed(folder: string, words: readonly string[], times: number): Promise<Sums> {
  const through = ['sh', '-c', 'echo 0 >"$0/cgroup.procs" && exec "$@"', folder];
  const options = ['--times', String(times), '--each'];
  const [sums] = await runTry({ cgroups: [], through, options }, words);
  return sums as unknown as Sums;
}

function counts(status: NodeStatus, policy: string): Record<string, number> {
  const report = status.policies.find(({ metadata }) => metadata.name === policy);
  return Object.fromEntries(report?.status.rules.map(({ name, violations }) => [name, violations]) ?? []);
}

function difference(
  after: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]));
}

function lost(status: NodeStatus, before: NodeStatus, cause: string): number {
  return (status.losses[cause] ?? 0) - (before.losses[cause] ?? 0);
}

/** Everything that was not lost has come to the agent. */
async function settled(bed: Bed, before: NodeStatus, total: number): Promise<NodeStatus> {
  return await waitFor('the events that were not lost', SETTLE_LIMIT_MS, async () => {
    // An agent with thousands of events before it answers late.
    const status = await bed.agent.status().catch(() => undefined);
    if (status === undefined) return undefined;
    const seen = (status.events['violations'] ?? 0) - (before.events['violations'] ?? 0);
    return seen + lost(status, before, 'RING_FULL') >= total ? status : undefined;
  });
}

/** What each storm came to, with the agent stopped and the ring buffer full. */
async function rage(
  bed: Bed,
  workload: string,
  storms: readonly Storm[],
  action: 'Block' | 'Kill',
): Promise<Record<string, Sums>> {
  const folder = bed.cgroups.folder(workload);
  const results: Record<string, Sums> = {};
  process.kill(bed.agent.pid, 'SIGSTOP');
  try {
    await runTry({ cgroups: [folder], options: ['--times', String(FILLING)] }, ['open', within(workload)('fill')]);
    for (const one of storms) {
      const began = performance.now();
      const run = action === 'Kill' ? killed : denied;
      results[one.rule] = await run(folder, one.words(within(workload)), TIMES);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      process.stdout.write(`storm of ${action} ${one.rule}: ${String(TIMES)} tries in ${seconds} s\n`);
    }
  } finally {
    process.kill(bed.agent.pid, 'SIGCONT');
  }
  return results;
}

async function storm(bed: Bed, workload: string, storms: readonly Storm[], action: 'Block' | 'Kill'): Promise<void> {
  const before = await bed.agent.status();
  const results = await rage(bed, workload, storms, action);
  const tried = storms.length * TIMES;
  const after = await settled(bed, before, FILLING + tried);
  for (const one of storms) {
    const wanted =
      action === 'Kill' ? { errnos: {}, signals: { 9: TIMES } } : { errnos: { EPERM: TIMES }, signals: {} };
    const { tries, ok, errnos, signals } = results[one.rule] ?? {};
    assert.deepEqual(
      { rule: one.rule, tries, ok, errnos, signals },
      { rule: one.rule, tries: TIMES, ok: 0, ...wanted },
    );
  }
  requireUntouched(workload);
  const policy = `${workload}-policy`;
  assert.deepEqual(difference(counts(after, policy), counts(before, policy)), {
    ...Object.fromEntries(storms.map((one) => [one.rule, TIMES])),
    fill: FILLING,
  });
  requireNothingUnsaid(before, after, tried);
}

/** Each violation was reported or counted as lost; all of the storms were lost, since the ring buffer was full. */
function requireNothingUnsaid(before: NodeStatus, after: NodeStatus, tried: number): void {
  const full = lost(after, before, 'RING_FULL');
  const seen = (after.events['violations'] ?? 0) - (before.events['violations'] ?? 0);
  process.stdout.write(`storm: ${String(seen)} events, ${String(full)} lost\n`);
  assert.ok(full >= tried, `${String(full)} records lost`);
  assert.ok(seen + full >= FILLING + tried, `${String(seen)} events and ${String(full)} lost`);
}

const lsm = kernelGroup('storm', {
  workloads: ['storm-block', 'storm-kill'],
  prepare: () => {
    for (const workload of ['storm-block', 'storm-kill']) makeFiles(workload);
  },
  policies: [policyOf('storm-block', STORMS, 'Block'), policyOf('storm-kill', STORMS, 'Kill')],
});

lsm.caseAlone('10,000 tries of each operation are denied and counted exactly while the ring buffer is full', (bed) =>
  storm(bed, 'storm-block', STORMS, 'Block'),
);

lsm.caseAlone('10,000 tries of each operation are killed and counted exactly while the ring buffer is full', (bed) =>
  storm(bed, 'storm-kill', STORMS, 'Kill'),
);

/** Each half as many processes: with one processor all decisions that a kernel preempts are under way on it at once. */
const CROWD = 16;
const CROWD_TIMES = 300;

async function crowd(bed: Bed, workload: string): Promise<void> {
  const cgroups = [bed.cgroups.folder(workload)];
  const options = { cgroups, options: ['--times', String(CROWD_TIMES)] };
  const before = await bed.agent.status();
  const numbers = Array.from({ length: CROWD }, (_, index) => index);
  const forbidden = numbers.map(() => runTry(options, ['open-read', within(workload)('read')]));
  const allowed = numbers.map((number) => {
    const [one, other] = [join(FOLDER, `one-${number}`), join(FOLDER, `other-${number}`)];
    writeFileSync(one, '');
    return runTry(options, ['rename', one, other], ['rename', other, one]);
  });
  const bad = (await Promise.all(forbidden)).map(([sums]) => sums as unknown as Sums);
  const good = (await Promise.all(allowed)).map((lines) => lines.at(-1) as unknown as Sums);
  const tries = CROWD_TIMES;
  for (const { ok, errnos } of bad) assert.deepEqual({ ok, errnos }, { ok: 0, errnos: { EPERM: tries } });
  for (const { ok, errnos } of good) assert.deepEqual({ ok, errnos }, { ok: tries, errnos: {} });
  const policy = `${workload}-policy`;
  const counted = difference(counts(await bed.agent.status(), policy), counts(before, policy));
  assert.equal(counted['read'], CROWD * tries);
}

lsm.caseAlone(
  'many processes at once: what is forbidden is denied and counted each time, what is allowed never fails',
  (bed) => crowd(bed, 'storm-block'),
);

const tracepoint = kernelGroup('storm', {
  backend: 'tracepoint',
  workloads: ['storm-trace'],
  prepare: () => {
    makeFiles('storm-trace');
  },
  policies: [policyOf('storm-trace', TRACED, 'Kill')],
});

tracepoint.caseAlone(
  '10,000 tries of exec and open are killed and counted exactly while the ring buffer is full',
  (bed) => storm(bed, 'storm-trace', TRACED, 'Kill'),
);
