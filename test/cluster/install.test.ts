// The manifests: chart and kustomize are the same objects, the real API server takes them, and they grant no more than they should.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withPlane } from './bed.js';
import type { KubeControlPlane } from './control-plane.js';
import {
  applyDefinitions,
  generatedBase,
  INSTALL_NAMESPACE,
  manifestKey,
  parseManifests,
  PATHS,
  renderChart,
  renderKustomize,
} from './install.js';

const AGENT = `system:serviceaccount:${INSTALL_NAMESPACE}:ringfence-agent`;
const CONTROLLER = `system:serviceaccount:${INSTALL_NAMESPACE}:ringfence-controller`;

function policy(namespace: string, change: object = {}): object {
  return {
    apiVersion: 'ringfence.io/v1alpha1',
    kind: 'RuntimePolicy',
    metadata: { name: 'no-nc', namespace },
    spec: {
      mode: 'Enforce',
      selector: { podSelector: { matchLabels: { app: 'web' } } },
      rules: [{ name: 'nc', binaries: { deny: [{ path: '/bin/nc' }] } }],
      ...change,
    },
  };
}

describe('manifests', () => {
  let plane: KubeControlPlane;
  let end: () => Promise<void>;

  beforeAll(async () => {
    ({ plane, end } = await withPlane({ controllers: false }));
    await applyDefinitions(plane);
  });
  afterAll(async () => {
    await end();
  });

  const can = async (user: string, groups: string, ...question: string[]): Promise<boolean> => {
    const as = [`--as=${user}`, ...groups.split(' ').map((group) => `--as-group=${group}`)];
    return (await plane.tryKubectl(['auth', 'can-i', ...question, ...as])).stdout.trim() === 'yes';
  };
  const agentCan = async (...question: string[]): Promise<boolean> =>
    await can(
      AGENT,
      `system:serviceaccounts system:serviceaccounts:${INSTALL_NAMESPACE} system:authenticated`,
      ...question,
    );
  const controllerCan = async (...question: string[]): Promise<boolean> =>
    await can(
      CONTROLLER,
      `system:serviceaccounts system:serviceaccounts:${INSTALL_NAMESPACE} system:authenticated`,
      ...question,
    );

  it('the kustomize base is what the chart renders', async () => {
    expect(readFileSync(PATHS.generated, 'utf8')).toBe(await generatedBase());
    const byKey = (yaml: string): Map<string, object> =>
      new Map(parseManifests(yaml).map((manifest) => [manifestKey(manifest), manifest]));
    const [chart, base] = [byKey(await renderChart()), byKey(await renderKustomize(PATHS.base))];
    expect([...base.keys()].sort()).toEqual([...chart.keys()].sort());
    for (const [key, object] of chart) expect(base.get(key), key).toEqual(object);
  });

  it('a server-side dry run takes every object of a fresh install', async () => {
    await plane.kubectl(['create', 'namespace', INSTALL_NAMESPACE]);
    const rendered = await renderChart();
    const input = { input: rendered };
    const said = await plane.kubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], input);
    expect(said.trim().split('\n')).toHaveLength(parseManifests(rendered).length);
  });

  it('kubectl apply -k installs them and the privileged namespace admits the agent', async () => {
    const said = await plane.kubectl(['apply', '--server-side', '--force-conflicts', '-k', PATHS.all]);
    expect(said).toContain('daemonset.apps/ringfence-agent');
    const labels = await plane.get<{ metadata: { labels: Record<string, string> } }>('namespace', INSTALL_NAMESPACE);
    expect(labels.metadata.labels['pod-security.kubernetes.io/enforce']).toBe('privileged');
  });

  it('an agent changes no policy and no report, and reads no secret and no node state', async () => {
    expect(await agentCan('list', 'runtimepolicies.ringfence.io', '-A')).toBe(true);
    expect(await agentCan('watch', 'pods', '-A')).toBe(true);
    expect(await agentCan('patch', 'nodestates.ringfence.io', '--subresource=status')).toBe(true);
    for (const verb of ['create', 'update', 'patch', 'delete']) {
      expect(await agentCan(verb, 'runtimepolicies.ringfence.io', '-n', 'default'), verb).toBe(false);
      expect(await agentCan(verb, 'clusterruntimepolicies.ringfence.io'), verb).toBe(false);
      expect(await agentCan(verb, 'policyreports.wgpolicyk8s.io', '-n', 'default'), verb).toBe(false);
    }
    expect(await agentCan('get', 'secrets', '-n', INSTALL_NAMESPACE)).toBe(false);
    expect(await agentCan('get', 'nodestates.ringfence.io')).toBe(false);
    expect(await agentCan('get', 'configmaps', '-n', INSTALL_NAMESPACE)).toBe(false);
    expect(await agentCan('get', 'configmaps/ringfence-emergency', '-n', INSTALL_NAMESPACE)).toBe(true);
  });

  it('the controller writes status and reports, and changes neither policy nor node state', async () => {
    expect(await controllerCan('patch', 'runtimepolicies.ringfence.io', '--subresource=status', '-n', 'default')).toBe(
      true,
    );
    expect(await controllerCan('patch', 'policyreports.wgpolicyk8s.io', '-n', 'default')).toBe(true);
    expect(await controllerCan('patch', 'runtimepolicies.ringfence.io', '-n', 'default')).toBe(false);
    expect(await controllerCan('patch', 'nodestates.ringfence.io', '--subresource=status')).toBe(false);
    expect(await controllerCan('get', 'secrets', '-n', INSTALL_NAMESPACE)).toBe(false);
    expect(await controllerCan('create', 'pods', '-n', INSTALL_NAMESPACE)).toBe(false);
  });

  it('a node state is written only by a token that is bound to its node', async () => {
    const state = (name: string): string =>
      JSON.stringify({ apiVersion: 'ringfence.io/v1alpha1', kind: 'NodeState', metadata: { name } });
    const token = async (node: string): Promise<string> => await tokenBoundTo(plane, node);
    const apply = async (name: string, flags: string[]): Promise<string> =>
      (await plane.tryKubectl(['apply', '--server-side', '-f', '-', ...flags], { input: state(name) })).stderr;
    const kubeconfig = [
      '--kubeconfig=/dev/null',
      `--server=${plane.server}`,
      `--certificate-authority=${plane.pki.authority}`,
    ];
    const asNodeA = [...kubeconfig, `--token=${await token('node-a')}`];
    expect(await apply('node-a', asNodeA)).toBe('');
    expect(await apply('node-b', asNodeA)).toMatch(
      /NODE_STATE_WRITER: the token is bound to node node-a, not to node-b/,
    );
    expect(await apply('node-c', [])).toMatch(/NODE_STATE_WRITER: .* not by (admin|kubernetes-admin)/);
  });

  it('a policy in a system namespace has to acknowledge it', async () => {
    const refused = await plane.tryKubectl(['apply', '-f', '-'], { input: JSON.stringify(policy('kube-system')) });
    expect(refused.stderr).toMatch(/ACK_REQUIRED: kube-system is a system namespace/);
    await plane.apply([policy('kube-system', { acknowledge: ['SystemNamespaces'] })]);
  });

  it('pausing asks for the verb pause, ending a pause does not', async () => {
    await plane.apply([policy('default')]);
    const subject = ['--user=eve'];
    await plane.kubectl(['create', 'clusterrolebinding', 'eve', '--clusterrole=ringfence-edit', ...subject]);
    const annotate = async (value: string, ...flags: string[]): Promise<string> =>
      (await plane.tryKubectl(['annotate', '--overwrite', 'rtp', 'no-nc', value, ...flags])).stderr;
    expect(await annotate('ringfence.io/paused=2026-01-01T00:00:00Z', '--as=eve')).toMatch(/PAUSE_FORBIDDEN: eve/);
    expect(await annotate('ringfence.io/paused=tomorrow')).toMatch(/INVALID_VALUE: annotation ringfence.io\/paused/);
    expect(await annotate('ringfence.io/paused=2026-01-01T00:00:00Z')).toBe('');
    expect(await annotate('ringfence.io/paused-', '--as=eve')).toBe('');
    await plane.kubectl(['create', 'clusterrolebinding', 'eve-pause', '--clusterrole=ringfence-pause', ...subject]);
    expect(await annotate('ringfence.io/paused=2026-01-01T00:00:00Z', '--as=eve')).toBe('');
  });

  it('Enforce with an empty podSelector is warned of', async () => {
    const input = JSON.stringify(policy('default', { selector: { podSelector: {} } }));
    const said = await plane.tryKubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], { input });
    expect(said.code).toBe(0);
    expect(said.stderr).toMatch(/SELECTS_ALL: an empty podSelector selects every pod/);
  });
});

/** A token as the kubelet asks for a pod's: bound to a pod, and by it to a node. */
async function tokenBoundTo(plane: KubeControlPlane, node: string): Promise<string> {
  const labels = { name: node };
  await plane.apply([{ apiVersion: 'v1', kind: 'Node', metadata: labels }]);
  const spec = {
    nodeName: node,
    serviceAccountName: 'ringfence-agent',
    containers: [{ name: 'agent', image: 'none' }],
    tolerations: [{ operator: 'Exists' }],
  };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `agent-${node}`, namespace: INSTALL_NAMESPACE },
    spec,
  };
  await plane.apply([pod]);
  const bound = ['--bound-object-kind=Pod', `--bound-object-name=agent-${node}`];
  return (await plane.kubectl(['create', 'token', 'ringfence-agent', '-n', INSTALL_NAMESPACE, ...bound])).trim();
}
