import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClusterSelection } from '../policy/schema.gen.js';
import type { Policy, PolicyRule, PolicySpec } from '../policy/types.js';
import { compilePolicy } from './compile.js';
import type { PolicyIR, RuleIR } from './ir.js';

const IDENTITY = { uid: 'u1', generation: 3, source: 'File' } as const;

type RuleBody = Omit<PolicyRule, 'action' | 'category' | 'minimumGuarantee' | 'name' | 'severity'>;

function rule(body: RuleBody & Partial<PolicyRule>): PolicyRule {
  return { name: 'r', action: 'Kill', minimumGuarantee: 'Observe', severity: 'High', category: 'Process', ...body };
}

function spec(rules: readonly PolicyRule[], patch: Partial<PolicySpec> = {}): PolicySpec {
  return {
    mode: 'Enforce',
    scope: 'Pods',
    selector: { podSelector: {} },
    rules,
    minimumGuarantee: 'Observe',
    mainProcess: 'Kill',
    unresolved: 'Block',
    ...patch,
  };
}

function policy(
  rules: readonly PolicyRule[],
  patch: Partial<Policy> & { readonly specPatch?: Partial<PolicySpec> } = {},
) {
  const { specPatch, ...rest } = patch;
  const whole: Policy = {
    kind: 'RuntimePolicy',
    metadata: { name: 'p', namespace: 'shop' },
    spec: spec(rules, specPatch),
    source: { file: 'p.yaml', line: 1, column: 1 },
    ...rest,
  };
  return compilePolicy(whole, IDENTITY);
}

function only(ir: PolicyIR): RuleIR {
  const [found] = ir.rules;
  if (found === undefined) throw new Error('no rule');
  return found;
}

const binaries = (body: NonNullable<PolicyRule['binaries']>): RuleIR => only(policy([rule({ binaries: body })]));
const paths = (body: Omit<NonNullable<PolicyRule['paths']>, 'check'>): RuleIR =>
  only(policy([rule({ paths: { check: 'Open', ...body } })]));

describe('binaries', () => {
  test('deny is about exec and mapping, allow about exec only', () => {
    expect(binaries({ deny: [{ path: '/a' }] })).toMatchObject({
      kind: 'binaries',
      list: 'deny',
      governs: ['exec', 'exec-map'],
      items: [{ hooks: ['exec', 'exec-map'] }],
    });
    expect(binaries({ allow: [{ path: '/a' }] })).toMatchObject({
      list: 'allow',
      governs: ['exec'],
      items: [{ hooks: ['exec'] }],
    });
  });

  test('names of equivalent directories are canonical, the text stays', () => {
    expect(binaries({ deny: [{ path: '/bin/sh' }] }).items[0]?.path).toEqual({
      floating: false,
      components: [{ literal: 'usr' }, { literal: 'bin' }, { literal: 'sh' }],
      subtree: false,
      text: '/bin/sh',
    });
  });

  test('Untrusted is four origins, each listed once and in order', () => {
    const { items } = binaries({ deny: [{ origins: ['Unknown', 'Untrusted', 'Image'] }] });
    expect(items).toEqual([
      {
        hooks: ['exec', 'exec-map'],
        origins: ['Image', 'UpperLayer', 'WritableVolume', 'Anonymous', 'Unknown'],
      },
    ]);
  });
});

describe('paths', () => {
  test('access names the hooks; without it an item has all eight', () => {
    expect(paths({ deny: [{ path: '/a', access: ['Attributes', 'Read'] }] }).items[0]?.hooks).toEqual([
      'file-read',
      'file-attributes',
    ]);
    expect(paths({ deny: [{ path: '/a' }] }).items[0]?.hooks).toEqual([
      'file-read',
      'file-write',
      'file-execute',
      'file-create',
      'file-delete',
      'file-rename',
      'file-link',
      'file-attributes',
    ]);
  });

  test('a list governs what its items name', () => {
    const allow = paths({
      allow: [
        { path: '/b', access: ['Delete'] },
        { path: '/a', access: ['Write', 'Delete'] },
      ],
    });
    expect(allow.governs).toEqual(['file-write', 'file-delete']);
  });
});

test('exceptions keep their fields', () => {
  const except = [
    { binaries: [{ path: '/bin/b', origins: ['Image' as const] }], paths: ['/x/**'], sessions: ['Main' as const] },
  ];
  expect(only(policy([rule({ paths: { check: 'Open', deny: [{ path: '/a' }] }, except })])).except).toEqual([
    {
      binaries: [
        {
          path: {
            floating: false,
            components: [{ literal: 'usr' }, { literal: 'bin' }, { literal: 'b' }],
            subtree: false,
            text: '/bin/b',
          },
          origins: ['Image'],
        },
      ],
      paths: [{ floating: false, components: [{ literal: 'x' }], subtree: true, text: '/x/**' }],
      sessions: ['Main'],
    },
  ]);
});

describe('scope and layer', () => {
  const deny = rule({ binaries: { deny: [{ path: '/a' }] } });
  const cluster = (specPatch: Partial<PolicySpec>): PolicyIR =>
    policy([deny], { kind: 'ClusterRuntimePolicy', metadata: { name: 'c', namespace: '' }, specPatch });
  const everywhere: ClusterSelection = { podSelector: {}, namespaceSelector: {} };

  test('a RuntimePolicy is about its own namespace', () => {
    const ir = policy([deny], { specPatch: { selector: { podSelector: { matchLabels: { app: 'web' } } } } });
    expect(ir).toMatchObject({ kind: 'RuntimePolicy', namespace: 'shop', layer: 'namespace' });
    expect(ir.scope).toEqual({
      scope: 'Pods',
      namespace: 'shop',
      podSelector: { matchLabels: { app: 'web' }, matchExpressions: [] },
    });
  });

  test('a ClusterRuntimePolicy is of the cluster, of nodes or of hosts', () => {
    expect(cluster({ selector: everywhere })).toMatchObject({ namespace: '', layer: 'cluster' });
    expect(cluster({ selector: everywhere }).scope).not.toHaveProperty('namespace');
    expect(cluster({ selector: everywhere, nodeSelector: {} }).layer).toBe('node');
    const host = cluster({ scope: 'Host', selector: { cgroups: ['/bin/**'] }, nodeSelector: {} });
    expect(host.layer).toBe('host');
    expect(host.scope).toEqual({
      scope: 'Host',
      cgroups: [{ floating: false, components: [{ literal: 'bin' }], subtree: true, text: '/bin/**' }],
    });
  });

  test('selectors keep every condition', () => {
    const selector: ClusterSelection = {
      podSelector: { matchExpressions: [{ key: 'k', operator: 'Exists' }] },
      namespaceSelector: { matchExpressions: [{ key: 'n', operator: 'In', values: ['b', 'a'] }] },
      containers: ['y', 'x'],
      containerTypes: ['Init', 'App'],
      sessions: ['Probe', 'Main'],
    };
    expect(cluster({ selector }).scope).toEqual({
      scope: 'Pods',
      podSelector: { matchLabels: {}, matchExpressions: [{ key: 'k', operator: 'Exists', values: [] }] },
      namespaceSelector: { matchLabels: {}, matchExpressions: [{ key: 'n', operator: 'In', values: ['a', 'b'] }] },
      containers: ['x', 'y'],
      containerTypes: ['App', 'Init'],
      sessions: ['Main', 'Probe'],
    });
  });
});

test('identity, mode and postures are carried over', () => {
  const deny = rule({
    binaries: { deny: [{ path: '/a' }] },
    tags: ['b', 'a'],
    message: 'no',
    minimumGuarantee: 'Prevent',
  });
  const ir = policy([deny], { specPatch: { mode: 'Monitor', mainProcess: 'Block', unresolved: 'Audit' } });
  expect(ir).toMatchObject({ ...IDENTITY, mode: 'Monitor', mainProcess: 'Block', unresolved: 'Audit' });
  expect(only(ir)).toMatchObject({ tags: ['a', 'b'], message: 'no', minimumGuarantee: 'Prevent', severity: 'High' });
});

test('the order in which rules, items and conditions are written leaves no trace', () => {
  const items = [{ path: '/a' }, { path: '/b', origins: ['Image' as const, 'Unknown' as const] }, { path: '/c/**' }];
  const excepts = [{ sessions: ['Main' as const, 'Exec' as const] }, { binaries: [{ path: '/x' }, { path: '/y' }] }];
  const make = (list: typeof items, except: typeof excepts): PolicyRule[] => [
    rule({ name: 'a', binaries: { deny: list }, except }),
    rule({ name: 'b', binaries: { allow: list } }),
  ];
  const expected = policy(make(items, excepts));
  fc.assert(
    fc.property(
      fc.shuffledSubarray(items, { minLength: 3 }),
      fc.shuffledSubarray(excepts, { minLength: 2 }),
      fc.boolean(),
      (list, except, reversed) => {
        const rules = make(list, except);
        expect(policy(reversed ? rules.reverse() : rules)).toEqual(expected);
      },
    ),
  );
});

test('the result is frozen through and through, and JSON keeps all of it', () => {
  const ir = policy([rule({ binaries: { deny: [{ path: '/a' }] }, except: [{ sessions: ['Main'] }] })]);
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    expect(Object.isFrozen(value)).toBe(true);
    Object.values(value).forEach(visit);
  };
  visit(ir);
  expect(JSON.parse(JSON.stringify(ir))).toEqual(ir);
});

test.each<[string, RuleBody]>([
  ['sha256', { binaries: { deny: [{ path: '/a', sha256: ['00'] }] } }],
  ['applets', { binaries: { deny: [{ path: '/a', applets: ['sh'] }] } }],
  ['environment', { binaries: { deny: [{ path: '/a', environment: ['LD_PRELOAD'] }] } }],
  ['sha256 of an exception', { binaries: { deny: [{ path: '/a' }] }, except: [{ binaries: [{ sha256: ['00'] }] }] }],
  ['check', { paths: { check: 'Use', deny: [{ path: '/a' }] } }],
  ['another kind', { kernel: { deny: [{ operations: ['Bpf'] }] } }],
])('what is not implemented is never dropped: %s', (_name, body) => {
  expect(() => policy([rule(body)])).toThrow(/validation must have rejected it/);
});
