// An agent that is killed, at any moment and again and again: enforcement stands, the next one takes over, nothing piles up.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor, type PolicyObject } from '../harness/agent.js';
import { type Backend, type Bed, kernelGroup } from '../harness/cases.js';
import { allIds, keptBy, type Kept } from '../harness/leaks.js';
import { runTry, TRY } from '../harness/run-try.js';
import { policyOn } from '../harness/workloads.js';

const FOLDER = '/tmp/rf-crash';
const at = (name: string): string => join(FOLDER, name);
const VERSIONS = 4;
/** Longer than the agent waits before it takes away what was replaced. */
const SWEPT_MS = 2500;
const SETTLE_LIMIT_MS = 20_000;

interface Pace {
  readonly restarts: number;
  /** An update is over after this long; the kill comes at any time before. */
  readonly updateMs: number;
  /** So is a start. */
  readonly startMs: number;
  /** How often a starting agent is killed too. */
  readonly startKills: number;
}

/** The guests are emulated: a start takes many seconds there. */
const PACES: Readonly<Record<Backend, Pace>> = {
  lsm: { restarts: 10, updateMs: 800, startMs: 6000, startKills: 1 },
  tracepoint: { restarts: 100, updateMs: 150, startMs: 800, startKills: 20 },
};

function prepare(): void {
  mkdirSync(FOLDER, { recursive: true });
  for (const name of ['forbidden-file', 'allowed-file']) writeFileSync(at(name), name);
  copyFileSync(TRY, at('forbidden-program'));
}

function version(workload: string, number: number): PolicyObject {
  const extra = Array.from({ length: number % VERSIONS }, (_, index) => ({
    path: at(`extra-${index}/**`),
    access: ['Read'],
  }));
  const file = { name: 'file', paths: { deny: [{ path: at('forbidden-file'), access: ['Read'] }, ...extra] } };
  const program = { name: 'program', binaries: { deny: [{ path: at('forbidden-program') }] } };
  return policyOn(workload, `${workload}-policy`, number % 2 === 0 ? [file, program] : [program, file]);
}

/** Kill rules, so that both backends hold them. */
async function requireEnforced(bed: Bed, workload: string): Promise<void> {
  const cgroups = [bed.cgroups.folder(workload)];
  const [allowed] = await runTry({ cgroups }, ['open-read', at('allowed-file')]);
  assert.equal(allowed?.errno, '');
  const [file] = await runTry({ cgroups }, ['open-read', at('forbidden-file')]);
  assert.equal(file?.signal, 9);
  const [program] = await runTry({ cgroups }, ['become', at('forbidden-program'), 'stat', '/']);
  assert.equal(program?.signal, 9);
}

/** The kernel as it is when the agent has come to rest with this version. */
async function restedOn(bed: Bed, workload: string, backend: Backend): Promise<Kept> {
  for (let number = VERSIONS; number >= 0; number--) {
    bed.agent.put(version(workload, number));
    await sleep(PACES[backend].updateMs);
  }
  await waitFor('the last version to be in force', SETTLE_LIMIT_MS, async () => {
    const report = await bed.agent.policy(`${workload}-policy`);
    const ready = report?.status.conditions.find(({ type }) => type === 'Ready');
    return ready?.status === 'True' && report?.status.rules[0]?.name === 'file' ? true : undefined;
  });
  await sleep(SWEPT_MS);
  // What operations leave in the maps is there before, too.
  await requireEnforced(bed, workload);
  return keptBy(bed.agent.runFolder, backend);
}

async function restarts(bed: Bed, workload: string, backend: Backend): Promise<void> {
  const { restarts: wanted, updateMs, startMs, startKills } = PACES[backend];
  const before = await restedOn(bed, workload, backend);
  const idsBefore = allIds();
  const every = Math.floor(wanted / startKills);
  for (let number = 1; number <= wanted; number++) {
    bed.agent.put(version(workload, number));
    await sleep(Math.random() * updateMs);
    await bed.agent.kill9();
    await requireEnforced(bed, workload);
    bed.agent.spawn();
    if (number % every === 0) {
      await sleep(Math.random() * startMs);
      await bed.agent.kill9();
      await requireEnforced(bed, workload);
      bed.agent.spawn();
    }
    await bed.agent.waitReady();
  }
  await requireEnforced(bed, workload);
  const starts = bed.agent.log.split('\n').filter((line) => line.includes('"engine ready"'));
  assert.ok(
    starts.slice(1).every((line) => line.includes('"adopted":true')),
    starts.join('\n'),
  );
  const after = await restedOn(bed, workload, backend);
  // entries that were only remembered may have gone meanwhile: less memory is no leak
  assert.ok(after.memoryBytes <= before.memoryBytes, `${after.memoryBytes} bytes, ${before.memoryBytes} before`);
  assert.deepEqual({ ...after, memoryBytes: before.memoryBytes }, before);
  assert.deepEqual(
    readdirSync(bed.agent.stateFolder, { recursive: true }).filter((name) => String(name).endsWith('.tmp')),
    [],
  );
  // Other tools of a shared machine come and go.
  if (backend === 'lsm') assert.deepEqual(allIds(), idsBefore);
}

for (const backend of ['lsm', 'tracepoint'] as const) {
  const workload = `crash-${backend}`;
  const group = kernelGroup('crash', {
    backend,
    workloads: [workload],
    prepare,
    policies: [version(workload, 0)],
  });
  group.caseAlone(
    `${String(PACES[backend].restarts)} agents killed in updates and starts leave enforcement on and nothing behind`,
    (bed) => restarts(bed, workload, backend),
  );
}
