import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RfWorkloadFlag } from '../abi/abi.gen.js';
import type { PolicyIR, ScopeIR } from '../compile/ir.js';
import { selectorWeight } from '../encode/cgroups.js';
import { patternOf } from '../policy/pattern.js';
import type { Workload } from '../policy/types.js';
import type { Cgroup } from '../workload/cgroups.js';
import { nameWorkloads } from '../workload/identify.js';
import { planNode } from './plan.js';
import type { Plan } from './plan.js';

const { WORKLOAD_HOST: HOST, WORKLOAD_PROTECTED: PROTECTED } = RfWorkloadFlag;

function policy(name: string, scope: ScopeIR): PolicyIR {
  return {
    uid: name,
    kind: scope.scope === 'Host' ? 'ClusterRuntimePolicy' : 'RuntimePolicy',
    namespace: 'default',
    name,
    generation: 1,
    source: 'File',
    mode: 'Enforce',
    layer: scope.scope === 'Host' ? 'host' : 'namespace',
    scope,
    mainProcess: 'Kill',
    unresolved: 'Block',
    rules: [
      {
        name: 'r',
        kind: 'paths',
        list: 'deny',
        governs: ['file-read'],
        items: [{ hooks: ['file-read'], path: patternOf('/etc/shadow') }],
        except: [],
        action: 'Kill',
        minimumGuarantee: 'Observe',
        severity: 'High',
        category: 'File',
        tags: [],
      },
    ],
  };
}

function pods(labels: Record<string, string>): ScopeIR {
  return { scope: 'Pods', namespace: 'default', podSelector: { matchLabels: labels, matchExpressions: [] } };
}

function host(...cgroups: string[]): ScopeIR {
  return { scope: 'Host', cgroups: cgroups.map((text) => patternOf(text, 'cgroup')) };
}

function item(name: string, cgroup: string, labels: Record<string, string>): Workload {
  return { name, pod: name, container: name, namespace: 'default', cgroup, labels, containerType: 'App' };
}

/** Ids from 1 in the order of the paths; parents must come first. */
function tree(...paths: string[]): Cgroup[] {
  return paths.map((path, index) => {
    const parent = paths.indexOf(path.slice(0, path.lastIndexOf('/')) || '/');
    return { id: BigInt(index + 1), path, ...(index === 0 ? {} : { parent: BigInt(parent + 1) }) };
  });
}

function plan(policies: readonly PolicyIR[], items: readonly Workload[], cgroups: readonly Cgroup[]): Plan {
  return planNode({
    policies: policies.map((one) => ({ policy: one, refused: new Set<string>() })),
    named: nameWorkloads(items),
    cgroups,
    protectedUnits: ['sshd.service'],
    context: { digest: (bytes) => createHash('sha256').update(bytes).digest('hex'), ruleKey: () => 1 },
  });
}

/** path -> owner's path, flags, pages. */
function workloads(result: Plan, cgroups: readonly Cgroup[]): Record<string, [string, number, number]> {
  const path = (id: bigint): string => cgroups.find((cgroup) => cgroup.id === id)?.path ?? '?';
  const entries = [...result.wanted.workloads].map(([id, workload]): [string, [string, number, number]] => [
    path(id),
    [path(workload.owner), workload.flags, workload.pages.length],
  ]);
  return Object.fromEntries(entries);
}

describe('planNode', () => {
  it('gives a plain cgroup the identity of its Workloads item, and the cgroups below it the same workload', () => {
    const cgroups = tree('/', '/web', '/web/a', '/web/a/b', '/other');
    const result = plan([policy('p', pods({ app: 'web' }))], [item('web', '/web', { app: 'web' })], cgroups);
    expect(workloads(result, cgroups)).toEqual({
      '/web': ['/web', 0, 1],
      '/web/a': ['/web', 0, 1],
      '/web/a/b': ['/web', 0, 1],
    });
    expect([...result.selected]).toEqual([['p', 1]]);
  });

  it('keeps a named workload that no policy selects in the map: its tasks stay its own', () => {
    const cgroups = tree('/', '/web');
    const result = plan([policy('p', pods({ app: 'db' }))], [item('web', '/web', { app: 'web' })], cgroups);
    expect(workloads(result, cgroups)).toEqual({ '/web': ['/web', 0, 0] });
    expect(result.selected.size).toBe(0);
  });

  it('selects host cgroups by pattern, protects units, and leaves pods and login sessions to those who name them', () => {
    const cgroups = tree('/', '/system.slice', '/system.slice/sshd.service', '/user.slice', '/kubepods.slice', '/web');
    const items = [item('web', '/web', {})];
    const result = plan([policy('all', host('/**'))], items, cgroups);
    expect(workloads(result, cgroups)).toEqual({
      '/': ['/', HOST, 1],
      '/system.slice': ['/system.slice', HOST, 1],
      '/system.slice/sshd.service': ['/system.slice/sshd.service', HOST | PROTECTED, 1],
      '/web': ['/web', 0, 0],
    });
  });

  it('tells the kernel what a new cgroup becomes, the named workload winning over host patterns', () => {
    const items = [item('web', '/jobs/web-*', { app: 'web' })];
    const policies = [policy('p', pods({ app: 'web' })), policy('h', host('/jobs/**'))];
    const { wanted } = plan(policies, items, tree('/'));
    const flags = wanted.cgroups?.templates.map(({ workload }) => [workload.flags, workload.pages.length]);
    expect(flags).toContainEqual([0, 1]);
    expect(flags).toContainEqual([HOST, 1]);
    expect(new Set(wanted.cgroups?.templates.map(({ sum }) => sum)).size).toBe(wanted.cgroups?.templates.length);
    expect(wanted.cgroups?.templates.every(({ sum }) => sum !== 0n)).toBe(true);
    expect(selectorWeight(1)).not.toBe(0n);
  });

  it('asks nothing of new cgroups where no pattern names one', () => {
    expect(plan([], [], tree('/', '/a')).wanted.cgroups).toBeUndefined();
  });

  it('names the policies that do not fit beside those in force', () => {
    const deep = (name: string, depths: readonly number[]): PolicyIR => {
      const base = policy(name, pods({}));
      const items = depths.map((depth) => ({
        hooks: ['file-read'] as const,
        path: patternOf(`${'/d'.repeat(depth)}/**`),
      }));
      return { ...base, rules: base.rules.map((rule) => ({ ...rule, items })) };
    };
    const result = plan(
      [deep('old', [1, 2, 3, 4, 5]), deep('new', [6, 7, 8, 9])],
      [item('w', '/w', {})],
      tree('/', '/w'),
    );
    expect(result.problems.map(({ code, policies }) => [code, policies])).toContainEqual([
      'AGENT_TOO_MANY_SHAPES',
      ['new'],
    ]);
  });
});
