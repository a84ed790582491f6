import { describe, expect, test } from 'vitest';
import {
  allowBinaries,
  allowPaths,
  binary,
  denyBinaries,
  denyPaths,
  exec,
  file,
  path,
  policy,
  read,
} from '../../../test/support/ir.js';
import { evaluate, evaluateAll } from './evaluate.js';
import type { Action, DecisionIR, OperationIR, PolicyIR } from './ir.js';

/** `verdict: policy/rule action, ...`, primary first. */
function summary({ verdict, hits }: DecisionIR): string {
  const list = hits.map((hit) => `${hit.policyUid.slice(4)}/${hit.rule} ${hit.action}${hit.unresolved ? '?' : ''}`);
  return [`${verdict}:`, list.join(', ')].join(' ').trim();
}

const X = '/opt/x';
const denyX = (action: Action = 'Kill', patch = {}) => denyBinaries([binary(X)], { action, ...patch });
const allow = (...names: string[]) => allowBinaries(names.map((name) => binary(name)));
const monitor: Partial<PolicyIR> = { mode: 'Monitor' };
const HOST: Partial<PolicyIR> = {
  scope: { scope: 'Host', cgroups: [] },
  layer: 'host',
  kind: 'ClusterRuntimePolicy',
  namespace: '',
};

describe('the truth table', () => {
  const AB = policy('p1', [allow('/a', '/b')]);
  const BC = policy('p2', [allow('/b', '/c')]);
  const rows: [string, PolicyIR[], OperationIR, string][] = [
    [
      '1 deny X, another policy allows X',
      [policy('p1', [denyX()]), policy('p2', [allow(X)])],
      exec(X),
      'Kill: p1/r Kill',
    ],
    ['2 A is outside the second allow-list', [AB, BC], exec('/a'), 'Kill: p2/r Kill'],
    ['2 B is on both allow-lists', [AB, BC], exec('/b'), 'Allow:'],
    ['2 C is outside the first allow-list', [AB, BC], exec('/c'), 'Kill: p1/r Kill'],
    [
      '2 allow-lists of one policy intersect too',
      [
        policy('p1', [
          { ...allow('/a', '/b'), name: 'ab' },
          { ...allow('/b', '/c'), name: 'bc' },
        ]),
      ],
      exec('/a'),
      'Kill: p1/bc Kill',
    ],
    ['3 what no list governs is allowed', [policy('p1', [allow('/a')])], read('/etc/passwd'), 'Allow:'],
    [
      '4 every rule counts, the strictest is first',
      [policy('p1', [denyX('Block')]), policy('p2', [denyX('Kill')]), policy('p3', [denyX('Audit')])],
      exec(X),
      'Kill: p2/r Kill, p1/r Block, p3/r Audit',
    ],
    [
      '5 Monitor only reports',
      [policy('p1', [denyX()], monitor), policy('p2', [allow(X)])],
      exec(X),
      'Audit: p1/r Audit',
    ],
    [
      '6 an exception weakens its own rule only',
      [policy('p1', [denyX('Kill', { except: [{ binaries: [binary('/b')] }] })]), policy('p2', [denyX()])],
      exec(X, { program: { path: '/b', origin: 'Image' } }),
      'Kill: p2/r Kill',
    ],
    [
      '10 mainProcess: Block spares the main process',
      [policy('p1', [denyX()], { mainProcess: 'Block' })],
      exec(X, { mainProcess: true }),
      'Block: p1/r Block',
    ],
    [
      '11 what cannot be resolved falls to the posture',
      [policy('p1', [allow('/a')])],
      exec(undefined, { object: { unresolved: 'Detached' } }),
      'Block: p1/r Block?',
    ],
    [
      '12 a protected process is never stopped',
      [policy('p1', [allow('/a')], HOST)],
      exec('/b', { session: 'Host', protected: true }),
      'Allow:',
    ],
  ];
  test.each(rows)('row %s', (_row, policies, operation, expected) => {
    expect(summary(evaluate(policies, operation))).toBe(expected);
  });

  test('row 7 a rule that the node refuses only reports', () => {
    const p1 = policy('p1', [{ ...denyX(), minimumGuarantee: 'Prevent' }]);
    expect(summary(evaluate([p1], exec(X), new Set(['uid-p1/r'])))).toBe('Audit: p1/r Audit');
    expect(summary(evaluate([p1], exec(X), new Set(['uid-p1/other', 'uid-p2/r'])))).toBe('Kill: p1/r Kill');
  });
});

describe('the action in force', () => {
  const unresolved = { object: { unresolved: 'Unstable' as const } };
  test.each<[Action, Partial<PolicyIR>, Partial<OperationIR>, Action]>([
    ['Kill', {}, {}, 'Kill'],
    ['Block', {}, {}, 'Block'],
    ['Audit', {}, {}, 'Audit'],
    ['Kill', { mainProcess: 'Block' }, {}, 'Kill'],
    ['Kill', {}, { mainProcess: true }, 'Kill'],
    ['Kill', { mainProcess: 'Block' }, { mainProcess: true }, 'Block'],
    ['Audit', { mainProcess: 'Block' }, { mainProcess: true }, 'Audit'],
    ['Kill', {}, { endsSetup: true }, 'Block'],
    ['Audit', {}, { endsSetup: true }, 'Audit'],
    ['Block', monitor, {}, 'Audit'],
    ['Kill', { ...monitor, mainProcess: 'Block' }, { mainProcess: true }, 'Audit'],
  ])('%s with %j and %j is %s', (asked, patch, circumstances, action) => {
    const [hit] = evaluate([policy('p', [denyX(asked)], patch)], exec(X, circumstances)).hits;
    expect(hit).toEqual({ policyUid: 'uid-p', rule: 'r', action, asked, unresolved: false });
  });

  test.each<[Action, Action, Action]>([
    ['Kill', 'Kill', 'Kill'],
    ['Kill', 'Block', 'Block'],
    ['Kill', 'Audit', 'Audit'],
    ['Block', 'Kill', 'Block'],
    ['Block', 'Audit', 'Audit'],
    ['Audit', 'Kill', 'Audit'],
  ])('%s with posture %s is %s when the object is not resolved', (asked, posture, action) => {
    const denied = policy('d', [denyX(asked)], { unresolved: posture });
    const allowed = policy('a', [{ ...allow('/a'), action: asked }], { unresolved: posture });
    const expected = { action, asked, unresolved: true };
    expect(evaluate([denied], exec(undefined, unresolved)).hits).toMatchObject([expected]);
    expect(evaluate([allowed], exec(undefined, unresolved)).hits).toMatchObject([expected]);
  });

  test('a protected process violates nothing, whatever the action', () => {
    const host = policy('p', [denyX()], HOST);
    expect(evaluate([host], exec(X, { session: 'Host' })).verdict).toBe('Kill');
    expect(evaluate([host], exec(X, { session: 'Host', protected: true }))).toEqual({ verdict: 'Allow', hits: [] });
  });
});

describe('the order of hits', () => {
  test('the primary is the strictest, then the most severe, then the first by name', () => {
    const strictest = policy('z', [denyX('Kill', { severity: 'Info' })]);
    const severe = policy('y', [denyX('Block', { severity: 'Critical' })]);
    const plain = policy('a', [denyX('Block', { severity: 'Low' })]);
    expect(summary(evaluate([plain, severe, strictest], exec(X)))).toBe('Kill: z/r Kill, a/r Block, y/r Block');
    expect(summary(evaluate([plain, severe], exec(X)))).toBe('Block: y/r Block, a/r Block');
    expect(summary(evaluate([policy('b', [denyX('Block')]), policy('a', [denyX('Block')])], exec(X)))).toBe(
      'Block: a/r Block, b/r Block',
    );
  });

  test('the others go by kind, namespace, policy and rule', () => {
    const rules = [denyX('Audit', { name: 's' }), denyX('Audit', { name: 'r' })];
    const policies = [
      policy('first', [denyX('Kill')]),
      policy('n2', rules, { namespace: 'b' }),
      policy('n1', rules, { namespace: 'c' }),
      policy('c', rules, { kind: 'ClusterRuntimePolicy', namespace: '' }),
    ];
    expect(summary(evaluate(policies, exec(X)))).toBe(
      'Kill: first/r Kill, c/r Audit, c/s Audit, n2/r Audit, n2/s Audit, n1/r Audit, n1/s Audit',
    );
  });
});

describe('several objects of one operation', () => {
  const rename = [file('file-rename', '/etc/a'), file('file-create', '/data/b')];

  test('a rule is hit once, whichever names it is violated by', () => {
    const both = policy('p', [denyPaths([path('/etc/**'), path('/data/**')])]);
    expect(summary(evaluateAll([both], rename))).toBe('Kill: p/r Kill');
    const one = policy('p', [allowPaths([path('/data/**')])]);
    expect(summary(evaluateAll([one], rename))).toBe('Kill: p/r Kill');
  });

  test('the strictest action is taken, and what is certain outweighs what is not', () => {
    const p = policy('p', [denyPaths([path('/etc/**')])]);
    const unknown = {
      ...file('file-rename', '/'),
      object: { unresolved: 'Read' as const, origin: 'Unknown' as const },
    };
    const sure = file('file-create', '/etc/x');
    for (const operations of [
      [unknown, sure],
      [sure, unknown],
    ]) {
      expect(summary(evaluateAll([p], operations))).toBe('Kill: p/r Kill');
    }
    expect(summary(evaluateAll([p], [unknown, unknown]))).toBe('Block: p/r Block?');
  });

  test('nothing violated on any object is allowed', () => {
    expect(evaluateAll([policy('p', [denyPaths([path('/x')])])], rename)).toEqual({ verdict: 'Allow', hits: [] });
    expect(evaluateAll([], rename)).toEqual({ verdict: 'Allow', hits: [] });
  });
});
