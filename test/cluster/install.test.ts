// The manifests: chart and kustomize are the same objects, the real API server takes them, and admission refuses what RBAC cannot say.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withPlane } from './bed.js';
import type { KubeControlPlane } from './control-plane.js';
import {
  applyDefinitions,
  generatedBase,
  generatedRemoval,
  INSTALL_NAMESPACE,
  manifestKey,
  parseManifests,
  PATHS,
  renderChart,
  renderKustomize,
} from './install.js';
import { agentTokenOn, bearerFlags } from './tokens.js';

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

  it('the kustomize base is what the chart renders', async () => {
    expect(readFileSync(PATHS.generated, 'utf8')).toBe(await generatedBase());
    expect(readFileSync(PATHS.removal, 'utf8')).toBe(await generatedRemoval());
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
    const removal = await plane.kubectl(['apply', '--server-side', '-k', dirname(PATHS.removal)]);
    expect(removal).toContain('daemonset.apps/ringfence-agent');
    const pods = 'jsonpath={.spec.template.spec.initContainers[*].name} {.spec.template.spec.hostPID}';
    const agents = ['get', 'daemonset', 'ringfence-agent', '-n', INSTALL_NAMESPACE, '-o', pods];
    expect((await plane.kubectl(agents)).trim()).toBe('remove');
  });

  it('a node state is written only by a token that is bound to its node', async () => {
    const state = (name: string): string =>
      JSON.stringify({ apiVersion: 'ringfence.io/v1alpha1', kind: 'NodeState', metadata: { name } });
    const apply = async (name: string, flags: string[]): Promise<string> =>
      (await plane.tryKubectl(['apply', '--server-side', '-f', '-', ...flags], { input: state(name) })).stderr;
    const asNodeA = bearerFlags(plane, await agentTokenOn(plane, 'node-a'));
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
