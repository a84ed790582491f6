import { describe, expect, it } from 'vitest';
import type { Action, Guarantee, PolicyIR, RuleIR } from '../compile/ir.js';
import type { Issue } from '../errors.js';
import { readBackends } from './backends.js';
import { foldStatus } from './fold.js';
import type { FoldInput, NodeView, PolicyView } from './fold-nodes.js';
import { STATUS_BYTES_MAX } from './fold-lists.js';
import type { NodeBackend, NodeFinding, NodeProblem, NodeStateStatus } from './objects.gen.js';

const UID = 'p-1';
const LSM: NodeBackend = { kind: 'binaries', class: 'Exec', hook: 'lsm/exec', denies: true, signals: true };
const FILE: NodeBackend = { kind: 'paths', class: 'Read', hook: 'lsm/file_open', denies: true, signals: true };
const SIGNALS: NodeBackend = { ...FILE, hook: 'tp_btf/x', denies: false };
const DENIES: NodeBackend = { ...FILE, signals: false };

function rule(action: Action = 'Kill', minimumGuarantee: Guarantee = 'Observe', name = 'r'): RuleIR {
  const common = { kind: 'paths', list: 'deny', governs: ['file-read'], items: [], except: [] } as const;
  return { name, action, minimumGuarantee, severity: 'High', category: 'File', tags: [], ...common };
}

function policy(change: Partial<PolicyView> = {}, rules: readonly RuleIR[] = [rule()]): PolicyView {
  const ir = { uid: UID, rules } as unknown as PolicyIR;
  return {
    uid: UID,
    generation: 2,
    mode: 'Enforce',
    issues: [],
    ir,
    reaches: () => true,
    seenBy: () => true,
    ...change,
  };
}

interface NodeOptions {
  readonly backend?: NodeBackend;
  readonly fresh?: boolean;
  readonly problems?: NodeProblem[];
  readonly findings?: NodeFinding[];
  readonly state?: NodeStateStatus;
}

function node(name: string, held: number | undefined, options: NodeOptions = {}): NodeView {
  const { backend = FILE, fresh = true, problems = [], findings = [], state } = options;
  return {
    name,
    state: {
      kernel: { release: '6.12' },
      ...(held === undefined ? {} : { programmed: { [UID]: held }, selected: { [UID]: 3 } }),
      ...state,
    },
    backends: readBackends([LSM, backend]),
    fresh,
    problems: new Map([[UID, problems]]),
    findings: new Map([[UID, findings]]),
  };
}

function input(nodes: readonly NodeView[], change: Partial<FoldInput> = {}): FoldInput {
  const counts = { violations: { total: 0 }, rules: new Map() };
  return { policy: policy(), nodes, counts, podsWithoutAgent: 0, previous: [], now: 'now', ...change };
}

function conditions(given: FoldInput): Record<string, string> {
  return Object.fromEntries(
    foldStatus(given).conditions?.map(({ type, status, reason }) => [type, `${status} ${reason}`]) ?? [],
  );
}

function issue(code: Issue['code'], level: Issue['level'] = 'error'): Issue {
  return { code, level, file: 'a', line: 1, column: 1, path: 'spec.rules[0]', expected: 'x', got: 'y', hint: '' };
}

const problem = (change: Partial<NodeProblem> = {}): NodeProblem => ({
  uid: UID,
  reason: 'ProgramFailed',
  generation: 2,
  ...change,
});

describe('foldStatus', () => {
  it('counts every node that has something to select once', () => {
    const status = foldStatus(
      input([
        node('enforced', 2),
        node('degraded', 2, { backend: SIGNALS }),
        node('paused', 2, { state: { programmed: { [UID]: 2 }, mode: { effective: 'Monitor', source: 'Pause' } } }),
        node('behind', 1),
        node('failed', 1, { problems: [problem({ keptGeneration: 1 })] }),
        node('nothing', undefined),
        node('full', undefined, { state: { omitted: { programmed: 1 } } }),
      ]),
    );
    expect(status.nodes).toEqual({
      desired: 6,
      enforced: 1,
      degraded: 1,
      monitored: 1,
      refused: 0,
      failed: 1,
      pending: 2,
    });
    expect(status.pods).toMatchObject({ matched: 15, protected: 6 });
  });

  it.each<[string, FoldInput, Record<string, string>]>([
    [
      'everything as asked',
      input([node('a', 2), node('b', undefined)]),
      {
        Accepted: 'True Valid',
        Programmed: 'True AllNodes',
        Enforcing: 'True Enforcing',
        Degraded: 'False AsAsked',
        Ready: 'True Enforcing',
      },
    ],
    [
      'selects nothing anywhere',
      input([node('a', undefined)]),
      { Programmed: 'True NothingSelected', Enforcing: 'False NothingSelected', Ready: 'False NothingSelected' },
    ],
    ['no agent at all', input([]), { Programmed: 'False Pending', Enforcing: 'False Pending', Ready: 'False Pending' }],
    [
      'an agent has not seen it yet',
      input([node('a', undefined)], { policy: policy({ seenBy: () => false }) }),
      { Programmed: 'False Pending' },
    ],
    [
      'an agent that labels keep it from need not see it',
      input([node('a', undefined), node('b', 2)], {
        policy: policy({ seenBy: () => false, reaches: ({ name }) => name === 'b' }),
      }),
      { Programmed: 'True AllNodes' },
    ],
    [
      'a node is behind',
      input([node('a', 2), node('b', 1)]),
      { Programmed: 'False Pending', Enforcing: 'False Pending', Ready: 'False Pending' },
    ],
    [
      'a node is behind and its agent is away',
      input([node('a', 1, { fresh: false })]),
      { Programmed: 'False NodesStale', Enforcing: 'False NodesStale', Degraded: 'True NodesStale' },
    ],
    [
      'a node holds it and its agent is away: the kernel goes on',
      input([node('a', 2, { fresh: false })]),
      { Programmed: 'True AllNodes', Enforcing: 'True Enforcing', Degraded: 'True NodesStale' },
    ],
    [
      'a node failed and never had it',
      input([node('a', undefined, { problems: [problem()] })]),
      {
        Programmed: 'False NodesFailed',
        Enforcing: 'False NodesFailed',
        Degraded: 'False AsAsked',
        Ready: 'False NodesFailed',
      },
    ],
    [
      'a node failed and keeps the last good one',
      input([node('a', 1, { problems: [problem({ keptGeneration: 1 })] })]),
      { Programmed: 'False NodesFailed', Degraded: 'True LastGoodKept' },
    ],
    [
      'Monitor is ready',
      input([node('a', 2)], { policy: policy({ mode: 'Monitor' }) }),
      { Enforcing: 'False MonitorMode', Ready: 'True MonitorMode' },
    ],
    [
      'its annotation pauses it',
      input([node('a', 2)], { policy: policy({ pausedUntil: 'then' }) }),
      { Enforcing: 'False Paused', Ready: 'False Paused' },
    ],
    [
      'a person paused a node',
      input([node('a', 2, { state: { programmed: { [UID]: 2 }, mode: { effective: 'Monitor', source: 'Pause' } } })]),
      { Enforcing: 'False Paused' },
    ],
    [
      'an emergency',
      input([
        node('a', 2, { state: { programmed: { [UID]: 2 }, mode: { effective: 'Monitor', source: 'Emergency' } } }),
      ]),
      { Enforcing: 'False Emergency', Ready: 'False Emergency' },
    ],
    [
      'below the minimum',
      input([node('a', 2, { backend: SIGNALS })], { policy: policy({}, [rule('Kill', 'Prevent')]) }),
      { Enforcing: 'False GuaranteeNotMet', Degraded: 'True WeakerEffect', Ready: 'False GuaranteeNotMet' },
    ],
    [
      'weaker, and no minimum asked',
      input([node('a', 2, { backend: SIGNALS })]),
      { Enforcing: 'True Enforcing', Degraded: 'True WeakerEffect' },
    ],
    ['denied and not killed', input([node('a', 2, { backend: DENIES })]), { Degraded: 'True NotKilled' }],
    ['a restart loop', input([node('a', 2)], { restartLoop: 'web-1/app' }), { Degraded: 'True RestartLoop' }],
    ['pods without an agent', input([node('a', 2)], { podsWithoutAgent: 2 }), { Degraded: 'True PodsWithoutAgent' }],
    [
      'invalid',
      input([node('a', 1)], { policy: policy({ issues: [issue('INVALID_VALUE')] }) }),
      { Accepted: 'False Invalid', Ready: 'False Invalid' },
    ],
    [
      'unsupported',
      input([], { policy: policy({ issues: [issue('NOT_IMPLEMENTED')] }) }),
      { Accepted: 'False Unsupported' },
    ],
    [
      'not acknowledged',
      input([], { policy: policy({ issues: [issue('ACK_REQUIRED')] }) }),
      { Accepted: 'False AcknowledgementRequired' },
    ],
    [
      'warnings',
      input([node('a', 2)], { policy: policy({ issues: [issue('SELECTS_ALL', 'warning')] }) }),
      { Accepted: 'True ValidWithWarnings', Ready: 'True Enforcing' },
    ],
  ])('%s', (_, given, expected) => {
    expect(conditions(given)).toMatchObject(expected);
  });

  it('says the lowest guarantee over rules and nodes, and the weakest effect of each rule', () => {
    const rules = [
      rule('Kill', 'Observe', 'kill'),
      rule('Block', 'Observe', 'block'),
      rule('Audit', 'Observe', 'audit'),
    ];
    const status = foldStatus(input([node('a', 2), node('b', 2, { backend: SIGNALS })], { policy: policy({}, rules) }));
    expect(status.guarantee).toBe('Observe');
    expect(
      status.rules?.map(({ name, effect, guarantee, nodes }) => `${name} ${effect} ${guarantee} ${nodes}`),
    ).toEqual(['kill Kill Terminate 2', 'block Report Observe 2', 'audit Report Observe 2']);
    expect(status.kernels).toEqual([{ release: '6.12', nodes: 2, guarantee: 'Observe' }]);
  });

  it('shows in Monitor the guarantee that Enforce would have, and that it only reports', () => {
    const status = foldStatus(input([node('a', 2)], { policy: policy({ mode: 'Monitor' }) }));
    expect(status).toMatchObject({ guarantee: 'Prevent', rules: [{ effect: 'Report', guarantee: 'Prevent' }] });
  });

  it('groups problems of nodes, with some names', () => {
    const nodes = Array.from({ length: 9 }, (_, n) => node(`n${n}`, 2, { backend: SIGNALS }));
    const status = foldStatus(input([...nodes, node('x', 1, { problems: [problem({ message: 'map is full' })] })]));
    expect(status.problems).toMatchObject([
      { reason: 'WeakerEffect', rule: 'r', nodes: 9, examples: ['n0', 'n1', 'n2', 'n3', 'n4'] },
      { reason: 'ProgramFailed', nodes: 1, message: 'map is full' },
    ]);
  });

  it('keeps the time of a condition that says what it said', () => {
    const first = foldStatus(input([node('a', 2)], { now: 'then' }));
    const second = foldStatus(input([node('a', 1)], { previous: first.conditions ?? [] }));
    const times = Object.fromEntries(
      second.conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]) ?? [],
    );
    expect(times).toMatchObject({ Accepted: 'then', Programmed: 'now', Enforcing: 'now', Ready: 'now' });
  });

  it('stays below 64 KiB and says what it left out', () => {
    const issues = Array.from({ length: 60 }, () => ({
      ...issue('INVALID_VALUE'),
      path: 'p'.repeat(300),
      got: '\u20ac'.repeat(2000),
    }));
    const rules = Array.from({ length: 64 }, (_, n) => rule('Kill', 'Prevent', `${'n'.repeat(50)}-${n}`));
    const nodes = Array.from({ length: 50 }, (_, n) => node(`${'node'.repeat(50)}${n}`, 2, { backend: SIGNALS }));
    const status = foldStatus(input(nodes, { policy: policy({ issues }, rules) }));
    expect(new TextEncoder().encode(JSON.stringify(status)).length).toBeLessThanOrEqual(STATUS_BYTES_MAX);
    expect((status.findings?.length ?? 0) + (status.omitted?.['findings'] ?? 0)).toBe(60);
    expect((status.problems?.length ?? 0) + (status.omitted?.['problems'] ?? 0)).toBe(64);
  });
});

describe('findings of the cluster', () => {
  const finding = (code: string, change: Partial<NodeFinding> = {}): NodeFinding => ({
    ...{ uid: UID, generation: 2, code, path: 'spec.rules[0]', count: 1 },
    ...change,
  });
  const told = (nodes: readonly NodeView[], change: Partial<FoldInput> = {}): string[] =>
    (foldStatus(input(nodes, change)).findings ?? []).map(({ code, level, path, message }) =>
      [code, level, path, message].join(' | '),
    );

  it('says that nothing is selected once every agent has looked', () => {
    const message = 'SELECTS_NOTHING | Warning | spec.selector | nothing is selected now, on none of 2 nodes';
    expect(told([node('a', undefined), node('b', undefined)])).toEqual([message]);
    expect(told([node('a', undefined), node('b', 2)])).toEqual([]);
    expect(told([])).toEqual([]);
    expect(told([node('a', undefined)], { podsWithoutAgent: 1 })).toEqual([]);
    expect(told([node('a', undefined)], { policy: policy({ seenBy: () => false }) })).toEqual([]);
  });

  it('adds up what nodes show', () => {
    const findings = [
      finding('WOULD_BREAK_RUNNING', { path: 'spec.rules[0].binaries.allow', detail: '/bin/x in a/b, container c' }),
      finding('ALLOW_LISTS_INTERSECT', { other: 'shop/q', detail: '2 of its entries remain', count: 3 }),
      finding('PATTERN_IS_LINK', {
        path: 'spec.rules[0].paths.deny[1].path',
        detail: '/a is a link to /b in a/b, container c',
      }),
    ];
    expect(told([node('a', 2, { findings }), node('b', 2, { findings }), node('c', 2)])).toEqual([
      'ALLOW_LISTS_INTERSECT | Warning | spec.rules[0] | with policy shop/q on 6 pods: 2 of its entries remain',
      'PATTERN_IS_LINK | Warning | spec.rules[0].paths.deny[1].path | /a is a link to /b in a/b, container c, and so it is in 1 more workloads',
      'WOULD_BREAK_RUNNING | Warning | spec.rules[0].binaries.allow | 2 running processes run what it forbids, as /bin/x in a/b, container c',
    ]);
  });

  it('takes what is true of a cluster only as a whole from all nodes with selected pods', () => {
    const findings = [
      finding('COVERED_BY', { other: 'all' }),
      finding('CONTAINER_NOT_FOUND', { detail: 'web', count: 2 }),
    ];
    expect(told([node('a', 2, { findings }), node('b', 2)])).toEqual([]);
    expect(told([node('a', 2, { findings }), node('b', undefined)])).toEqual([
      'CONTAINER_NOT_FOUND | Warning | spec.rules[0] | none of 2 pods that it matches has a container web',
      'COVERED_BY | Warning | spec.rules[0] | policy all makes this rule moot',
    ]);
  });

  it('leaves out what is about another generation, and codes it does not know', () => {
    const findings = [finding('COVERED_BY', { generation: 1, other: 'all' }), finding('NEWER')];
    expect(told([node('a', 2, { findings })])).toEqual([]);
  });

  it('changes no condition, and comes after errors within the limit of the list', () => {
    const findings = Array.from({ length: 40 }, (_, index) =>
      finding('COVERED_BY', { other: 'q', path: `spec.rules[${index}]` }),
    );
    const given = input([node('a', 2, { findings })], { policy: policy({ issues: [issue('SHADOWED', 'warning')] }) });
    expect(foldStatus(given).findings?.map(({ code }) => code)).toEqual([
      'SHADOWED',
      ...Array.from({ length: 31 }, () => 'COVERED_BY'),
    ]);
    expect(foldStatus(given).omitted).toEqual({ findings: 9 });
    expect(conditions(given)).toEqual({ ...conditions(input([node('a', 2)])), Accepted: 'True ValidWithWarnings' });
  });
});
