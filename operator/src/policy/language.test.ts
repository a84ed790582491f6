// The language as a whole: policies of every rule kind, as the specification shows them. Those of kinds that this
// version holds are accepted; the others pass the schema and are rejected for nothing but what is not held yet.
import { describe, expect, test } from 'vitest';
import { validatePolicyFile } from './validate.js';

interface Sample {
  readonly title: string;
  readonly kind: 'RuntimePolicy' | 'ClusterRuntimePolicy';
  readonly spec: string;
  /** Fields that are not held yet. */
  readonly later?: readonly string[];
  readonly warnings?: readonly string[];
}

const SAMPLES: readonly Sample[] = [
  {
    title: 'no shell, but for probes',
    kind: 'RuntimePolicy',
    spec: `
mode: Enforce
selector: {podSelector: {matchLabels: {app: web}}, sessions: [Main, Exec, Lifecycle]}
rules:
  - name: shells
    binaries: {deny: [{path: /bin/sh}, {path: /bin/bash}, {path: /bin/busybox, applets: [sh, ash, hush]}]}`,
    later: ['spec.rules[0].binaries.deny[2].applets'],
  },
  {
    title: 'only nginx, no drift',
    kind: 'RuntimePolicy',
    spec: `
mode: Enforce
selector: {podSelector: {matchLabels: {app: web}}, containers: [nginx], containerTypes: [App, Sidecar]}
rules:
  - {name: only-nginx, binaries: {allow: [{path: /usr/sbin/nginx}]}}
  - {name: no-drift, binaries: {deny: [{origins: [Untrusted]}]}, severity: Critical, category: Integrity, tags: [a], message: drift}`,
  },
  {
    title: 'token, keys and writes',
    kind: 'RuntimePolicy',
    spec: `
mode: Enforce
selector: {podSelector: {matchLabels: {app: api}}}
rules:
  - {name: token, paths: {deny: [{path: /run/secrets/**, access: [Read, Link, Rename]}]}, except: [{binaries: [{path: /app/server, origins: [Image]}]}]}
  - {name: keys, paths: {deny: [{path: /etc/shadow}, {path: "**/.ssh/id_*"}]}, action: Block}
  - {name: writes, paths: {allow: [{path: /data/**, access: [Write, Create, Delete, Rename]}, {path: /dev/*, access: [Write]}]}, action: Block}`,
  },
  {
    title: 'low ports only, in Monitor',
    kind: 'RuntimePolicy',
    spec: `{mode: Monitor, selector: {podSelector: {}}, rules: [{name: caps, capabilities: {allow: [CAP_NET_BIND_SERVICE]}, action: Block}]}`,
    later: ['spec.rules[0].capabilities'],
  },
  {
    title: 'escape baseline',
    kind: 'ClusterRuntimePolicy',
    spec: `
mode: Enforce
minimumGuarantee: Prevent
selector: {namespaceSelector: {matchLabels: {tenant: "true"}}, podSelector: {}}
rules:
  - {name: namespaces, namespaces: {deny: [{types: [User, Mount, Net, Pid], operations: [Create, Enter]}]}}
  - {name: kernel, kernel: {deny: [{operations: [ModuleLoad, Bpf, Mount, PivotRoot, Kexec, OpenBlockDevice, DeviceNode, UserFault]}]}}
  - {name: others, processes: {deny: [{operations: [Signal, Trace], targets: [OwnPod, OtherPod, Host]}]}}
  - {name: levers, paths: {deny: [{path: /proc/sys/kernel/core_pattern, access: [Write]}]}}`,
    later: ['spec.rules[0].namespaces', 'spec.rules[1].kernel', 'spec.rules[2].processes'],
    warnings: ['SELECTS_ALL'],
  },
  {
    title: 'services of hosts',
    kind: 'ClusterRuntimePolicy',
    spec: `
mode: Enforce
scope: Host
acknowledge: [HostEnforcement]
selector: {cgroups: [/system.slice/**]}
nodeSelector: {matchLabels: {pool: edge}}
rules:
  - {name: fileless, binaries: {deny: [{origins: [Anonymous]}]}}
  - {name: modules, kernel: {deny: [{operations: [ModuleLoad]}]}, except: [{binaries: [{path: /usr/lib/systemd/systemd-modules-load}]}], action: Block}`,
    later: ['spec.rules[1].kernel'],
  },
  {
    title: 'kubectl exec may look, not touch',
    kind: 'RuntimePolicy',
    spec: `
mode: Enforce
selector: {podSelector: {matchLabels: {a: b}}, sessions: [Exec]}
rules:
  - {name: tools, binaries: {allow: [{path: /bin/ls}, {path: /bin/cat}]}}
  - {name: read-only, paths: {deny: [{path: /**, access: [Write, Create, Delete, Rename, Link, Attributes]}]}, except: [{paths: [/dev/**]}], action: Block}
  - {name: no-trace, processes: {deny: [{operations: [Trace], targets: [OwnContainer]}]}}`,
    later: ['spec.rules[2].processes'],
  },
  {
    title: 'a canary',
    kind: 'ClusterRuntimePolicy',
    spec: `
{mode: Enforce, mainProcess: Block, unresolved: Audit, selector: {namespaceSelector: {}, podSelector: {matchLabels: {drift-guard: "on"}}},
 rules: [{name: no-drift, binaries: {deny: [{origins: [Untrusted]}]}}],
 rollout: {type: Canary, canary: {unit: Pods, steps: [{percent: 5, soakSeconds: 600}, {percent: 25, soakSeconds: 3600}], maxFailures: 0}}}`,
    later: ['spec.rollout'],
  },
];

function validate(sample: Sample): ReturnType<typeof validatePolicyFile> {
  const spec = sample.spec.trim().replaceAll('\n', '\n  ');
  const head = `apiVersion: ringfence.io/v1alpha1\nkind: ${sample.kind}\nmetadata: {name: sample}\n`;
  return validatePolicyFile(`${head}spec:\n  ${spec}\n`, 'f.yaml');
}

test.each(SAMPLES)('$title', (sample) => {
  const { issues, policies } = validate(sample);
  const errors = issues.filter(({ level }) => level === 'error');
  expect(errors.every(({ code }) => code === 'NOT_IMPLEMENTED')).toBe(true);
  expect(errors.map(({ path }) => path).sort()).toEqual([...(sample.later ?? [])].sort());
  expect(issues.filter(({ level }) => level === 'warning').map(({ code }) => code)).toEqual(sample.warnings ?? []);
  expect(policies).toHaveLength(sample.later ? 0 : 1);
});

describe('limits of the language', () => {
  const rule = (text: string): string[] =>
    validate({
      title: '',
      kind: 'RuntimePolicy',
      spec: `{mode: Enforce, selector: {podSelector: {matchLabels: {a: b}}}, rules: [{name: r, ${text}}]}`,
    }).issues.map(({ code, path, expected }) => `${code} ${path}: ${expected}`);
  const at = 'spec.rules[0]';
  const many = (count: number, text: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => text(index)).join(', ');

  test.each([
    [`binaries: {deny: [${many(257, (n) => `{path: /x${n}}`)}]}`, `${at}.binaries.deny: a list of at most 256 entries`],
    [`binaries: {deny: [{path: /x}]}, tags: [${many(17, (n) => `t${n}`)}]`, `${at}.tags: a list of at most 16 entries`],
    [`binaries: {deny: [{path: /x}]}, tags: [${'x'.repeat(65)}]`, `${at}.tags[0]: at most 64 characters`],
    ['binaries: {deny: [{path: /x}]}, message: "a\\nb"', `${at}.message: text that matches ^[^\\r\\n]+$`],
    ['binaries: {deny: [{path: /x}]}, severity: high', `${at}.severity: one of Critical, High, Medium, Low, Info`],
    ['paths: {deny: [{access: [Read]}]}', `${at}.paths.deny[0].path: the field path`],
    [
      'capabilities: {deny: [ALL, CAP_BPF]}, action: Block',
      `${at}.capabilities.deny: ALL alone, or names of capabilities`,
    ],
    ['binaries: {deny: [{origins: [Image], applets: [x]}]}', `${at}.binaries.deny[0]: a path beside applets`],
  ])('%.60s', (text, expected) => {
    expect(rule(text).filter((found) => !found.startsWith('NOT_IMPLEMENTED'))).toEqual([`INVALID_VALUE ${expected}`]);
  });

  test('256 items, 16 tags and 64 rules are accepted', () => {
    expect(
      rule(`binaries: {deny: [${many(256, (n) => `{path: /x${n}}`)}]}, tags: [${many(16, (n) => `t${n}`)}]`),
    ).toEqual([]);
    const rules = many(64, (n) => `{name: r${n}, binaries: {deny: [{path: /x}]}}`);
    const spec = `{mode: Enforce, selector: {podSelector: {matchLabels: {a: b}}}, rules: [${rules}]}`;
    expect(validate({ title: '', kind: 'RuntimePolicy', spec }).issues).toEqual([]);
  });

  test('rules of a canary: rising percentages, each once, only with Enforce', () => {
    const canary = (steps: string, mode = 'Enforce'): string[] =>
      validate({
        title: '',
        kind: 'RuntimePolicy',
        spec: `{mode: ${mode}, selector: {podSelector: {matchLabels: {a: b}}}, rules: [{name: r, binaries: {deny: [{path: /x}]}}], rollout: {type: Canary, canary: {unit: Nodes, steps: [${steps}]}}}`,
      })
        .issues.filter(({ code }) => code !== 'NOT_IMPLEMENTED')
        .map(({ code, path }) => `${code} ${path}`);
    expect(canary('{percent: 5, soakSeconds: 30}, {percent: 50, soakSeconds: 30}')).toEqual([]);
    expect(canary('{percent: 50, soakSeconds: 30}, {percent: 5, soakSeconds: 30}')).toEqual([
      'INVALID_VALUE spec.rollout.canary',
    ]);
    expect(canary('{percent: 5, soakSeconds: 30}, {percent: 5, soakSeconds: 60}')).toEqual([
      'INVALID_VALUE spec.rollout.canary.steps[1]',
    ]);
    expect(canary('{percent: 100, soakSeconds: 1}')).toEqual([
      'INVALID_VALUE spec.rollout.canary.steps[0].percent',
      'INVALID_VALUE spec.rollout.canary.steps[0].soakSeconds',
    ]);
    expect(canary('{percent: 5, soakSeconds: 30}', 'Monitor')).toEqual(['INVALID_VALUE spec']);
  });
});
