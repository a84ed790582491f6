import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RfAction, RfRulesetCodec, RfWorkloadFlag } from '../abi/abi.gen.js';
import type { PolicyIR, ScopeIR } from '../compile/ir.js';
import { selectorWeight } from '../encode/cgroups.js';
import { containerKeyText } from '../encode/pods.js';
import { patternOf } from '../policy/pattern.js';
import type { Workload } from '../policy/types.js';
import type { Cgroup } from '../workload/cgroups.js';
import { nameWorkloads } from '../workload/identify.js';
import { PodTable } from '../workload/pod-table.js';
import type { ContainerRecord } from '../workload/pod-table.js';
import { readPod } from '../workload/pods.js';
import type { Pod } from '../workload/pods.js';
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

const POD_UID = '0123abcd-4567-89ab-cdef-0123456789ab';
const POD_KEY = '0123abcd456789abcdef0123456789ab';
const RULES = { systemNamespaces: ['kube-system'], installNamespace: 'ringfence-system' };
const { WORKLOAD_CONTAINER: CONTAINER, WORKLOAD_UNNAMED: UNNAMED, WORKLOAD_SANDBOX: SANDBOX } = RfWorkloadFlag;

/** A node with one pod of two containers; the ids of its cgroups are the names of the containers. */
function podTable(records: Record<string, ContainerRecord> = {}, namespaces = ['default']): PodTable {
  const table = new PodTable(RULES);
  const metadata = { uid: POD_UID, name: 'web-1', namespace: 'default', labels: { app: 'web' } };
  const spec = { containers: [{ name: 'nginx', livenessProbe: { exec: { command: ['ok'] } } }, { name: 'proxy' }] };
  table.takePods([readPod({ metadata, spec }) as Pod]);
  table.takeNamespaces(new Map(namespaces.map((name) => [name, {}])));
  for (const [id, record] of Object.entries(records)) table.record(id, record);
  return table;
}

function planPods(policies: readonly PolicyIR[], pods: PodTable, cgroups: readonly Cgroup[] = tree('/')): Plan {
  return planNode({
    policies: policies.map((one) => ({ policy: one, refused: new Set<string>() })),
    named: [],
    cgroups,
    protectedUnits: [],
    context: { digest: (bytes) => createHash('sha256').update(bytes).digest('hex'), ruleKey: () => 1 },
    pods,
  });
}

function named(name: string): ContainerRecord {
  return { kind: 'Container', name };
}

function containersOnly(...containers: string[]): ScopeIR {
  const scope = pods({ app: 'web' });
  return scope.scope === 'Pods' ? { ...scope, containers } : scope;
}

describe('planNode with pods', () => {
  const top = `/kubepods/pod${POD_UID}`;
  const cgroups = tree('/', '/kubepods', top, `${top}/aa`, `${top}/bb`, `${top}/cc`, `${top}/aa/sub`);
  const records = { aa: named('nginx'), bb: named('proxy'), cc: { kind: 'Sandbox' } } as const;

  it('gives each container its own policies, its cgroups below it the same, and the sandbox none', () => {
    const policies = [policy('all', pods({ app: 'web' })), policy('nginx', containersOnly('nginx'))];
    const result = planPods(policies, podTable(records), cgroups);
    expect(workloads(result, cgroups)).toEqual({
      [`${top}/aa`]: [`${top}/aa`, CONTAINER, 1],
      [`${top}/aa/sub`]: [`${top}/aa`, CONTAINER, 1],
      [`${top}/bb`]: [`${top}/bb`, CONTAINER, 1],
      [`${top}/cc`]: [`${top}/cc`, CONTAINER | SANDBOX, 0],
    });
    const pagesOf = (id: number): readonly string[] => result.wanted.workloads.get(BigInt(id))?.pages ?? [];
    expect(pagesOf(4)).not.toEqual(pagesOf(5));
    expect([...result.selectedPods]).toEqual([
      ['all', 1],
      ['nginx', 1],
    ]);
  });

  it('tells the kernel of pods before their containers, and places the pages of each container ahead', () => {
    const result = planPods([policy('nginx', containersOnly('nginx'))], podTable());
    const { pods: wanted, ahead } = result.wanted;
    expect(wanted?.get(POD_KEY)).toMatchObject({ owner: 0n, flags: CONTAINER | UNNAMED });
    expect(wanted?.get(POD_KEY)?.pages).toHaveLength(1);
    expect(ahead?.map((pages) => pages.length)).toEqual([1, 0]);
    expect(ahead?.[0]).not.toEqual(wanted?.get(POD_KEY)?.pages);
  });

  it('tells the kernel what a container becomes that the runtime has written down, where that is certain', () => {
    const table = podTable({ aa: named('nginx') });
    for (const id of ['aa', 'bb']) table.expect({ container: { pod: POD_KEY, container: id }, cgroupName: id });
    const { pods: wanted, ahead } = planPods([policy('nginx', containersOnly('nginx'))], table).wanted;
    const key = containerKeyText(POD_KEY, 'aa');
    expect([...(wanted?.keys() ?? [])]).toEqual([POD_KEY, key]);
    expect(wanted?.get(key)).toEqual({ owner: 0n, flags: CONTAINER, pages: ahead?.[0] });
  });

  it('caps at Block what may be about another container, and nothing else', () => {
    const result = planPods([policy('nginx', containersOnly('nginx')), policy('all', pods({}))], podTable());
    const actions = (pages: readonly string[] = []): number[] =>
      pages.flatMap((id) => {
        const { rules, ruleCount } = RfRulesetCodec.decode(result.wanted.page(id)?.ruleset ?? new Uint8Array());
        return rules.slice(0, ruleCount).map(({ action }) => action);
      });
    const { pods: wanted, ahead } = result.wanted;
    expect(actions(wanted?.get(POD_KEY)?.pages)).toEqual([RfAction.KILL, RfAction.BLOCK]);
    expect(actions(ahead?.[0])).toEqual([RfAction.KILL, RfAction.KILL]);
  });

  it('lets no container wait for its name where no policy is about its pod', () => {
    const { wanted } = planPods([policy('p', pods({ app: 'db' }))], podTable());
    expect(wanted.pods?.get(POD_KEY)).toMatchObject({ flags: CONTAINER, pages: [] });
  });

  it('knows nothing of a pod whose namespace it does not know', () => {
    const table = podTable({ aa: named('nginx') }, []);
    const result = planPods([policy('all', pods({ app: 'web' }))], table, cgroups.slice(0, 4));
    expect(result.wanted.pods?.size).toBe(0);
    expect(workloads(result, cgroups)).toEqual({ [`${top}/aa`]: [`${top}/aa`, CONTAINER | UNNAMED, 0] });
  });

  it('hands over the handlers of containers that have policies', () => {
    const { wanted } = planPods([policy('nginx', containersOnly('nginx'))], podTable(records), cgroups);
    expect([...(wanted.handlers ?? [])]).toEqual([[4n, [{ session: 'Probe', command: ['ok'] }]]]);
  });

  it('foresees a container that is not there yet as the plan for it would be', () => {
    const table = podTable();
    const early = planPods([policy('nginx', containersOnly('nginx'))], table);
    table.record('aa', named('nginx'));
    const identity = table.identify({ pod: POD_KEY, container: 'aa' });
    const late = planPods([policy('nginx', containersOnly('nginx'))], table, cgroups.slice(0, 4));
    expect(early.foreseen(identity)?.pages).toEqual(late.wanted.workloads.get(4n)?.pages);
  });
});
