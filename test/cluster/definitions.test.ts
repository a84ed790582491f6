// The definitions against a real API server: it takes them all, and what it refuses of a policy `ringfence validate` refuses
// too, with the same code and at the same field.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { validatePolicyFile } from '../../operator/src/policy/validate.js';
import { withPlane } from './bed.js';
import type { KubeControlPlane } from './control-plane.js';
import { applyDefinitions, established } from './install.js';

type Spec = Record<string, unknown>;

const RULE = { name: 'r', binaries: { deny: [{ path: '/bin/sh' }] } };
const PODS: Spec = { mode: 'Enforce', selector: { podSelector: { matchLabels: { app: 'web' } } }, rules: [RULE] };
const CLUSTER: Spec = {
  ...PODS,
  selector: { podSelector: {}, namespaceSelector: { matchLabels: { tenant: 'true' } } },
};
const HOST: Spec = {
  mode: 'Enforce',
  scope: 'Host',
  acknowledge: ['HostEnforcement'],
  selector: { cgroups: ['/system.slice/**'] },
  rules: [{ name: 'r', binaries: { deny: [{ origins: ['Anonymous'] }] } }],
};

const rules = (...list: object[]): Spec => ({ ...PODS, rules: list });
const rule = (change: object): Spec => rules({ name: 'r', ...change });
const deny = (item: object): Spec => rule({ binaries: { deny: [item] } });
const path = (item: object): Spec => rule({ paths: { deny: [item] } });
const canary = (steps: object[]): Spec => ({ ...PODS, rollout: { type: 'Canary', canary: { unit: 'Pods', steps } } });
const STEP = { percent: 5, soakSeconds: 60 };

/** What is wrong, the spec, the code and the field. A cluster policy where the spec has a scope or selects namespaces. */
const REFUSED: [what: string, spec: Spec, code: string, field: string][] = [
  ['no mode', { ...PODS, mode: undefined }, 'INVALID_VALUE', 'spec.mode'],
  ['a mode that is none', { ...PODS, mode: 'Block' }, 'INVALID_VALUE', 'spec.mode'],
  ['no selector', { ...PODS, selector: undefined }, 'INVALID_VALUE', 'spec.selector'],
  ['no podSelector', { ...PODS, selector: {} }, 'INVALID_VALUE', 'spec.selector.podSelector'],
  ['no rules', { ...PODS, rules: undefined }, 'INVALID_VALUE', 'spec.rules'],
  ['an empty list of rules', rules(), 'INVALID_VALUE', 'spec.rules'],
  ['two rules of one name', rules(RULE, RULE), 'DUPLICATE_NAME', 'spec.rules[1]'],
  ['a rule without a name', rules({ binaries: RULE.binaries }), 'INVALID_VALUE', 'spec.rules[0].name'],
  ['a rule named in capitals', rules({ ...RULE, name: 'R' }), 'INVALID_VALUE', 'spec.rules[0].name'],
  ['a rule of no kind', rule({}), 'RULE_KIND_COUNT', 'spec.rules[0]'],
  [
    'a rule of two kinds',
    rule({ binaries: RULE.binaries, kernel: { deny: [{ operations: ['Bpf'] }] } }),
    'RULE_KIND_COUNT',
    'spec.rules[0]',
  ],
  [
    'allow and deny',
    rule({ binaries: { allow: [{ path: '/a' }], deny: [{ path: '/b' }] } }),
    'ALLOW_DENY_COUNT',
    'spec.rules[0].binaries',
  ],
  ['neither allow nor deny', rule({ paths: {} }), 'ALLOW_DENY_COUNT', 'spec.rules[0].paths'],
  ['an empty deny', rule({ binaries: { deny: [] } }), 'INVALID_VALUE', 'spec.rules[0].binaries.deny'],
  ['an action that is none', rule({ ...RULE, action: 'Deny' }), 'INVALID_VALUE', 'spec.rules[0].action'],
  [
    'an audit with a guarantee',
    rule({ ...RULE, action: 'Audit', minimumGuarantee: 'Prevent' }),
    'GUARANTEE_CONTRADICTS_ACTION',
    'spec.rules[0]',
  ],
  ['a binary of nothing', deny({ environment: ['A'] }), 'INVALID_VALUE', 'spec.rules[0].binaries.deny[0]'],
  [
    'applets without a path',
    deny({ origins: ['Image'], applets: ['sh'] }),
    'INVALID_VALUE',
    'spec.rules[0].binaries.deny[0]',
  ],
  [
    'an origin that is none',
    deny({ origins: ['Internet'] }),
    'INVALID_VALUE',
    'spec.rules[0].binaries.deny[0].origins[0]',
  ],
  ['a relative path', deny({ path: 'bin/sh' }), 'PATTERN_NOT_ABSOLUTE', 'spec.rules[0].binaries.deny[0].path'],
  ['a path with a slash at its end', path({ path: '/etc/' }), 'PATTERN_NOT_NORMAL', 'spec.rules[0].paths.deny[0].path'],
  ['a path with ..', path({ path: '/etc/../x' }), 'PATTERN_NOT_NORMAL', 'spec.rules[0].paths.deny[0].path'],
  [
    'a path with ** in its middle',
    path({ path: '/a/**/b' }),
    'PATTERN_UNSUPPORTED',
    'spec.rules[0].paths.deny[0].path',
  ],
  [
    'an access that is none',
    path({ path: '/a', access: ['Open'] }),
    'INVALID_VALUE',
    'spec.rules[0].paths.deny[0].access[0]',
  ],
  [
    'an access twice',
    path({ path: '/a', access: ['Read', 'Read'] }),
    'INVALID_VALUE',
    'spec.rules[0].paths.deny[0].access[1]',
  ],
  [
    'ALL beside a capability',
    rule({ capabilities: { deny: ['ALL', 'CAP_BPF'] } }),
    'INVALID_VALUE',
    'spec.rules[0].capabilities.deny',
  ],
  ['an exception of nothing', rule({ ...RULE, except: [{}] }), 'INVALID_VALUE', 'spec.rules[0].except[0]'],
  [
    'paths in an exception of binaries',
    rule({ ...RULE, except: [{ paths: ['/a'] }] }),
    'INVALID_VALUE',
    'spec.rules[0]',
  ],
  [
    'a label operator without values',
    { ...PODS, selector: { podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } },
    'INVALID_VALUE',
    'spec.selector.podSelector.matchExpressions[0]',
  ],
  [
    'Exists with values',
    { ...PODS, selector: { podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } } },
    'INVALID_VALUE',
    'spec.selector.podSelector.matchExpressions[0]',
  ],
  [
    'a session that is none',
    { ...PODS, selector: { podSelector: {}, sessions: ['Attach'] } },
    'INVALID_VALUE',
    'spec.selector.sessions[0]',
  ],
  [
    'an empty list of containers',
    { ...PODS, selector: { podSelector: {}, containers: [] } },
    'INVALID_VALUE',
    'spec.selector.containers',
  ],
  ['a message of two lines', rule({ ...RULE, message: 'a\nb' }), 'INVALID_VALUE', 'spec.rules[0].message'],
  ['steps that fall', canary([{ ...STEP, percent: 50 }, STEP]), 'INVALID_VALUE', 'spec.rollout.canary'],
  ['two steps of one share', canary([STEP, STEP]), 'INVALID_VALUE', 'spec.rollout.canary.steps[1]'],
  ['a share of 100', canary([{ ...STEP, percent: 100 }]), 'INVALID_VALUE', 'spec.rollout.canary.steps[0].percent'],
  ['a rollout in Monitor', { ...canary([STEP]), mode: 'Monitor' }, 'INVALID_VALUE', 'spec'],
  ['a field that is none', { ...PODS, modus: 'Enforce' }, 'UNKNOWN_FIELD', 'spec.modus'],
  [
    'pods without namespaceSelector',
    { ...CLUSTER, scope: 'Pods', selector: { podSelector: {} } },
    'INVALID_VALUE',
    'spec',
  ],
  [
    'cgroups of pods',
    { ...CLUSTER, scope: 'Pods', selector: { podSelector: {}, namespaceSelector: {}, cgroups: ['/a'] } },
    'INVALID_VALUE',
    'spec',
  ],
  ['a host without cgroups', { ...HOST, selector: {} }, 'INVALID_VALUE', 'spec'],
  ['a host with podSelector', { ...HOST, selector: { cgroups: ['/a'], podSelector: {} } }, 'INVALID_VALUE', 'spec'],
  ['a host without acknowledgement', { ...HOST, acknowledge: undefined }, 'ACK_REQUIRED', 'spec'],
  [
    'a host allow list without acknowledgement',
    { ...HOST, rules: [{ name: 'r', binaries: { allow: [{ path: '/a' }] } }] },
    'ACK_REQUIRED',
    'spec',
  ],
  ['an acknowledgement that is none', { ...HOST, acknowledge: ['Everything'] }, 'INVALID_VALUE', 'spec.acknowledge[0]'],
];

const TAKEN: [what: string, spec: Spec][] = [
  ['pods', PODS],
  ['pods of namespaces', CLUSTER],
  ['a host', HOST],
  ['a canary', canary([STEP, { ...STEP, percent: 25 }])],
  [
    'every kind of rule',
    rules(
      { ...RULE, except: [{ sessions: ['Probe'] }, { binaries: [{ path: '/a', origins: ['Image'] }] }] },
      {
        name: 'p',
        paths: { deny: [{ path: '/etc/**', access: ['Write'] }] },
        except: [{ paths: ['/etc/hosts'] }],
        action: 'Block',
      },
      { name: 'c', capabilities: { allow: ['CAP_NET_BIND_SERVICE'] } },
      { name: 'ns', namespaces: { deny: [{ types: ['User'] }] } },
      { name: 'k', kernel: { deny: [{ operations: ['Bpf', 'Kexec'] }] } },
      { name: 't', processes: { deny: [{ operations: ['Trace'], targets: ['Host'] }] } },
    ),
  ],
];

function manifest(spec: Spec): string {
  const ofCluster =
    spec['scope'] !== undefined || 'namespaceSelector' in ((spec['selector'] as object | undefined) ?? {});
  const kind = ofCluster ? 'ClusterRuntimePolicy' : 'RuntimePolicy';
  const metadata = ofCluster ? { name: 'p' } : { name: 'p', namespace: 'default' };
  return stringify({ apiVersion: 'ringfence.io/v1alpha1', kind, metadata, spec });
}

interface Refusal {
  readonly field: string;
  readonly message: string;
}

/** What the server says, field by field. */
function refusals(text: string): Refusal[] {
  const unknown = [...text.matchAll(/unknown field "([^"]+)"/g)].map(([, field = '']) => ({
    field,
    message: 'UNKNOWN_FIELD',
  }));
  const listed = text.replace(/^.*? is invalid: /s, '').split(/\n?\s*\* /);
  const fields = listed.flatMap((line) => {
    const [, field, message] = /^([A-Za-z][\w.[\]]*): (.*)$/s.exec(line.trim()) ?? [];
    return field === undefined || message === undefined ? [] : [{ field, message }];
  });
  return [...unknown, ...fields];
}

/** Codes that the server can say; it has its own words for the rest. */
const SAID_BY_SERVER =
  /\b(UNKNOWN_FIELD|RULE_KIND_COUNT|ALLOW_DENY_COUNT|ACK_REQUIRED|GUARANTEE_CONTRADICTS_ACTION|INVALID_VALUE): /;

describe('the definitions', () => {
  let plane: KubeControlPlane;
  let end: () => Promise<void>;

  beforeAll(async () => {
    ({ plane, end } = await withPlane({ controllers: false }));
    await applyDefinitions(plane);
  });
  afterAll(async () => {
    await end();
  });

  it('are all established, structural, and with names that nobody else has', async () => {
    interface Definition {
      readonly metadata: { readonly name: string };
      readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
    }
    const { items } = await plane.get<{ items: Definition[] }>('customresourcedefinitions');
    expect(items.map(({ metadata }) => metadata.name).sort()).toEqual([
      'clusterpolicyreports.wgpolicyk8s.io',
      'clusterruntimepolicies.ringfence.io',
      'nodestates.ringfence.io',
      'policyreports.wgpolicyk8s.io',
      'runtimepolicies.ringfence.io',
    ]);
    for (const { status } of items) {
      const held = status.conditions.filter((condition) => condition.status === 'True').map(({ type }) => type);
      expect(held.sort()).toEqual(['Established', 'NamesAccepted']);
    }
    await plane.kubectl(['get', 'rtp,crtp,rns,polr,cpolr', '-A']);
    await plane.kubectl(['get', 'ringfence', '-A']);
  });

  it('have successors for reports, which the server takes too', async () => {
    await plane.kubectl(['apply', '--server-side', '-f', 'crds/openreports']);
    await established(plane);
    await plane.kubectl(['get', 'reps,creps', '-A']);
    await plane.kubectl(['delete', '-f', 'crds/openreports']);
  });

  it.each(TAKEN)('take %s', async (_, spec) => {
    const text = manifest(spec);
    await plane.kubectl(['create', '--dry-run=server', '--validate=strict', '-f', '-'], { input: text });
    const issues = validatePolicyFile(text, 'p.yaml').issues.filter(
      ({ level, code }) => level === 'error' && code !== 'NOT_IMPLEMENTED',
    );
    expect(issues).toEqual([]);
  });

  it.each(REFUSED)('refuse %s, as validate does', async (_, spec, code, field) => {
    const text = manifest(parse(stringify(spec)) as Spec);
    const answer = await plane.tryKubectl(['create', '--dry-run=server', '--validate=strict', '-f', '-'], {
      input: text,
    });
    expect(answer.code).not.toBe(0);
    const said = refusals(answer.stderr);
    const there = said.find((refusal) => refusal.field === field);
    expect(there, answer.stderr).toBeDefined();
    const coded = SAID_BY_SERVER.exec(there?.message ?? '')?.[1];
    if (coded !== undefined) expect(coded).toBe(code);
    const issues = validatePolicyFile(text, 'p.yaml').issues.map((issue) => `${issue.code} ${issue.path}`);
    expect(issues).toContain(`${code} ${field}`);
  });

  it('keep the scope that a policy was made with', async () => {
    await plane.apply(manifest({ ...CLUSTER, scope: 'Pods' }));
    const answer = await plane.tryKubectl(['apply', '--server-side', '-f', '-'], { input: manifest(HOST) });
    expect(answer.stderr).toContain('INVALID_VALUE: the scope the policy was made with');
  });
});
