import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ViewedNode, ViewedPolicy } from '../control/cluster-view.js';
import { buildKubectl } from './kubectl.js';
import { clusterEventLine, clusterEvents, News } from './kubectl-events.js';
import type { ViolationRow } from '../report/objects.gen.js';
import { clusterStatusLines } from './kubectl-status.js';
import type { Terminal } from './terminal.js';

const page = readFileSync(new URL('../../../docs/reference/kubectl.md', import.meta.url), 'utf8');
const verbs = buildKubectl(() => undefined).commands;

const terminal: Terminal = {
  isPerson: false,
  line: () => undefined,
  lines: () => undefined,
  json: () => undefined,
  error: () => undefined,
  paint: (_, text) => text,
};

describe('docs/reference/kubectl.md', () => {
  it.each(verbs.map((verb) => [verb.name(), verb] as const))('documents %s and all its options', (name, verb) => {
    expect(page).toMatch(new RegExp(`^## ${name}$`, 'm'));
    expect(verb.options.filter(({ long }) => !page.includes(long ?? '')).map(({ flags }) => flags)).toEqual([]);
  });
  it('documents no option that does not exist', () => {
    const known = new Set(verbs.flatMap(({ options }) => options.map(({ long }) => long)));
    const named = [...page.matchAll(/`[^`]*?(--[a-z][a-z-]+)/g)].map((match) => match[1]);
    expect(named.filter((option) => !known.has(option))).toEqual([]);
  });
});

const policy: ViewedPolicy = {
  apiVersion: 'ringfence.io/v1alpha1',
  kind: 'RuntimePolicy',
  metadata: { name: 'shells', namespace: 'shop', uid: 'p-1', generation: 2 },
  spec: { mode: 'Enforce' },
  status: {
    guarantee: 'Prevent',
    nodes: { desired: 2, enforced: 1, failed: 1 },
    violations: { total: 7 },
    conditions: [
      { type: 'Ready', status: 'False', reason: 'NodesFailed', message: 'on one node', lastTransitionTime: '' },
    ],
    rules: [{ name: 'no-shell', effect: 'DenyAndKill', guarantee: 'Prevent', nodes: 1, violations: 7 }],
    problems: [{ reason: 'KERNEL_MAP_FULL', message: 'no room', nodes: 1, examples: ['n2'] }],
  },
};

const node = (name: string, status: ViewedNode['status']): ViewedNode => ({
  apiVersion: 'ringfence.io/v1alpha1',
  kind: 'NodeState',
  metadata: { name },
  ...(status === undefined ? {} : { status }),
});

const row: ViolationRow = {
  key: 'k',
  uid: 'p-1',
  rule: 'no-shell',
  mode: 'Enforce',
  action: 'Killed',
  kind: 'binaries',
  class: 'Exec',
  namespace: 'shop',
  owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'o' },
  container: 'app',
  session: 'Exec',
  binary: '/bin/busybox',
  object: '/bin/sh\u001b[2J',
  count: 3,
  first: '2026-01-01T00:00:00Z',
  last: '2026-01-02T00:00:00Z',
};

const nodes = [
  node('n1', {
    agent: { version: '0.1.0', epoch: 'e' },
    kernel: { release: '6.12.1' },
    mode: { effective: 'Monitor', source: 'Pause' },
    programmed: { 'p-1': 2 },
    pods: { known: 4, held: 1 },
    violations: [row],
  }),
  node('n2', { problems: [{ uid: 'p-1', reason: 'KERNEL_MAP_FULL' }], programmed: { 'p-1': 1 } }),
];

describe('kubectl ringfence status', () => {
  const lines = (detailed: boolean, heartbeats?: ReadonlyMap<string, string>): string =>
    clusterStatusLines(terminal, { policies: [policy], nodes, heartbeats }, { detailed, wide: false }).join('\n');
  it('shows policies, their problems, and nodes', () => {
    const text = lines(false, new Map([['n1', '2026-01-02T03:04:05.678900Z']]));
    expect(text).toMatch(/^shop\/shells +Enforce +Prevent +2 +1 +0 +7 +False +NodesFailed$/m);
    expect(text).toMatch(/KERNEL_MAP_FULL: no room on 1 node\(s\): n2/);
    expect(text).toMatch(/^n1 +Monitor \(Pause\) +6\.12\.1 +0\.1\.0 +1 +4 +1 +0 +0 +2026-01-02T03:04:05$/m);
    expect(text).toMatch(/^n2 .*never$/m);
  });
  it('leaves heartbeats out that may not be read', () => {
    expect(lines(false)).toMatch(/^n1 .* -$/m);
  });
  it('shows a policy in detail with what each node holds of it', () => {
    const text = lines(true);
    expect(text).toMatch(/^Ready +False +NodesFailed +on one node$/m);
    expect(text).toMatch(/^shop\/shells +no-shell +DenyAndKill +Prevent +1 +7$/m);
    expect(text).toMatch(/^shop\/shells +n1 +current +0$/m);
    expect(text).toMatch(/^shop\/shells +n2 +generation 1 +0 +KERNEL_MAP_FULL$/m);
  });
});

describe('kubectl ringfence events', () => {
  const all = { policies: [policy], names: [], namespace: undefined };
  it('says what happened where, and lets nothing of a process reach the terminal as a command', () => {
    const [event] = clusterEvents(nodes, all);
    expect(event === undefined ? '' : clusterEventLine(terminal, event)).toBe(
      '2026-01-02T00:00:00 Killed  3x Exec /bin/sh\\x1b[2J  by /bin/busybox (Exec)  in shop/replicaset/web[app] on n1  shop/shells/no-shell',
    );
  });
  it('keeps to the namespace and the policies that were asked for', () => {
    expect(clusterEvents(nodes, { ...all, namespace: 'other' })).toEqual([]);
    expect(clusterEvents(nodes, { ...all, namespace: 'shop', names: ['shells'] })).toHaveLength(1);
    expect(clusterEvents(nodes, { ...all, names: ['others'] })).toEqual([]);
  });
  it('follows what grows, and what begins again', () => {
    const events = clusterEvents(nodes, all);
    const news = new News(events);
    const later = (change: object): ReturnType<typeof clusterEvents> =>
      events.map((event) => ({ ...event, row: { ...event.row, ...change } }));
    expect(news.of(events)).toEqual([]);
    expect(news.of(later({ count: 4 }))).toHaveLength(1);
    expect(news.of(later({ count: 4 }))).toEqual([]);
    expect(news.of(later({ count: 1, first: '2026-01-03T00:00:00Z' }))).toHaveLength(1);
  });
});
