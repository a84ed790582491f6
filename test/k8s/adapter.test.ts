// The adapter against a real API server and etcd: what the fault-injecting server of the unit tests cannot vouch for.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi, type TestContext } from 'vitest';
import {
  CONFIG_MAPS,
  connectCluster,
  EVENTS,
  LEASES,
  NAMESPACES,
  NODE_STATES,
  PODS,
  type Cluster,
  type Feed,
  type KubeObject,
  type Lease,
} from '../../operator/src/k8s/index.js';
import { silentLog } from '../../operator/src/log.js';
import { ClusterUnavailable } from '../cluster/cache.js';
import { KubeControlPlane } from '../cluster/control-plane.js';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const NODE_STATE_DEFINITION = 'crds/ringfence.io_nodestates.yaml';
const QUICK = { absentMaxMs: 1_000, idleMs: 3_000, watchSeconds: 60 };

let folder: string;
let plane: KubeControlPlane | undefined;
let unavailable = '';
let namespaces = 0;
let namespace: string;
const clusters: Cluster[] = [];

async function connect(instance = 'node-1'): Promise<Cluster> {
  const identity = { log: silentLog, userAgent: 'ringfence-test/1', fieldManager: 'ringfence-test', instance };
  const limits = { times: QUICK, eventLimits: { seriesMs: 1_000 } };
  const cluster = await connectCluster({ ...identity, ...limits, kubeconfig: running().kubeconfig });
  clusters.push(cluster);
  return cluster;
}

function running(): KubeControlPlane {
  if (plane === undefined) throw new Error('no control plane');
  return plane;
}

const soon = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 60_000, interval: 20 });

const configMap = (name: string, value: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { value },
});

/** Names and values of what a feed holds of this test's namespace. */
const held = (feed: Feed<ConfigMap>): string[] =>
  [...feed.items().values()].map(({ metadata, data }) => `${metadata.name}=${data?.['value']}`).sort();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ringfence-k8s-'));
  try {
    plane = await KubeControlPlane.start({ folder, controllers: false });
  } catch (error) {
    if (!(error instanceof ClusterUnavailable)) throw error;
    unavailable = error.message;
  }
});

afterAll(async () => {
  await plane?.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async (context: TestContext) => {
  if (plane === undefined) return context.skip(`no cluster can be made here: ${unavailable}`);
  namespaces += 1;
  namespace = `test-${namespaces}`;
  const cluster = await connect();
  await cluster.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});

afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.stop()));
});

describe('feeds', () => {
  it('lists in pages and follows changes', async () => {
    const cluster = await connect();
    const names = Array.from({ length: 1_100 }, (_, index) => `map-${index}`);
    for (let start = 0; start < names.length; start += 50) {
      const some = names.slice(start, start + 50);
      await Promise.all(some.map((name) => cluster.create(CONFIG_MAPS, configMap(name, '1'))));
    }
    const feed = cluster.watch<ConfigMap>(CONFIG_MAPS, { namespace, onChange: () => undefined });
    await soon(() => expect(feed.items().size).toBe(1_100));
    expect(cluster.metrics().answers['GET 200']).toBeGreaterThanOrEqual(3);
    await cluster.apply(CONFIG_MAPS, configMap('map-0', '2'));
    await cluster.remove(CONFIG_MAPS, { name: 'map-1', namespace });
    await soon(() => {
      expect(feed.items().size).toBe(1_099);
      expect(held(feed)).toContain('map-0=2');
    });
    expect([...feed.items().values()][0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect([...feed.items().values()].every(({ metadata }) => !('managedFields' in metadata))).toBe(true);
  });
  it('holds the pods of one node only, and lets them go when they leave the selection', async () => {
    const cluster = await connect();
    await running().kubectl(['-n', namespace, 'create', 'serviceaccount', 'default']);
    const pod = (name: string, nodeName: string): object => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: { app: name } },
      spec: { nodeName, containers: [{ name: 'c', image: 'i' }], terminationGracePeriodSeconds: 0 },
    });
    const names = (feed: Feed<KubeObject>): string[] =>
      [...feed.items().values()].map((item) => item.metadata.name).sort();
    const mine = cluster.watch(PODS, { fieldSelector: 'spec.nodeName=n1', onChange: () => undefined });
    const labelled = cluster.watch(PODS, {
      namespace,
      labelSelector: 'app=a',
      metadataOnly: true,
      onChange: () => undefined,
    });
    await running().apply([pod('a', 'n1'), pod('b', 'n2'), pod('c', 'n1')]);
    await soon(() => expect([names(mine), names(labelled)]).toEqual([['a', 'c'], ['a']]));
    expect([...labelled.items().values()][0]).not.toHaveProperty('spec');
    expect([...labelled.items().values()][0]).toMatchObject({ apiVersion: 'v1', kind: 'Pod' });
    await running().kubectl(['-n', namespace, 'label', 'pod', 'a', 'app=z', '--overwrite']);
    await running().kubectl(['-n', namespace, 'delete', 'pod', 'c', '--force', '--grace-period=0']);
    await soon(() => expect([names(mine), names(labelled)]).toEqual([['a'], []]));
  });
  it('finds a resource when its definition is installed, and that it is gone when it is deleted', async () => {
    const cluster = await connect();
    const feed = cluster.watch(NODE_STATES, { onChange: () => undefined });
    await soon(() => expect(feed.state).toBe('absent'));
    await cluster.registerCustomResourceDefinition(NODE_STATE_DEFINITION);
    await soon(() => expect([feed.state, feed.synced]).toEqual(['watching', true]));
    const metadata = { name: 'n1' };
    await cluster.apply(NODE_STATES, { apiVersion: 'ringfence.io/v1alpha1', kind: 'NodeState', metadata });
    await soon(() => expect(feed.items().size).toBe(1));
    await running().kubectl(['delete', 'crd', 'nodestates.ringfence.io']);
    await soon(() => expect([feed.state, feed.items().size]).toEqual(['absent', 0]));
    await cluster.registerCustomResourceDefinition(NODE_STATE_DEFINITION);
    await soon(() => expect([feed.state, feed.synced, feed.items().size]).toEqual(['watching', true, 0]));
  });
  it('loses nothing when the API server is killed and comes back', async () => {
    const cluster = await connect();
    const feed = cluster.watch<ConfigMap>(CONFIG_MAPS, { namespace, onChange: () => undefined });
    await cluster.create(CONFIG_MAPS, configMap('before', '1'));
    await cluster.create(CONFIG_MAPS, configMap('deleted', '1'));
    await soon(() => expect(held(feed)).toEqual(['before=1', 'deleted=1']));
    await running().stopApiServer('SIGKILL');
    await soon(() => expect(feed.state).toBe('retrying'));
    expect([held(feed), feed.synced]).toEqual([['before=1', 'deleted=1'], true]);
    await running().startApiServer();
    await running().kubectl(['-n', namespace, 'delete', 'configmap', 'deleted']);
    await running().kubectl(['-n', namespace, 'create', 'configmap', 'after', '--from-literal=value=2']);
    await soon(() => expect(held(feed)).toEqual(['after=2', 'before=1']));
  });
  it('gives up a server that is there and does not answer, and catches up', async () => {
    const cluster = await connect();
    const feed = cluster.watch<ConfigMap>(CONFIG_MAPS, { namespace, onChange: () => undefined });
    await soon(() => expect(feed.state).toBe('watching'));
    running().signalComponent('kube-apiserver', 'SIGSTOP');
    await soon(() => expect(cluster.metrics().watches[0]?.ends.idle).toBeGreaterThan(0));
    running().signalComponent('kube-apiserver', 'SIGCONT');
    await running().kubectl(['-n', namespace, 'create', 'configmap', 'after', '--from-literal=value=2']);
    await soon(() => expect(held(feed)).toEqual(['after=2']));
  });
  it('lists again when history was discarded while it was away', async () => {
    const cluster = await connect();
    const feed = cluster.watch<ConfigMap>(CONFIG_MAPS, { namespace, onChange: () => undefined });
    await cluster.create(CONFIG_MAPS, configMap('kept', '1'));
    const first = await cluster.create<ConfigMap>(CONFIG_MAPS, configMap('again', '1'));
    await soon(() => expect(feed.items().size).toBe(2));
    await running().stopApiServer('SIGKILL');
    await running().startApiServer();
    await running().kubectl(['-n', namespace, 'delete', 'configmap', 'again']);
    const second = await (await connect()).create<ConfigMap>(CONFIG_MAPS, configMap('again', '1'));
    await running().compact();
    await soon(() => expect(feed.items().has(second.metadata.uid ?? '')).toBe(true));
    expect(feed.items().has(first.metadata.uid ?? '')).toBe(false);
    expect(held(feed)).toEqual(['again=1', 'kept=1']);
  });
});

describe('writes', () => {
  it('applies fields of its own and leaves those of others', async () => {
    const cluster = await connect();
    await cluster.apply(CONFIG_MAPS, { ...configMap('shared', 'mine'), data: { a: '1' } } as ConfigMap);
    const other = { ...configMap('shared', ''), data: { b: '2' } };
    await cluster.apply(CONFIG_MAPS, other, { fieldManager: 'other' });
    await cluster.apply(CONFIG_MAPS, { ...other, data: { a: '3' } } as ConfigMap);
    const after = await cluster.get<ConfigMap>(CONFIG_MAPS, 'shared', namespace);
    expect(after?.data).toEqual({ a: '3', b: '2' });
    const contested = { ...other, data: { a: '4' } } as ConfigMap;
    const unforced = cluster.apply(CONFIG_MAPS, contested, { fieldManager: 'other', force: false });
    await expect(unforced).rejects.toMatchObject({ code: 'CLUSTER_CONFLICT' });
  });
  it('writes status beside the rest, and refuses a version that is not the latest', async () => {
    const cluster = await connect();
    await cluster.registerCustomResourceDefinition(NODE_STATE_DEFINITION);
    const object = { apiVersion: 'ringfence.io/v1alpha1', kind: 'NodeState', metadata: { name: namespace } };
    const made = (await soon(() => cluster.apply(NODE_STATES, object))) as KubeObject;
    const status = { agent: { version: '1', bootID: 'b', epoch: 'e' } };
    const written = await cluster.applyStatus<KubeObject & { status?: object }>(NODE_STATES, {
      ...object,
      ...{ status },
    });
    expect(written.status).toMatchObject(status);
    const stale = cluster.replaceStatus(NODE_STATES, { ...made, ...{ status } });
    await expect(stale).rejects.toMatchObject({ code: 'CLUSTER_CONFLICT', reason: 'Conflict' });
    const wrong = cluster.applyStatus(NODE_STATES, { ...object, ...{ status: { nonsense: 1 } } });
    await expect(wrong).rejects.toMatchObject({ code: 'CLUSTER_INVALID' });
  });
  it('records Events that the API server takes, one for each thing that repeats', async () => {
    const cluster = await connect('node-7');
    const regarding = { apiVersion: 'v1', kind: 'Pod', name: 'web-0', namespace, uid: 'u-1' };
    const record = {
      regarding,
      type: 'Warning',
      reason: 'ProcessKilled',
      action: 'Kill',
      note: 'killed /bin/sh',
    } as const;
    cluster.recordEvent(record);
    await soon(async () => expect(await cluster.list(EVENTS, { namespace })).toHaveLength(1));
    for (let count = 0; count < 99; count += 1) cluster.recordEvent(record);
    cluster.recordEvent({ ...record, regarding: { apiVersion: 'v1', kind: 'Node', name: 'node-7' } });
    await soon(async () => {
      const [event] = await cluster.list<KubeObject & { series?: { count: number } }>(EVENTS, { namespace });
      expect(event?.series?.count).toBe(100);
    });
    const shown = await running().kubectl(['-n', namespace, 'get', 'events']);
    expect(shown).toMatch(/Warning +ProcessKilled +pod\/web-0 +killed \/bin\/sh/);
    expect(cluster.metrics().events).toEqual({ recorded: 101, written: 3, dropped: 0 });
  });
  it('says what it is not allowed to do', async () => {
    const kubeconfig = await running().writeKubeconfig('nobody', '/CN=nobody');
    const identity = { log: silentLog, userAgent: 'ringfence-test/1', fieldManager: 'x', instance: 'x' };
    const cluster = await connectCluster({ ...identity, kubeconfig });
    clusters.push(cluster);
    await expect(cluster.list(PODS)).rejects.toMatchObject({ code: 'CLUSTER_FORBIDDEN' });
    const feed = cluster.watch(PODS, { onChange: () => undefined });
    await soon(() => expect([feed.state, feed.synced]).toEqual(['forbidden', false]));
  });
});

describe('leases', () => {
  it('make one leader, which passes on what it releases', async () => {
    const [a, b] = [await connect('a'), await connect('b')];
    const started: string[] = [];
    const stand = (cluster: Cluster, identity: string): ReturnType<Cluster['elect']> =>
      cluster.elect({ name: 'controller', namespace, identity, onStarted: () => void started.push(identity) });
    const first = stand(a, 'a');
    await soon(() => expect(first.leading).toBe(true));
    const second = stand(b, 'b');
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect([first.leading, second.leading]).toEqual([true, false]);
    await first.stop();
    await soon(() => expect(second.leading).toBe(true));
    expect(started).toEqual(['a', 'b']);
    const lease = await b.get<Lease>(LEASES, 'controller', namespace);
    expect(lease?.spec).toMatchObject({
      holderIdentity: second.identity,
      leaseTransitions: 2,
      leaseDurationSeconds: 15,
    });
  });
  it('end a leadership that the server does not renew, before another could take over', async () => {
    const cluster = await connect();
    const times = { durationMs: 6_000, renewMs: 4_000, retryMs: 500 };
    let signal: AbortSignal | undefined;
    const election = cluster.elect({
      ...{ name: 'controller', namespace, identity: 'a', ...times },
      onStarted: (tenure) => {
        signal = tenure;
      },
    });
    await soon(() => expect(election.leading).toBe(true));
    running().signalComponent('kube-apiserver', 'SIGSTOP');
    const stopped = performance.now();
    await soon(() => expect([election.leading, signal?.aborted]).toEqual([false, true]));
    expect(performance.now() - stopped).toBeLessThan(6_000);
    running().signalComponent('kube-apiserver', 'SIGCONT');
    await soon(() => expect(election.leading).toBe(true));
  });
  it('show that a process lives', async () => {
    const cluster = await connect();
    const beat = cluster.heartbeat({ name: 'ringfence-node-n1', namespace, holder: 'n1', intervalMs: 200 });
    const read = async (): Promise<Lease | undefined> => cluster.get<Lease>(LEASES, 'ringfence-node-n1', namespace);
    await soon(async () =>
      expect((await read())?.spec).toMatchObject({ holderIdentity: 'n1', leaseDurationSeconds: 40 }),
    );
    const before = (await read())?.spec?.renewTime;
    await soon(async () => expect((await read())?.spec?.renewTime).not.toBe(before));
    expect(beat.silentMs).toBeLessThan(5_000);
  });
});
