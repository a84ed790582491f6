// Who may do what after an install. test/golden/rbac/ROLE-PLACE.txt is what `kubectl auth can-i --list` says of each role that the chart makes; to write
// them anew: node build/test/cluster/suite.js test/cluster/rights.test.ts -u
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKOUT } from '../support/checkout.js';
import { withPlane } from './bed.js';
import type { KubeControlPlane } from './control-plane.js';
import { applyDefinitions, INSTALL_NAMESPACE, parseManifests, PATHS, renderChart } from './install.js';
import { grantsOf, listRights, serviceAccount, sweepRights } from './rights.js';
import type { Who } from './rights.js';
import { agentTokenOn, bearerFlags } from './tokens.js';

const GOLDEN = join(CHECKOUT, 'test/golden/rbac');
const ELSEWHERE = 'shop';

/** Somebody who has one of the roles for people, in the whole cluster. */
const person = (role: string): Who => ({ user: role, groups: ['system:authenticated'] });

const PEOPLE = ['ringfence-view', 'ringfence-edit', 'ringfence-pause'];
const ROLES: readonly [role: string, who: Who][] = [
  ['ringfence-agent', serviceAccount(INSTALL_NAMESPACE, 'ringfence-agent')],
  ['ringfence-controller', serviceAccount(INSTALL_NAMESPACE, 'ringfence-controller')],
  ...PEOPLE.map((role): [string, Who] => [role, person(role)]),
];

const PLACES = [
  ['installed', INSTALL_NAMESPACE],
  ['elsewhere', ELSEWHERE],
] as const;
const goldenFile = (role: string, place: string): string => join(GOLDEN, `${role}-${place}.txt`);
/** Before any test: a test without its file would write it. */
const missing = ROLES.flatMap(([role]) => PLACES.map(([place]) => goldenFile(role, place))).filter(
  (file) => !existsSync(file),
);

const POLICY = {
  apiVersion: 'ringfence.io/v1alpha1',
  kind: 'RuntimePolicy',
  metadata: { name: 'no-nc', namespace: ELSEWHERE },
  spec: {
    mode: 'Enforce',
    selector: { podSelector: { matchLabels: { app: 'web' } } },
    rules: [{ name: 'nc', binaries: { deny: [{ path: '/bin/nc' }] } }],
  },
};
const REPORT = {
  apiVersion: 'wgpolicyk8s.io/v1alpha2',
  kind: 'PolicyReport',
  metadata: { name: 'ringfence-deployment-web', namespace: ELSEWHERE },
};
const SECRET = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'password', namespace: ELSEWHERE } };
const stateOf = (name: string): object => ({
  apiVersion: 'ringfence.io/v1alpha1',
  kind: 'NodeState',
  metadata: { name },
});

/** What an agent of node-a tries, word by word; `in` is what kubectl gets to read. */
const POLICIES = 'runtimepolicies.ringfence.io';
const REPORTS = 'policyreports.wgpolicyk8s.io';
const SPOILED = '{"spec":{"mode":"Monitor"}}';
const FORBIDDEN: readonly [what: string, words: string, input?: object][] = [
  ['make a policy', 'create -f -', { ...POLICY, metadata: { ...POLICY.metadata, name: 'mine' } }],
  ['apply a policy', 'apply --server-side --force-conflicts -f -', POLICY],
  ['change a policy', `patch ${POLICIES} no-nc -n shop --type=merge -p ${SPOILED}`],
  ['pause a policy', `annotate ${POLICIES} no-nc -n shop ringfence.io/paused=2099-01-01T00:00:00Z`],
  [
    'write the status of a policy',
    `patch ${POLICIES} no-nc -n shop --subresource=status --type=merge -p {"status":{}}`,
  ],
  ['delete a policy', `delete ${POLICIES} no-nc -n shop`],
  ['delete all policies', `delete --raw /apis/ringfence.io/v1alpha1/namespaces/shop/runtimepolicies`],
  ['read a report', `get ${REPORTS} -n shop`],
  ['make a report', 'create -f -', { ...REPORT, metadata: { ...REPORT.metadata, name: 'mine' } }],
  ['change a report', `patch ${REPORTS} ringfence-deployment-web -n shop --type=merge -p {"results":[]}`],
  ['delete a report', `delete ${REPORTS} ringfence-deployment-web -n shop`],
  ['read a secret', 'get secret password -n shop'],
  ['list secrets', 'get secrets -A'],
  ['list secrets of its own namespace', `get secrets -n ${INSTALL_NAMESPACE}`],
  ['make a secret', 'create -f -', { ...SECRET, metadata: { name: 'mine', namespace: INSTALL_NAMESPACE } }],
  ['delete a secret', 'delete secret password -n shop'],
  ['ask for a token', `create token ringfence-controller -n ${INSTALL_NAMESPACE}`],
  ['read the state of another node', 'get nodestates.ringfence.io node-b'],
  ['list node states', 'get nodestates.ringfence.io'],
  ['apply the state of another node', 'apply --server-side --force-conflicts -f -', stateOf('node-b')],
  ['make the state of another node', 'create -f -', stateOf('node-c')],
  [
    'patch the state of another node',
    'patch nodestates.ringfence.io node-b --subresource=status --type=merge -p {"status":{}}',
  ],
  ['delete the state of another node', 'delete nodestates.ringfence.io node-b'],
  ['delete its own state', 'delete nodestates.ringfence.io node-a'],
  ['renew the Lease of another node', `annotate lease ringfence-node-node-b -n ${INSTALL_NAMESPACE} a=b`],
  ['delete a Lease', `delete lease ringfence-node-node-b -n ${INSTALL_NAMESPACE}`],
  ['read another ConfigMap', `get configmap kube-root-ca.crt -n ${INSTALL_NAMESPACE}`],
  [
    'write the emergency ConfigMap',
    `create configmap ringfence-emergency -n ${INSTALL_NAMESPACE} --from-literal=mode=Monitor`,
  ],
  ['be somebody else', 'get nodes --as=admin --as-group=system:masters'],
];

describe('rights', () => {
  let plane: KubeControlPlane;
  let end: () => Promise<void>;
  let token: string;

  beforeAll(async () => {
    ({ plane, end } = await withPlane({ controllers: false }));
    await applyDefinitions(plane);
    await plane.kubectl(['create', 'namespace', ELSEWHERE]);
    await plane.apply([POLICY, REPORT, SECRET, stateOf('node-b')]);
    await plane.kubectl(['apply', '--server-side', '-k', PATHS.all]);
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
    await plane.apply([{ ...lease, metadata: { name: 'ringfence-node-node-b', namespace: INSTALL_NAMESPACE } }]);
    for (const role of PEOPLE)
      await plane.kubectl(['create', 'clusterrolebinding', role, `--clusterrole=${role}`, `--user=${role}`]);
    token = await agentTokenOn(plane, 'node-a');
  });
  afterAll(async () => {
    await end();
  });

  it('every role of the chart has a listing', async () => {
    const roles = parseManifests(await renderChart()).filter(({ kind }) => /^(?:Cluster)?Role$/.test(kind));
    expect([...new Set(roles.map(({ metadata }) => metadata.name))].sort()).toEqual(ROLES.map(([role]) => role).sort());
    expect(missing).toEqual([]);
  });

  it.each(ROLES)('%s may do what its listing says', async (role, who) => {
    for (const [place, namespace] of PLACES) {
      const golden = goldenFile(role, place);
      await expect(await listRights(plane, who, namespace)).toMatchFileSnapshot(golden);
    }
  });

  it("with an agent's token the authorizer allows, of every verb on every resource, what the listing says and nothing else", async () => {
    const agent = serviceAccount(INSTALL_NAMESPACE, 'ringfence-agent');
    for (const namespace of [INSTALL_NAMESPACE, ELSEWHERE, '']) {
      const listed = grantsOf(await listRights(plane, agent, namespace === '' ? ELSEWHERE : namespace));
      expect(listed.length).toBeGreaterThan(10);
      expect(await sweepRights(plane, token, namespace)).toEqual([...new Set(listed)].sort());
    }
  });

  it.each(FORBIDDEN)('an agent cannot %s', async (_what, words, input) => {
    const { code, stderr } = await plane.tryKubectl([...words.split(' '), ...bearerFlags(plane, token)], {
      input: input === undefined ? '' : JSON.stringify(input),
    });
    expect(stderr).toMatch(/[Ff]orbidden/);
    expect(code).not.toBe(0);
  });

  it('what an agent tried has changed nothing, and what it may do it can', async () => {
    const [{ spec }, states] = [
      await plane.get<typeof POLICY>('rtp', 'no-nc', '-n', ELSEWHERE),
      await plane.get<{ items: { metadata: { name: string } }[] }>('nodestates'),
    ];
    expect(spec.mode).toBe('Enforce');
    expect(states.items.map(({ metadata }) => metadata.name)).toEqual(['node-b']);
    const input = JSON.stringify(stateOf('node-a'));
    await plane.kubectl(['apply', '--server-side', '-f', '-', ...bearerFlags(plane, token)], { input });
    expect(await plane.kubectl(['get', POLICIES, '-A', ...bearerFlags(plane, token)])).toContain('no-nc');
  });
});
