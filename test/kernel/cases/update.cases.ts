// Updates while operations go on: what every version forbids is never let through, what every version allows is never refused, however
// the versions differ in everything else, and wherever an agent that makes them is killed.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { PolicyObject } from '../harness/agent.js';
import { type Backend, type Bed, kernelGroup } from '../harness/cases.js';
import { Driver, Killed, objectsOf, type WantedPolicies, wantedOf } from '../harness/driver.js';
import { runTry, TRY } from '../harness/run-try.js';
import { policyOn } from '../harness/workloads.js';

const UPDATES = 1000;
/** What was replaced is taken away this often, after the time that an agent waits. */
const SWEEP_EVERY = 250;
const SWEEP_AFTER_MS = 1000;
const TRIES = 200;
/** There is one processor in a guest; the updates have their turn first. */
const MODEST = ['nice', '-n', '10'];
const FOLDER = '/tmp/rf-update';
const at = (name: string): string => join(FOLDER, name);

const DENY_FILE = { path: at('forbidden-file'), access: ['Read'] };
const DENY_PROGRAM = { path: at('forbidden-program') };

function prepare(): void {
  mkdirSync(FOLDER, { recursive: true });
  for (const name of ['forbidden-file', 'allowed-file']) writeFileSync(at(name), name);
  for (const name of ['forbidden-program', 'allowed-program']) copyFileSync(TRY, at(name));
}

/** Forbids the same in another form: other policies, layers, rules, and more or fewer patterns beside. */
function version(workload: string, number: number, action: 'Block' | 'Kill'): readonly PolicyObject[] {
  const extra = Array.from({ length: number % 7 }, (_, index) => ({
    path: at(`extra-${number}-${index}/**`),
    access: ['Read'],
  }));
  const glob = { path: at(`*-${number}/*.key`), access: ['Read'] };
  const file = { name: `file-${number % 3}`, paths: { deny: [DENY_FILE, ...extra, glob] }, action };
  const program = { name: 'program', binaries: { deny: [DENY_PROGRAM] }, action };
  const everything = { name: 'everything', paths: { allow: [{ path: '/**', access: ['Read'] }] }, action };
  const cluster = (name: string, rules: readonly object[]): PolicyObject => {
    const selector = { namespaceSelector: {}, podSelector: { matchLabels: { case: workload } } };
    return {
      apiVersion: 'ringfence.io/v1alpha1',
      kind: 'ClusterRuntimePolicy',
      metadata: { name },
      spec: { mode: 'Enforce', scope: 'Pods', selector, rules },
    };
  };
  switch (number % 4) {
    case 0:
      return [policyOn(workload, `${workload}-a`, [file, program])];
    case 1:
      return [policyOn(workload, `${workload}-b`, [file]), cluster(`${workload}-c`, [program])];
    case 2:
      return [cluster(`${workload}-d`, [program, everything, file])];
    default:
      return [policyOn(workload, `${workload}-a`, [program]), policyOn(workload, `${workload}-e`, [everything, file])];
  }
}

interface Sums {
  readonly tries: number;
  readonly ok: number;
  readonly errnos: Readonly<Record<string, number>>;
  readonly signals: Readonly<Record<string, number>>;
}

const ALLOWED = [
  ['open-read', at('allowed-file')],
  ['exec', at('allowed-program'), 'stat', '/'],
];

/** The program that is allowed writes a line of its own each time. */
function sumsOf(lines: readonly unknown[]): Sums {
  return lines.at(-1) as Sums;
}

/** Each round: what is allowed, a forbidden program, a forbidden file. Where all is well only the forbidden two fail. */
async function blockedRound(folder: string, times: number): Promise<void> {
  const words = [...ALLOWED, ['become', at('forbidden-program'), 'stat', '/'], ['open-read', at('forbidden-file')]];
  const { tries, ok, errnos, signals } = sumsOf(
    await runTry({ cgroups: [folder], through: MODEST, options: ['--times', String(times)] }, ...words),
  );
  assert.deepEqual({ tries, ok, errnos, signals }, { tries: times, ok: 0, errnos: { EPERM: 2 * times }, signals: {} });
}

async function killedRound(folder: string, times: number): Promise<void> {
  const through = [...MODEST, 'sh', '-c', 'echo 0 >"$0/cgroup.procs" && exec "$@"', folder];
  for (const forbidden of [
    ['become', at('forbidden-program'), 'stat', '/'],
    ['open-read', at('forbidden-file')],
  ]) {
    const options = ['--times', String(times), '--each'];
    const tried = await runTry({ cgroups: [], through, options }, ...ALLOWED, forbidden);
    const { tries, ok, errnos, signals } = sumsOf(tried);
    assert.deepEqual({ tries, ok, errnos, signals }, { tries: times, ok: 0, errnos: {}, signals: { 9: times } });
  }
}

class Case {
  readonly #folder: string;
  readonly #round: (folder: string, times: number) => Promise<void>;

  constructor(
    readonly bed: Bed,
    readonly workload: string,
    readonly backend: Backend,
  ) {
    this.#folder = bed.cgroups.folder(workload);
    this.#round = backend === 'lsm' ? blockedRound : killedRound;
  }

  round(times: number): Promise<void> {
    return this.#round(this.#folder, times);
  }

  /** With everything else that the agent of the run holds. */
  wanted(number: number): WantedPolicies {
    const own = `${this.workload}-`;
    const others = objectsOf(this.bed.agent.policyFolder).filter(
      ({ metadata }) => metadata?.name.startsWith(own) !== true,
    );
    return wantedOf([...others, ...version(this.workload, number, this.backend === 'lsm' ? 'Block' : 'Kill')]);
  }

  open(lastChange?: number): Promise<Driver> {
    return Driver.open(this.bed.agent, this.backend, lastChange);
  }

  /** Rounds of operations until `work` is over; how many. */
  async during(work: () => Promise<void>): Promise<number> {
    const over = new AbortController();
    let rounds = 0;
    const working = work().finally(() => {
      over.abort();
    });
    while (!over.signal.aborted) {
      await this.round(TRIES);
      rounds += 1;
    }
    await working;
    return rounds * TRIES;
  }
}

async function updates(one: Case): Promise<void> {
  const driver = await one.open();
  const wanted = Array.from({ length: 28 }, (_, number) => one.wanted(number));
  try {
    const began = performance.now();
    const rounds = await one.during(async () => {
      for (let number = 0; number < UPDATES; number++) {
        driver.apply(wanted[number % wanted.length] as WantedPolicies);
        // Operations in between, and the results of those that have ended.
        await (number % SWEEP_EVERY === 0 ? sleep(SWEEP_AFTER_MS) : setImmediate());
        if (number % SWEEP_EVERY === 0) driver.sweep();
      }
    });
    const seconds = (performance.now() - began) / 1000;
    process.stdout.write(
      `${String(UPDATES)} updates in ${seconds.toFixed(1)} s, ${String(rounds)} rounds of operations\n`,
    );
    assert.ok(rounds > 0);
  } finally {
    driver.close();
  }
}

/** Kills a driver after each change of an update and of the sweep that follows. Whoever comes next makes it whole. */
async function killedAnywhere(one: Case, [from, to]: readonly [number, number]): Promise<number> {
  const [before, after] = [one.wanted(from), one.wanted(to)];
  const whole = async (wanted: WantedPolicies): Promise<Record<string, number>> => {
    const driver = await one.open();
    driver.apply(wanted);
    await sleep(SWEEP_AFTER_MS / 10);
    driver.sweep();
    const entries = driver.entries();
    driver.close();
    return entries;
  };
  const wantedEntries = await whole(after);
  for (let changes = 0; ; changes++) {
    await whole(before);
    const driver = await one.open(changes);
    let died = true;
    try {
      driver.apply(after);
      await sleep(SWEEP_AFTER_MS / 10);
      driver.sweep();
      died = false;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    } finally {
      driver.close();
    }
    await one.round(2);
    assert.deepEqual({ changes, ...(await whole(after)) }, { changes, ...wantedEntries });
    await one.round(2);
    if (!died) return changes;
  }
}

/** Between them: a policy less and two more, another layer, rules that are gone. The emulated guests do the first. */
const CHANGES = [
  [1, 2],
  [0, 1],
  [3, 0],
] as const;

async function killedAtEachChange(one: Case): Promise<void> {
  let stages = 0;
  for (const pair of one.backend === 'lsm' ? CHANGES.slice(0, 1) : CHANGES) stages += await killedAnywhere(one, pair);
  process.stdout.write(`killed at each of ${String(stages)} changes\n`);
}

/** The agent gives way to a driver, and comes back. */
async function without(bed: Bed, body: () => Promise<void>): Promise<void> {
  await bed.agent.stop();
  try {
    await body();
  } finally {
    await bed.agent.restart();
  }
}

for (const backend of ['lsm', 'tracepoint'] as const) {
  const workload = `update-${backend}`;
  const group = kernelGroup('updates', {
    backend,
    workloads: [workload],
    prepare,
    policies: version(workload, 0, backend === 'lsm' ? 'Block' : 'Kill'),
  });
  group.caseAlone('1,000 updates let nothing forbidden through and refuse nothing allowed', (bed) =>
    without(bed, () => updates(new Case(bed, workload, backend))),
  );
  group.caseAlone('an agent killed after any change of an update leaves enforcement on and nothing behind', (bed) =>
    without(bed, () => killedAtEachChange(new Case(bed, workload, backend))),
  );
}
