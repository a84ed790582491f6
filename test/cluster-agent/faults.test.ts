// Whatever happens to the API server, to the connection to it and to the agent: what is forbidden stays forbidden, what is allowed is
// never touched, and what was changed meanwhile is in force afterwards. Processes of two containers try it throughout.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectCluster, RUNTIME_POLICIES } from '../../operator/src/k8s/index.js';
import type { Cluster, KubeObject } from '../../operator/src/k8s/index.js';
import { silentLog } from '../../operator/src/log.js';
import { type AgentProcess, waitFor } from '../kernel/harness/agent.js';
import { FaultProxy } from './fault-proxy.js';
import { Prober } from './prober.js';
import { isStaged, onStage } from './on-stage.js';
import { KILLED, NAMESPACE, READ } from './stage.js';
import type { ClusterStage, TestPod } from './stage.js';

const OUTAGE_MS = 30_000;
/** After silence of 100 s a watch counts as dead; then the server is asked again. */
const SILENCE_MAX_MS = 130_000;
const BULK = 1000;

let stage: ClusterStage;
let agent: AgentProcess;
let proxy: FaultProxy;
let cluster: Cluster;
let pod: TestPod;
let container: string;
let probers: Prober[] = [];
let mutedAt = 0;
let markers = 0;

/** A policy of the cluster kind on the same pods. */
function clusterPolicy(name: string, file: string, spec: object = {}): object {
  const rules = [{ name: 'secret', paths: { deny: [{ path: file, access: ['Read'] }] } }];
  const selector = { podSelector: { matchLabels: { app: 'web' } }, namespaceSelector: {} };
  const kind = { apiVersion: 'ringfence.io/v1alpha1', kind: 'ClusterRuntimePolicy' };
  return { ...kind, metadata: { name }, spec: { mode: 'Enforce', selector, rules, ...spec } };
}

/** Until the agent has it in force, or has it no more. */
async function known(name: string, is = true): Promise<void> {
  await waitFor(`policy ${name} to ${is ? 'be in force' : 'be gone'}`, 60_000, async () => {
    const found = await agent.policy(name);
    const inForce = found?.status.nodes.enforced === 1 || found?.status.nodes.degraded === 1;
    return (is ? inForce : found === undefined) ? true : undefined;
  });
}

const fileOf = (marker: number): string => `marker-${marker}`;

/** A policy about a new file, in place of the last one. */
async function changePolicies(): Promise<void> {
  markers += 1;
  const name = fileOf(markers);
  writeFileSync(join(stage.root, name), 'open');
  const rules = [{ name: 'marker', paths: { deny: [{ path: join(stage.root, name), access: ['Read'] }] } }];
  await stage.plane.apply([stage.policy({ name, spec: { rules } })]);
  if (markers > 1) await stage.plane.kubectl(['delete', 'runtimepolicy', '-n', NAMESPACE, fileOf(markers - 1)]);
}

/** The last change is in force: the new policy is there, and the one before is gone. */
async function expectHeard(): Promise<void> {
  const tried = (marker: number) => stage.run(container, ['cat', `/${fileOf(marker)}`]).signal;
  await waitFor('the agent to hear of a change', 60_000, () => (tried(markers) === 'SIGKILL' ? true : undefined));
  if (markers > 1) await waitFor('a policy to go', 10_000, () => (tried(markers - 1) === null ? true : undefined));
}

function startProbers(innocent: string): void {
  probers = [
    new Prober(container, stage.root, '/secret', 'killed'),
    new Prober(container, stage.root, '/open', 'done'),
    new Prober(innocent, stage.root, '/secret', 'done'),
  ];
}

async function stopProbers(): Promise<void> {
  await Promise.all(probers.map((prober) => prober.stop()));
  probers = [];
}

async function prepare(on: ClusterStage): Promise<void> {
  stage = on;
  proxy = await FaultProxy.start(stage.plane);
  const identity = { fieldManager: 'test', userAgent: 'test', instance: 'test', log: silentLog };
  cluster = await connectCluster({ kubeconfig: stage.plane.kubeconfig, ...identity });
  agent = await stage.start([], await proxy.kubeconfig());
  await stage.plane.apply([stage.policy({ name: 'guard' })]);
  pod = await stage.pod({ name: 'web-1', labels: { app: 'web' }, containers: [{ name: 'main' }, { name: 'side' }] });
  container = stage.container(pod, 'main');
  const innocent = stage.container(await stage.pod({ name: 'db-1', labels: { app: 'db' } }), 'main');
  await waitFor('the policy', 20_000, () => (stage.readSecret(container).signal === 'SIGKILL' ? true : undefined));
  startProbers(innocent);
}

async function clean(): Promise<void> {
  await stopProbers();
  await cluster.stop();
  await agent.remove();
  await proxy.stop();
}

onStage('faults', prepare, clean);

/** Each has gone on trying since the last look, and none ended otherwise than it should. */
async function expectProbersRight(): Promise<void> {
  const before = probers.map(({ tries }) => tries);
  await waitFor('the probes to go on', 20_000, () =>
    probers.every(({ tries }, index) => tries > (before[index] ?? 0)) ? true : undefined,
  );
  expect(probers.flatMap((prober) => prober.takeWrong())).toEqual([]);
}

afterEach(async () => {
  if (probers.length > 0) await expectProbersRight();
});

describe('the connection', () => {
  it('falls silent in one watch, with nothing else to tell', async () => {
    expect(proxy.mute('/clusterruntimepolicies?')).toBeGreaterThan(0);
    mutedAt = performance.now();
    writeFileSync(join(stage.root, 'late'), 'open');
    await stage.plane.apply([clusterPolicy('late', join(stage.root, 'late'))]);
    expect(stage.run(container, ['cat', '/late']).signal).toBe(null);
  });

  it('is cut in the middle of events', async () => {
    expect(proxy.cut()).toBeGreaterThan(4);
    await changePolicies();
    await expectHeard();
  });

  it('has lost its place: 410 as an event and as an answer', async () => {
    proxy.expire('/runtimepolicies?');
    await changePolicies();
    await expectHeard();
    proxy.answer({ match: '/runtimepolicies?', status: 410, times: 1 });
    proxy.answer({ match: '/pods?', status: 410, times: 1 });
    proxy.cut();
    await changePolicies();
    await expectHeard();
    await waitFor('the answers to be met', 30_000, () => (proxy.pending === 0 ? true : undefined));
  });

  it('is answered with 429 and 5xx for a while', async () => {
    proxy.answer({ match: '/runtimepolicies?', status: 429, headers: { 'retry-after': '1' }, times: 2 });
    proxy.answer({ match: '/pods?', status: 503, times: 3 });
    proxy.answer({ match: '/namespaces?', status: 500, times: 2 });
    proxy.cut();
    const made = await stage.pod({ name: 'web-2', labels: { app: 'web' } });
    await changePolicies();
    await expectHeard();
    await waitFor('the answers to be met', 30_000, () => (proxy.pending === 0 ? true : undefined));
    const first = stage.container(made, 'main');
    await waitFor('the pod', 20_000, () => (stage.readSecret(first).signal === 'SIGKILL' ? true : undefined));
  });
});

describe('the server', () => {
  it('is away for half a minute, and etcd has forgotten what happened before', async () => {
    proxy.answer({ match: 'watch=', status: 503, times: Infinity });
    proxy.cut();
    await changePolicies();
    await stage.plane.compact();
    await stage.plane.stopApiServer('SIGKILL');
    proxy.heal();
    const began = performance.now();
    const side = stage.container(pod, 'side');
    expect(stage.readSecret(side)).toEqual(KILLED);
    await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS - (performance.now() - began)));
    expect(stage.readSecret(side)).toEqual(KILLED);
    await stage.plane.startApiServer();
    await expectHeard();
  });

  it('deletes a namespace with its policies and pods', async () => {
    await stage.namespace('gone');
    await stage.plane.apply([stage.policy({ name: 'of-gone', namespace: 'gone' })]);
    const doomed = await stage.pod({ name: 'web-1', namespace: 'gone', labels: { app: 'web' } });
    const its = stage.container(doomed, 'main');
    await waitFor('its policy', 20_000, () => (stage.readSecret(its).signal === 'SIGKILL' ? true : undefined));
    await stage.plane.kubectl(['delete', 'namespace', 'gone', '--wait=false']);
    expect(stage.readSecret(its)).toEqual(KILLED);
    await stage.endNamespace('gone');
    await known('of-gone', false);
    // Nobody says that the container has ended: it keeps what it had.
    expect(stage.readSecret(its)).toEqual(KILLED);
  });

  it(`deletes ${BULK} policies at once`, async () => {
    const names = Array.from({ length: BULK }, (_, index) => `bulk-${index}`);
    const labelled = (name: string): KubeObject => {
      const selector = { podSelector: { matchLabels: { app: name } } };
      const object = stage.policy({ name, selector }) as KubeObject;
      return { ...object, metadata: { ...object.metadata, labels: { bulk: 'yes' } } };
    };
    for (let start = 0; start < BULK; start += 50) {
      await Promise.all(names.slice(start, start + 50).map((name) => cluster.apply(RUNTIME_POLICIES, labelled(name))));
    }
    const held = async (): Promise<number> =>
      (await agent.status()).policies.filter(({ metadata }) => metadata.name.startsWith('bulk-')).length;
    await waitFor('all of them', 60_000, async () => ((await held()) === BULK ? true : undefined));
    const path = `/apis/ringfence.io/v1alpha1/namespaces/${NAMESPACE}/runtimepolicies?labelSelector=bulk%3Dyes`;
    await stage.plane.kubectl(['delete', '--raw', path]);
    await waitFor('none of them', 60_000, async () => ((await held()) === 0 ? true : undefined));
    await changePolicies();
    await expectHeard();
  });

  it('is heard again in the watch that fell silent', async () => {
    const leftMs = SILENCE_MAX_MS - (performance.now() - mutedAt);
    const enforced = (): true | undefined =>
      stage.run(container, ['cat', '/late']).signal === 'SIGKILL' ? true : undefined;
    await waitFor('the watch to be made anew', Math.max(leftMs, 5_000), enforced);
  }, 150_000);

  it('loses the definition of a kind and gets it back', async () => {
    await stage.plane.apply([clusterPolicy('guard-all', stage.secret)]);
    await known('guard-all');
    await stage.plane.kubectl(['delete', 'crd', 'runtimepolicies.ringfence.io']);
    await known('guard', false);
    await stage.applyCrds();
    await stage.plane.apply([stage.policy({ name: 'guard' })]);
    await known('guard');
    await stage.plane.kubectl(['delete', 'clusterruntimepolicy', 'guard-all', 'late']);
    await known('guard-all', false);
    markers = 0;
  });
});

describe('the agent', () => {
  it('is killed, and hears afterwards of what happened meanwhile', async () => {
    await agent.kill9();
    await changePolicies();
    await agent.restart();
    await expectHeard();
  });

  it('is killed and starts again while the server is away', async () => {
    const spec = { acknowledge: ['SystemNamespaces'] };
    await stage.plane.apply([clusterPolicy('system', stage.secret, spec)]);
    await known('system');
    await stage.flushed(agent, 'system');
    await agent.kill9();
    await stage.plane.stopApiServer('SIGKILL');
    await agent.restart();
    const made = stage.container(pod, 'main');
    expect(stage.readSecret(made)).toEqual(KILLED);
  });
});

describe('a node that was rebooted while the server is away', () => {
  let system: string;

  beforeAll(async () => {
    if (!isStaged()) return;
    await stopProbers();
    await stage.plane.startApiServer();
    const own = await stage.pod({ name: 'web-0', namespace: 'kube-system', labels: { app: 'web' } });
    system = stage.container(own, 'main');
    await waitFor('the policy', 20_000, () => (stage.readSecret(system).signal === 'SIGKILL' ? true : undefined));
    await stage.plane.stopApiServer('SIGKILL');
    await stage.savedPod(agent, own);
    await agent.remove();
    const path = join(agent.stateFolder, 'tenure.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"bootID":"[^"]*"/, '"bootID":"another"'));
    await agent.restart();
  });

  it('has its policies from the disk', () => {
    expect(stage.readSecret(container)).toEqual(KILLED);
  });

  it('only reports by those of system namespaces, until the server confirms them', async () => {
    expect(stage.readSecret(system)).toEqual(READ);
    await stage.plane.startApiServer();
    await waitFor('the server', 60_000, () => (stage.readSecret(system).signal === 'SIGKILL' ? true : undefined));
  });
});
