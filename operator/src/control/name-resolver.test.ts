import { mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { patternOf } from '../policy/pattern.js';
import type { PolicyIR, RuleIR } from '../compile/ir.js';
import { openPaths } from '../kernel/index.js';
import { NameResolver } from './name-resolver.js';
import type { Outcome } from './reconcile.js';

let folder: string;
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringfence-resolver-'));
  for (const name of ['exact', 'globbed', 'allowed']) writeFileSync(at(name), '');
  symlinkSync('exact', at('link'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function rule(list: RuleIR['list'], ...paths: string[]): RuleIR {
  const items = paths.map((path) => ({ hooks: ['file-read' as const], path: patternOf(path) }));
  return { list, items } as unknown as RuleIR;
}

function outcome(generation: number, ...rules: RuleIR[]): Outcome {
  const scope = { scope: 'Host', cgroups: [patternOf('/unit', 'cgroup')] };
  const policy = { uid: 'u', generation, scope, rules } as unknown as PolicyIR;
  const cgroup = { id: 7n, path: '/unit' };
  const owners = new Map([[7n, { cgroup, identity: { kind: 'Host' as const, cgroup: '/unit' }, owner: 7n }]]);
  return {
    inForce: new Map([['u', policy]]),
    failed: new Map(),
    selected: new Map(),
    selectedPods: new Map(),
    owners,
    pages: new Map([[7n, [{ id: `page ${generation}`, policies: ['u'] }]]]),
    ops: 1,
    sweep: false,
  };
}

/** Names behind the descriptors that the kernel was shown. */
function resolver(): { seen: string[]; resolve: (outcome: Outcome) => Promise<void> } {
  const seen: string[] = [];
  const made = new NameResolver(
    { openPaths, resolveName: (workload, fd) => void seen.push(`${workload} ${readlinkSync(`/proc/self/fd/${fd}`)}`) },
    at('no-cgroups'),
    (message) => seen.push(message),
  );
  /** A busy machine may leave names to later turns. */
  const resolve = async (each: Outcome): Promise<void> => {
    made.resolve(each);
    await vi.waitFor(() => expect(made.isIdle).toBe(true));
  };
  return { seen, resolve };
}

describe('names that hold by inode', () => {
  it('shows the kernel what exact deny patterns name, and nothing else', async () => {
    const { seen, resolve } = resolver();
    await resolve(
      outcome(1, rule('deny', at('exact'), at('glob*'), at('absent'), `${folder}/**`), rule('allow', at('allowed'))),
    );
    expect(seen).toEqual([`7 ${at('exact')}`]);
  });

  it('opens a link itself, not what it leads to', async () => {
    const { seen, resolve } = resolver();
    await resolve(outcome(1, rule('deny', at('link'))));
    expect(seen).toEqual([`7 ${at('link')}`]);
  });

  it('resolves once for each page', async () => {
    const { seen, resolve } = resolver();
    for (const generation of [1, 1, 2]) await resolve(outcome(generation, rule('deny', at('exact'))));
    expect(seen).toHaveLength(2);
  });

  it('leaves alone what stands on a page that a workload had before', async () => {
    const { seen, resolve } = resolver();
    const first = outcome(1, rule('deny', at('exact')));
    await resolve(first);
    const other = { ...first.inForce.get('u'), uid: 'v', rules: [rule('deny', at('link'))] } as PolicyIR;
    const pages = [...(first.pages.get(7n) ?? []), { id: 'page of v', policies: ['v'] }];
    await resolve({ ...first, inForce: new Map([...first.inForce, ['v', other]]), pages: new Map([[7n, pages]]) });
    expect(seen).toEqual([`7 ${at('exact')}`, `7 ${at('link')}`]);
  });
});
