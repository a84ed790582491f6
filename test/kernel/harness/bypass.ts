// Ways round a policy, one after the other: each has a folder and a workload of its own, a policy that must hold, operations with
// what must come of them, and what must be left as it was.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bed, type Group, kernelGroup, type Seen } from './cases.js';
import { runTry, TRY, type Tried, type TryOptions } from './run-try.js';
import { policyOn, type SpecPatch, type TestCgroups } from './workloads.js';

const TOP = '/tmp/rf-bypass';
export const SECRET = 'secret of the guarded file\n';
export const PLAIN = 'plain\n';

/**
 * ok: done; denied: EPERM and the process lives; killed: the process; program-killed: the program it started;
 * refused: denied or dead, whichever way the kernel has; any: only prepares.
 */
type Outcome = 'ok' | 'denied' | 'killed' | 'program-killed' | 'refused' | 'any';
export type Step = readonly [Outcome, ...string[]];

export interface Bypass {
  readonly rules: readonly object[];
  readonly patch?: SpecPatch;
  /** Once the folder with `secret`, `plain` and the program `forbidden` is there. */
  readonly prepare?: () => void;
  /** One process each: its operations one after the other. */
  readonly processes: readonly (readonly Step[])[];
  readonly options?: (bed: Bed) => Partial<TryOptions>;
  /** Violations of all rules together; by default the operations that must not succeed. */
  /** 'all': `more` looks at it. */
  readonly violations?: number | 'all';
  /** Objects that events must name. */
  readonly names?: readonly string[];
  readonly absent?: readonly string[];
  /** Files besides `secret` that must hold what they held. */
  readonly intact?: Readonly<Record<string, string>>;
  readonly more?: (seen: Seen, tried: readonly (readonly Tried[])[], violations: number) => void;
}

export type At = (name: string) => string;

function isDenied({ errno, signal }: Tried): boolean {
  return errno === 'EPERM' && signal === undefined;
}

const HOLDS: Readonly<Record<Outcome, (tried: Tried) => boolean>> = {
  any: () => true,
  ok: ({ errno, signal, program_signal }) => errno === '' && signal === undefined && program_signal === undefined,
  denied: isDenied,
  killed: ({ signal }) => signal === 9,
  'program-killed': ({ program_signal }) => program_signal === 9,
  refused: ({ errno, program_signal, status }) => errno !== '' || program_signal !== undefined || status === 126,
};

function holds(outcome: Outcome, tried: Tried | undefined): boolean {
  return tried !== undefined && HOLDS[outcome](tried);
}

function checkSteps(steps: readonly Step[], tried: readonly Tried[]): void {
  for (const [index, [outcome, ...words]] of steps.entries()) {
    assert.ok(holds(outcome, tried[index]), `${words.join(' ')}: wanted ${outcome}, got ${JSON.stringify(tried)}`);
    if (outcome !== 'ok')
      assert.ok(!tried[index]?.data?.includes(SECRET.slice(0, 10)), `${words.join(' ')} read the secret`);
  }
}

function checkReported(id: string, bypass: Bypass, seen: Seen): number {
  const bad = bypass.processes.flat().filter(([outcome]) => !['ok', 'any'].includes(outcome));
  const total = seen.policy(id).status.rules.reduce((sum, rule) => sum + rule.violations, 0);
  const events = seen.eventsOf(id).map(({ object, verdict }) => ({ ...object, verdict }));
  const { violations = bad.length } = bypass;
  if (violations !== 'all') assert.equal(total, violations, `violations; events ${JSON.stringify(events)}`);
  for (const name of bypass.names ?? []) {
    assert.ok(
      events.some(({ path, target }) => path === name || target === name),
      `no event names ${name}: ${JSON.stringify(events)}`,
    );
  }
  return total;
}

function checkLeft(at: At, bypass: Bypass): void {
  assert.equal(readFileSync(at('secret'), 'utf8'), SECRET);
  for (const name of bypass.absent ?? []) assert.ok(!existsSync(at(name)), `${name} is there`);
  for (const [name, content] of Object.entries(bypass.intact ?? {}))
    assert.equal(readFileSync(at(name), 'utf8'), content, name);
}

async function act(id: string, bypass: Bypass, bed: Bed): Promise<Tried[][]> {
  const tried: Tried[][] = [];
  for (const steps of bypass.processes) {
    const options = { cgroups: [bed.cgroups.folder(id)], ...bypass.options?.(bed) };
    tried.push(await runTry(options, ...steps.map(([, ...words]) => words)));
  }
  return tried;
}

function fill(at: At): void {
  mkdirSync(at('.'), { recursive: true });
  writeFileSync(at('secret'), SECRET);
  writeFileSync(at('plain'), PLAIN);
  copyFileSync(TRY, at('forbidden'));
}

export type Ways = Readonly<Record<string, (at: At, cgroups: TestCgroups, id: string) => Bypass>>;

/** A group of ways round; `ways` maps each id (workload, policy and folder are called so) to what it is. */
export function bypassGroup(
  name: string,
  ways: Ways,
  around: { readonly before?: () => Promise<void>; readonly after?: () => Promise<void> } = {},
): Group {
  const made = new Map<string, Bypass>();
  const atOf =
    (id: string): At =>
    (file) =>
      join(TOP, id, file);
  const group = kernelGroup(name, {
    prepare: () => around.before?.(),
    workloads: Object.keys(ways),
    policies: (cgroups) =>
      Object.entries(ways).map(([id, way]) => {
        const bypass = way(atOf(id), cgroups, id);
        made.set(id, bypass);
        fill(atOf(id));
        bypass.prepare?.();
        return policyOn(id, id, bypass.rules, bypass.patch);
      }),
    cleanup: async () => {
      await around.after?.();
      // deeper than any path that a call can take
      spawnSync('rm', ['-rf', TOP]);
    },
  });
  const madeOf = (id: string): Bypass => made.get(id) as Bypass;
  for (const id of Object.keys(ways)) {
    group.case(
      id,
      (bed) => act(id, madeOf(id), bed),
      (seen, tried) => {
        for (const [index, steps] of madeOf(id).processes.entries()) checkSteps(steps, tried[index] ?? []);
        const violations = checkReported(id, madeOf(id), seen);
        checkLeft(atOf(id), madeOf(id));
        madeOf(id).more?.(seen, tried, violations);
      },
    );
  }
  return group;
}

export type Access = 'Read' | 'Write' | 'Execute' | 'Create' | 'Delete' | 'Rename' | 'Link' | 'Attributes';

/** A rule that denies these accesses to the pattern; all when none is named. */
export function denyPath(path: string, ...access: readonly Access[]): object {
  return { name: 'guard', action: 'Block', paths: { deny: [access.length === 0 ? { path } : { path, access }] } };
}

export function denyProgram(item: object, action = 'Block'): object {
  return { name: 'program', action, binaries: { deny: [item] } };
}
