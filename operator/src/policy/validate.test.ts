import { describe, expect, test } from 'vitest';
import type { Policy } from './types.js';
import { validatePolicyFile } from './validate.js';

const HEAD = 'apiVersion: ringfence.io/v1alpha1\nkind: RuntimePolicy\n';
const SPEC = 'spec: {mode: Enforce, selector: {podSelector: {matchLabels: {app: web}}}, rules: [RULES]}\n';
const RULE = '{name: r, binaries: {deny: [{path: /x}]}}';

function document(rules = RULE, metadata = '{name: p, namespace: shop}'): string {
  return `${HEAD}metadata: ${metadata}\n${SPEC.replace('RULES', rules)}`;
}

function only(text: string): Policy {
  const { policies, issues } = validatePolicyFile(text, 'f.yaml');
  expect(issues).toEqual([]);
  expect(policies).toHaveLength(1);
  return policies[0] as Policy;
}

function codes(text: string): string[] {
  return validatePolicyFile(text, 'f.yaml').issues.map(({ code, path }) => `${code} ${path}`);
}

describe('defaults', () => {
  test('of the schema are filled in, and the scope of the namespaced kind', () => {
    expect(only(document()).spec).toMatchObject({
      scope: 'Pods',
      minimumGuarantee: 'Observe',
      mainProcess: 'Kill',
      unresolved: 'Block',
    });
  });

  test('of a rule follow its kind and its policy', () => {
    const rules = `${RULE}, {name: s, paths: {deny: [{path: /x}]}, severity: Low, action: Block}, {name: t, paths: {deny: [{path: /y}]}, action: Audit}`;
    const text = document(rules).replace('mode: Enforce', 'mode: Enforce, minimumGuarantee: Prevent');
    expect(only(text).spec.rules).toMatchObject([
      { action: 'Kill', severity: 'High', category: 'Process', minimumGuarantee: 'Prevent' },
      { action: 'Block', severity: 'Low', category: 'File', minimumGuarantee: 'Prevent', paths: { check: 'Open' } },
      { action: 'Audit', severity: 'Medium', category: 'File', minimumGuarantee: 'Observe' },
    ]);
  });

  test('the namespace is default, and none for the cluster kind', () => {
    expect(only(document(RULE, '{name: p}')).metadata.namespace).toBe('default');
    const cluster = document(RULE, '{name: p}')
      .replace('RuntimePolicy', 'ClusterRuntimePolicy')
      .replace('selector: {', 'selector: {namespaceSelector: {matchLabels: {a: b}}, ');
    expect(only(cluster)).toMatchObject({ kind: 'ClusterRuntimePolicy', metadata: { namespace: '' } });
  });
});

test('a policy says where it begins', () => {
  const { policies } = validatePolicyFile(`# first\n${document()}---\n\n${document(RULE, '{name: q}')}`, 'f.yaml');
  expect(policies.map(({ source }) => source)).toEqual([
    { file: 'f.yaml', line: 2, column: 1 },
    { file: 'f.yaml', line: 8, column: 1 },
  ]);
});

test('one bad document is rejected alone', () => {
  const text = `${document()}---\n${document('', '{name: bad}')}---\nkind: [\n---\n${document(RULE, '{name: q}')}`;
  const { policies, issues } = validatePolicyFile(text, 'f.yaml');
  expect(policies.map(({ metadata }) => metadata.name)).toEqual(['p', 'q']);
  expect(issues.map(({ code, line }) => [code, line])).toEqual([
    ['INVALID_VALUE', 9],
    ['INVALID_YAML', 12],
  ]);
});

test('what was exported from a cluster can be used as it is', () => {
  const metadata =
    '{name: p, namespace: shop, uid: 1f, resourceVersion: "5", generation: 3, creationTimestamp: "2026-01-01T00:00:00Z", labels: {a: b}, annotations: {"x/y": z}, managedFields: [{manager: kubectl}]}';
  expect(only(`${document(RULE, metadata)}status: {anything: [1]}\n`).metadata).toMatchObject({ generation: 3 });
});

test('JSON is a policy file too', () => {
  const text = JSON.stringify({
    apiVersion: 'ringfence.io/v1alpha1',
    kind: 'RuntimePolicy',
    metadata: { name: 'p' },
    spec: {
      mode: 'Enforce',
      selector: { podSelector: { matchLabels: { app: 'web' } } },
      rules: [{ name: 'r', paths: { deny: [{ path: '/etc/shadow' }] } }],
    },
  });
  expect(only(text).spec.rules[0]?.paths?.deny).toEqual([{ path: '/etc/shadow' }]);
});

describe('objects of other kinds are refused with what is expected', () => {
  test.each([
    ['just text', 'INVALID_VALUE '],
    ['[1, 2]', 'INVALID_VALUE '],
    ['{}', 'INVALID_VALUE apiVersion,INVALID_VALUE kind'],
    ['{apiVersion: v1, kind: ConfigMap}', 'INVALID_VALUE apiVersion,INVALID_VALUE kind'],
    ['{apiVersion: ringfence.io/v1, kind: RuntimePolicy}', 'INVALID_VALUE apiVersion'],
    ['{apiVersion: ringfence.io/v1alpha1, kind: RuntimePolicies}', 'INVALID_VALUE kind'],
    ['{apiVersion: cilium.io/v1alpha1, kind: TracingPolicy}', 'NOT_IMPLEMENTED kind'],
  ])('%s', (text, expected) => expect(codes(text).join()).toBe(expected));
});

describe('what this version does not hold is rejected at its field, whatever else is in the policy', () => {
  test.each([
    ['{name: r, capabilities: {deny: [CAP_NET_RAW]}}', 'spec.rules[0].capabilities'],
    ['{name: r, namespaces: {deny: [{types: [User]}]}}', 'spec.rules[0].namespaces'],
    ['{name: r, kernel: {deny: [{operations: [Bpf]}]}}', 'spec.rules[0].kernel'],
    ['{name: r, processes: {deny: [{operations: [Trace], targets: [Host]}]}}', 'spec.rules[0].processes'],
    ['{name: r, binaries: {deny: [{path: /x, applets: [sh]}]}}', 'spec.rules[0].binaries.deny[0].applets'],
    [
      '{name: r, binaries: {deny: [{path: /x, environment: [LD_PRELOAD]}]}}',
      'spec.rules[0].binaries.deny[0].environment',
    ],
    [`{name: r, binaries: {allow: [{sha256: [${'a'.repeat(64)}]}]}}`, 'spec.rules[0].binaries.allow[0].sha256'],
    ['{name: r, paths: {deny: [{path: /x}], check: Use}}', 'spec.rules[0].paths.check'],
  ])('%s', (rule, path) => expect(codes(document(rule))).toEqual([`NOT_IMPLEMENTED ${path}`]));

  test('of the spec and the annotations', () => {
    const rollout = 'rollout: {type: Canary, canary: {unit: Pods, steps: [{percent: 5, soakSeconds: 60}]}}';
    expect(codes(document().replace('mode: Enforce', `mode: Enforce, ${rollout}`))).toEqual([
      'NOT_IMPLEMENTED spec.rollout',
    ]);
    const paused = '{name: p, annotations: {ringfence.io/paused: "2026-01-01T00:00:00Z"}}';
    expect(codes(document(RULE, paused))).toEqual(['NOT_IMPLEMENTED metadata.annotations["ringfence.io/paused"]']);
  });
});

describe('sessions and types of containers', () => {
  const selecting = (fields: string): string => document().replace('selector: {', `selector: {${fields}, `);

  test.each(['Main', 'Exec', 'Probe', 'Lifecycle', 'Main, Exec, Probe, Lifecycle'])('a policy for %s', (sessions) => {
    expect(codes(selecting(`sessions: [${sessions}]`))).toEqual([]);
  });

  test.each(['App', 'Init', 'Sidecar', 'Ephemeral', 'Init, Ephemeral'])('a policy for %s', (types) => {
    expect(codes(selecting(`containerTypes: [${types}]`))).toEqual([]);
  });

  test('an exception for some of the sessions', () => {
    expect(codes(document('{name: r, paths: {deny: [{path: /x}]}, except: [{sessions: [Exec, Probe]}]}'))).toEqual([]);
  });

  test('an exception for sessions that the policy does not select', () => {
    const rule = '{name: r, paths: {deny: [{path: /x}]}, except: [{sessions: [Exec]}]}';
    const text = document(rule).replace('selector: {', 'selector: {sessions: [Main, Probe], ');
    expect(codes(text)).toEqual(['DEAD_EXCEPT spec.rules[0].except[0].sessions']);
  });

  test.each([
    ['sessions: [Attach]', 'INVALID_VALUE spec.selector.sessions[0]'],
    ['sessions: []', 'INVALID_VALUE spec.selector.sessions'],
    ['containerTypes: [Pause]', 'INVALID_VALUE spec.selector.containerTypes[0]'],
  ])('%s', (fields, expected) => expect(codes(selecting(fields))).toEqual([expected]));
});

describe('all findings of an object come at once, each once', () => {
  test('of fields, values, names, patterns and rules', () => {
    const rules =
      '{name: A, binaries: {deny: [{path: x}], allow: []}}, {nam: r, paths: {deny: [{path: /a, access: [Red]}]}}, {name: r, action: Audit, minimumGuarantee: Prevent, except: [{}]}';
    expect(codes(document(rules))).toEqual([
      'INVALID_VALUE spec.rules[0].name',
      'ALLOW_DENY_COUNT spec.rules[0].binaries',
      'PATTERN_NOT_ABSOLUTE spec.rules[0].binaries.deny[0].path',
      'INVALID_VALUE spec.rules[0].binaries.allow',
      'UNKNOWN_FIELD spec.rules[1].nam',
      'INVALID_VALUE spec.rules[1].paths.deny[0].access[0]',
      'RULE_KIND_COUNT spec.rules[2]',
      'GUARANTEE_CONTRADICTS_ACTION spec.rules[2]',
      'INVALID_VALUE spec.rules[2].except[0]',
    ]);
  });

  test('a misspelt kind is one finding, with the name that was meant', () => {
    const { issues } = validatePolicyFile(document('{name: r, binary: {deny: [{path: /x}]}}'), 'f.yaml');
    expect(issues).toMatchObject([{ code: 'UNKNOWN_FIELD', hint: 'did you mean binaries?' }]);
  });

  test('sets have no entry twice; lists of objects are no sets, which server-side apply could not merge', () => {
    const rule = '{name: r, paths: {deny: [{path: /x, access: [Read, Read]}, {path: /y}, {"path": "/y"}]}}';
    expect(codes(document(rule))).toEqual(['INVALID_VALUE spec.rules[0].paths.deny[0].access[1]']);
  });

  test('exceptions by path belong to rules about paths', () => {
    expect(codes(document('{name: r, binaries: {deny: [{path: /x}]}, except: [{paths: [/x]}]}'))).toEqual([
      'INVALID_VALUE spec.rules[0]',
    ]);
  });
});

describe('selectors', () => {
  const cluster = (spec: string): string =>
    `apiVersion: ringfence.io/v1alpha1\nkind: ClusterRuntimePolicy\nmetadata: {name: p}\nspec: {mode: Monitor, rules: [${RULE}], ${spec}}\n`;

  test.each([
    ['selector: {podSelector: {}}', 'INVALID_VALUE spec'],
    ['selector: {cgroups: [/a/**]}', 'INVALID_VALUE spec'],
    ['scope: Host, selector: {cgroups: [/a/**], containers: [x]}', 'INVALID_VALUE spec'],
    ['scope: Host, selector: {podSelector: {}, namespaceSelector: {}}', 'INVALID_VALUE spec'],
    ['scope: Host, selector: {cgroups: [a]}', 'PATTERN_NOT_ABSOLUTE spec.selector.cgroups[0]'],
    ['scope: Host, selector: {cgroups: [/proc/self/**]}', ''],
    ['selector: {podSelector: {}, namespaceSelector: {}}', ''],
  ])('%s', (spec, expected) => expect(codes(cluster(spec)).join()).toBe(expected));

  test.each([
    ['{matchLabels: {"-a": b}}', 'INVALID_VALUE spec.selector.podSelector.matchLabels["-a"]'],
    ['{matchLabels: {a: "b c"}}', 'INVALID_VALUE spec.selector.podSelector.matchLabels.a'],
    ['{matchLabels: {a: 1}}', 'INVALID_VALUE spec.selector.podSelector.matchLabels.a'],
    ['{matchExpressions: [{key: a, operator: In}]}', 'INVALID_VALUE spec.selector.podSelector.matchExpressions[0]'],
    [
      '{matchExpressions: [{key: a, operator: Exists, values: [b]}]}',
      'INVALID_VALUE spec.selector.podSelector.matchExpressions[0]',
    ],
    [
      '{matchExpressions: [{key: a, operator: Gt, values: ["1"]}]}',
      'INVALID_VALUE spec.selector.podSelector.matchExpressions[0].operator',
    ],
    ['{matchExpressions: [{key: x.io/a, operator: NotIn, values: [b]}]}', ''],
  ])('labels %s', (selector, expected) => {
    const text = document().replace('podSelector: {matchLabels: {app: web}}', `podSelector: ${selector}`);
    expect(codes(text).join()).toBe(expected);
  });

  test('a namespace is not for the cluster kind', () => {
    const text = cluster('selector: {podSelector: {}, namespaceSelector: {}}').replace(
      '{name: p}',
      '{name: p, namespace: x}',
    );
    expect(codes(text)).toEqual(['INVALID_VALUE metadata.namespace']);
  });

  test('which namespaces are system namespaces is the caller’s to say', () => {
    const text = document(RULE, '{name: p, namespace: infra}');
    const { issues } = validatePolicyFile(text, 'f.yaml', { systemNamespaces: ['infra'] });
    expect(issues.map(({ code }) => code)).toEqual(['ACK_REQUIRED']);
  });
});

describe('workloads', () => {
  const workloads = (items: string): string =>
    `apiVersion: ringfence.io/v1alpha1\nkind: Workloads\nitems: [${items}]\n`;

  test('get the names that they leave out', () => {
    const { workloads: found, issues } = validatePolicyFile(workloads('{name: web, cgroup: /demo/**}'), 'w.yaml');
    expect(issues).toEqual([]);
    expect(found).toEqual([
      {
        items: [
          { name: 'web', cgroup: '/demo/**', pod: 'web', namespace: 'default', container: 'web', containerType: 'App' },
        ],
        source: { file: 'w.yaml', line: 1, column: 1 },
      },
    ]);
  });

  test('have findings like policies', () => {
    expect(
      codes(workloads('{name: web, cgroup: demo}, {name: web, cgroup: /b, labels: {"a b": c}}, {name: x}')),
    ).toEqual([
      'PATTERN_NOT_ABSOLUTE items[0].cgroup',
      'DUPLICATE_NAME items[1]',
      'INVALID_VALUE items[1].labels["a b"]',
      'INVALID_VALUE items[2].cgroup',
    ]);
  });
});
