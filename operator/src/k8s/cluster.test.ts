// The adapter as its users see it, and what it makes of the operator library. The truth about API servers is in test/k8s.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import type { ResourceEvent } from '@dot-i/k8s-operator';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AccessSource } from './access.js';
import { judgeDefinition, DEFINITION_VERSION, type Definition } from './definitions.js';
import { connectCluster, NODE_STATES, PODS, type Cluster } from './index.js';
import { HttpTransport } from './transport.js';
import { ClusterFault } from '../errors.js';
import { silentLog } from '../log.js';
import { FaultServer } from '../../../test/support/fault-server.js';

let folder: string;
let server: FaultServer;
let cluster: Cluster;

const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 5 });

function kubeconfig(url: string, user: object = { token: 'secret' }): string {
  const path = join(folder, 'kubeconfig');
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'one' },
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'one', context: { cluster: 'c', user: 'u', namespace: 'team' } }],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

const identity = { log: silentLog, userAgent: 'ringfence-test/1', fieldManager: 'ringfence-test', instance: 'node-1' };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ringfence-k8s-'));
  server = await FaultServer.start();
  cluster = await connectCluster({ ...identity, kubeconfig: kubeconfig(server.url) });
});

afterEach(async () => {
  await cluster.stop();
  await server.stop();
  rmSync(folder, { recursive: true });
});

describe('connecting', () => {
  it('sends nothing, and works while the server is away', () => {
    expect(server.requests).toEqual([]);
    expect(cluster.namespace).toBe('team');
  });
  it('says what is wrong with a configuration', async () => {
    const bad = join(folder, 'bad');
    writeFileSync(bad, 'clusters: [');
    for (const options of [{ kubeconfig: bad }, { kubeconfig: join(folder, 'none') }, { context: 'missing' }]) {
      const connecting = connectCluster({ ...identity, kubeconfig: kubeconfig(server.url), ...options });
      await expect(connecting).rejects.toMatchObject({ code: 'CLUSTER_NO_CONFIG' });
    }
  });
  it('is not disturbed by a KUBECONFIG that it was told not to use', async () => {
    vi.stubEnv('KUBECONFIG', join(folder, 'none'));
    const other = await connectCluster({ ...identity, kubeconfig: kubeconfig(server.url) });
    expect(process.env['KUBECONFIG']).toBe(join(folder, 'none'));
    await other.stop();
    vi.unstubAllEnvs();
  });
});

describe('writing', () => {
  it('applies on the server, with a field manager and the content type that this needs', async () => {
    const object = { apiVersion: 'ringfence.io/v1alpha1', kind: 'NodeState', metadata: { name: 'n 1' } };
    await cluster.apply(NODE_STATES, object);
    await cluster.applyStatus(NODE_STATES, object, { fieldManager: 'other', force: false });
    const [first, second] = server.requests;
    expect(first).toMatchObject({
      method: 'PATCH',
      path: '/apis/ringfence.io/v1alpha1/nodestates/n%201',
      contentType: 'application/apply-patch+yaml',
      authorization: 'Bearer secret',
    });
    expect(Object.fromEntries(first?.query ?? [])).toMatchObject({ fieldManager: 'ringfence-test', force: 'true' });
    expect(second?.path).toBe('/apis/ringfence.io/v1alpha1/nodestates/n%201/status');
    expect(Object.fromEntries(second?.query ?? [])).toMatchObject({ fieldManager: 'other', force: 'false' });
  });
  it('turns refusals into faults with the words of the server', async () => {
    const body = { kind: 'Status', code: 409, reason: 'Conflict', message: 'the object has been modified' };
    server.next.other.push({ status: 409, body }, { status: 503, headers: { 'retry-after': '3' } });
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'b', resourceVersion: '1' } };
    await expect(cluster.replaceStatus(PODS, object)).rejects.toMatchObject({
      ...{ code: 'CLUSTER_CONFLICT', status: 409, reason: 'Conflict' },
      message: 'PUT /api/v1/namespaces/b/pods/a/status: the object has been modified',
    });
    await expect(cluster.replace(PODS, object)).rejects.toMatchObject({ code: 'CLUSTER_FAILED', retryAfterMs: 3_000 });
  });
  it('finds no object rather than an error where there is none', async () => {
    server.absent = true;
    expect(await cluster.get(PODS, 'a', 'b')).toBeUndefined();
    expect(await cluster.remove(PODS, { name: 'a', namespace: 'b', uid: 'u' })).toBe(false);
    expect(server.requests[1]?.body).toContain('"preconditions":{"uid":"u"}');
  });
  it('asks for metadata alone, and still says what an object is', async () => {
    const metadata = { name: 'a', namespace: 'b' };
    server.next.list.push({
      status: 200,
      body: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata },
    });
    expect(await cluster.get(PODS, 'a', 'b', { metadataOnly: true })).toMatchObject({ apiVersion: 'v1', kind: 'Pod' });
  });
});

describe('what the operator library offers', () => {
  it('calls the handler for each object in turn, again when it throws, and for deletions in gaps', async () => {
    const seen: string[] = [];
    let failures = 2;
    server.put('a');
    await cluster.watchResource('test.io', 'v1', 'things', ({ type, meta }: ResourceEvent) => {
      seen.push(`${type} ${meta.name} ${meta.kind}`);
      return failures-- > 0 ? Promise.reject(new Error('handler')) : Promise.resolve();
    });
    await soon(() => expect(seen).toEqual(['ADDED a Thing', 'ADDED a Thing', 'ADDED a Thing']));
    server.put('a', 2);
    await soon(() => expect(seen.at(-1)).toBe('MODIFIED a Thing'));
    server.refusing = true;
    server.cut();
    server.delete('a');
    server.put('a');
    server.compact();
    server.refusing = false;
    await soon(() => expect(seen.slice(4).sort()).toEqual(['ADDED a Thing', 'DELETED a Thing']));
  });
  it('writes status and finalizers only over the version that was seen, and does not swallow failures', async () => {
    const meta = {
      id: 'things.test.io/v1',
      name: 'a',
      namespace: 'b',
      resourceVersion: '7',
      apiVersion: 'test.io/v1',
      kind: 'Thing',
    };
    server.next.other.push({ status: 409 }, { status: 409 }, { status: 409 });
    const methods = cluster as unknown as {
      setResourceStatus(m: typeof meta, status: unknown): Promise<unknown>;
      patchResourceStatus(m: typeof meta, status: unknown): Promise<unknown>;
      setResourceFinalizers(m: typeof meta, finalizers: string[]): Promise<void>;
    };
    await expect(methods.setResourceStatus(meta, { ok: true })).rejects.toMatchObject({ code: 'CLUSTER_CONFLICT' });
    await expect(methods.patchResourceStatus(meta, {})).rejects.toMatchObject({ code: 'CLUSTER_CONFLICT' });
    await expect(methods.setResourceFinalizers(meta, ['mine'])).rejects.toMatchObject({ code: 'CLUSTER_CONFLICT' });
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'PUT /apis/test.io/v1/namespaces/b/things/a/status',
      'PATCH /apis/test.io/v1/namespaces/b/things/a/status',
      'PATCH /apis/test.io/v1/namespaces/b/things/a',
    ]);
    for (const { body } of server.requests) expect(body).toContain('"resourceVersion":"7"');
  });
  it('stops without ending the process, once everything has ended', async () => {
    const feed = cluster.watch(PODS, { onChange: () => undefined });
    await cluster.stop();
    expect(feed.state).toBe('stopped');
    expect(cluster.metrics().watches).toEqual([]);
  });
});

describe('definitions', () => {
  const definition = (version?: string): Definition => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'x', ...(version === undefined ? {} : { annotations: { [DEFINITION_VERSION]: version } }) },
    spec: { group: 'g', names: { plural: 'xs', kind: 'X' }, versions: [] },
  });
  const cases = [
    ['created', '2', 'none'],
    ['updated', '2', '1'],
    ['current', '2', '2'],
    ['newer', '2', '10'],
    ['foreign', '2', 'somebody else'],
  ] as const;
  for (const [judgement, wanted, held] of cases) {
    it(`of version ${wanted} over ${held} is ${judgement}`, () => {
      const theirs = { none: undefined, 'somebody else': definition() };
      const found = held in theirs ? theirs[held as keyof typeof theirs] : definition(held);
      expect(judgeDefinition(definition(wanted), found)).toBe(judgement);
    });
  }
});

describe('connections', () => {
  let plain: Server;
  let answers: ((close: () => void) => string | undefined)[];
  let transport: HttpTransport;

  const reset = (close: () => void): undefined => {
    close();
  };

  beforeEach(async () => {
    answers = [];
    plain = createServer((request, response) => {
      request.resume();
      const text = (answers.shift() ?? (() => '{}'))(() => request.socket.resetAndDestroy());
      if (text !== undefined) response.end(text);
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig(`http://127.0.0.1:${(plain.address() as AddressInfo).port}`));
    transport = new HttpTransport(new AccessSource(config), 'test');
  });
  afterEach(async () => {
    transport.close();
    plain.closeAllConnections();
    await new Promise((resolve) => plain.close(resolve));
  });

  it('a request is repeated when the kept connection turns out to be closed', async () => {
    await transport.send({ verb: 'GET', path: '/a' });
    answers.push(reset);
    expect((await transport.send({ verb: 'GET', path: '/b' })).status).toBe(200);
  });
  it('one that could be done twice is not', async () => {
    await transport.send({ verb: 'GET', path: '/a' });
    answers.push(reset);
    await expect(transport.send({ verb: 'POST', path: '/b', body: {} })).rejects.toMatchObject({ errno: 'ECONNRESET' });
  });
  it('a request without an answer ends in time', async () => {
    answers.push(() => undefined);
    const asking = transport.send({ verb: 'GET', path: '/a', timeoutMs: 100 });
    await expect(asking).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE', errno: 'ETIMEDOUT', retryable: true });
    expect(Object.fromEntries(transport.answers)).toEqual({ 'GET 0': 1 });
  });
  it('many requests share a few connections, and watches do not take these', async () => {
    let connections = 0;
    plain.on('connection', () => (connections += 1));
    await Promise.all(Array.from({ length: 100 }, () => transport.send({ verb: 'GET', path: '/a' })));
    expect(connections).toBeLessThanOrEqual(8);
    const hold = (): undefined => undefined;
    answers.push(...Array.from({ length: 20 }, () => hold));
    const opening = Array.from({ length: 20 }, () => transport.open({ verb: 'GET', path: '/w', timeoutMs: 3_000 }));
    await soon(() => expect(answers).toEqual([]));
    expect((await transport.send({ verb: 'GET', path: '/b' })).status).toBe(200);
    await Promise.allSettled(opening);
  });
  it('a caller may give up', async () => {
    answers.push(() => undefined);
    const asking = transport.send({ verb: 'GET', path: '/a', signal: AbortSignal.timeout(50) });
    await expect(asking).rejects.toBeInstanceOf(ClusterFault);
  });
});

describe('credentials', () => {
  it('a token file is read again after a minute', async () => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'first');
    const provider = { name: 'tokenFile', config: { tokenFile } };
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig(server.url, { 'auth-provider': provider }));
    const access = new AccessSource(config);
    vi.useFakeTimers({ toFake: ['Date'] });
    expect((await access.next()).headers).toMatchObject({ Authorization: 'Bearer first' });
    writeFileSync(tokenFile, 'second');
    vi.setSystemTime(Date.now() + 61_000);
    expect((await access.next()).headers).toMatchObject({ Authorization: 'Bearer second' });
    vi.useRealTimers();
  });
  it('connections are shared as long as the TLS material is the same', async () => {
    const certificate = join(folder, 'client.crt');
    writeFileSync(certificate, 'one');
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig('https://127.0.0.1:1', { 'client-certificate': certificate, token: 't' }));
    const access = new AccessSource(config);
    const first = (await access.next()).agent;
    expect((await access.next()).agent).toBe(first);
    writeFileSync(certificate, 'two');
    expect((await access.next()).agent).not.toBe(first);
    access.close();
  });
});
