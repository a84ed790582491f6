// What happens to a watch on a bad day. The server is one that can be told to misbehave.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Objects } from './objects.js';
import { Reflector, REFLECTOR_TIMES, type ReflectorTimes } from './reflector.js';
import { systemClock } from './clock.js';
import { HttpTransport } from './transport.js';
import { AccessSource } from './access.js';
import { silentLog } from '../log.js';
import { FaultServer, THINGS, type ServedObject } from '../../../test/support/fault-server.js';
import { KubeConfig } from '@kubernetes/client-node';
import type { FeedState, WatchOptions } from './types.js';

let server: FaultServer;
let feed: Reflector<ServedObject>;
let transport: HttpTransport;
let changes: number;
let states: FeedState[];

const QUICK: ReflectorTimes = {
  ...REFLECTOR_TIMES,
  ...{ retryFirstMs: 5, retryMaxMs: 40, absentMaxMs: 40, absentConfirmMs: 200, idleMs: 60_000, healthyMs: 50 },
};

function follow(times: Partial<ReflectorTimes> = {}, options: Partial<WatchOptions<ServedObject>> = {}): void {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server: server.url, skipTLSVerify: true }, { name: 'u', token: 'secret' });
  transport = new HttpTransport(new AccessSource(config), 'test');
  const objects = new Objects(transport, 'test');
  const parts = { objects, transport, clock: systemClock, log: silentLog, times: { ...QUICK, ...times } };
  feed = new Reflector<ServedObject>(parts, THINGS, {
    ...options,
    onChange: () => (changes += 1),
    onState: (state) => states.push(state),
  });
}

const held = (): string[] =>
  [...feed.items().values()].map(({ metadata, value }) => `${metadata.name}=${value}`).sort();
const served = (): string[] =>
  [...server.objects.values()].map(({ metadata, value }) => `${metadata.name}=${value}`).sort();
/** Soon, or on a busy machine a little later. */
const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 5 });
const settled = (): Promise<void> =>
  soon(() => {
    expect(feed.synced).toBe(true);
    expect(held()).toEqual(served());
  });
const watching = (): Promise<void> => soon(() => expect([feed.state, server.openWatches]).toEqual(['watching', 1]));

beforeEach(async () => {
  server = await FaultServer.start();
  [changes, states] = [0, []];
});

afterEach(async () => {
  feed.stop();
  await feed.finished;
  transport.close();
  await server.stop();
});

describe('a quiet day', () => {
  it('a feed holds what was listed, in pages, and follows every change', async () => {
    server.pageSize = 2;
    for (const name of ['a', 'b', 'c', 'd', 'e']) server.put(name);
    follow();
    await watching();
    await settled();
    expect(server.lists).toHaveLength(3);
    server.put('a', 1);
    server.delete('b');
    server.put('f');
    await settled();
    expect(server.lists).toHaveLength(3);
    expect(changes).toBe(4);
  });
  it('an empty list is synced and is told', async () => {
    follow();
    await settled();
    expect(changes).toBe(1);
  });
  it('selectors go to the list and to the watch', async () => {
    follow({}, { fieldSelector: 'spec.nodeName=n1', labelSelector: 'a=b', namespace: 'team' });
    await watching();
    for (const { path, query } of [...server.lists, ...server.watchRequests]) {
      expect(path).toBe('/apis/test.io/v1/namespaces/team/things');
      expect([query.get('fieldSelector'), query.get('labelSelector')]).toEqual(['spec.nodeName=n1', 'a=b']);
    }
    expect(server.watchRequests[0]?.authorization).toBe('Bearer secret');
    expect(server.watchRequests[0]?.query.get('allowWatchBookmarks')).toBe('true');
  });
  it('a watch that the server ends in order goes on from its last version, without a list', async () => {
    server.put('a');
    follow();
    await watching();
    server.put('b');
    await settled();
    server.close();
    await soon(() => expect(server.watchRequests).toHaveLength(2));
    server.put('c');
    await settled();
    expect(server.lists).toHaveLength(1);
    expect(feed.metrics()).toMatchObject({ ends: { closed: 1 }, lists: 1, watches: 2 });
  });
  it('a bookmark moves the version from which the watch goes on', async () => {
    follow();
    await watching();
    server.compact();
    server.bookmark();
    await soon(() => expect(feed.metrics().bookmarks).toBe(1));
    server.close();
    await soon(() => expect(server.watchRequests).toHaveLength(2));
    await watching();
    expect(server.lists).toHaveLength(1);
  });
  it('what is not needed of an object is not kept', async () => {
    server.put('a', 7);
    follow({}, { trim: ({ value: _, ...rest }) => rest });
    await soon(() => expect(held()).toEqual(['a=undefined']));
  });
  it('a listener that throws does not end the feed', async () => {
    follow();
    await watching();
    const thrower = vi.spyOn(states, 'push').mockImplementation(() => {
      throw new Error('listener');
    });
    server.cut();
    await soon(() => expect(server.watchRequests.length).toBeGreaterThan(1));
    expect(thrower).toHaveBeenCalled();
    server.put('a');
    await settled();
  });
});

describe('a bad day', () => {
  it('a connection cut in the middle of an event loses nothing', async () => {
    follow();
    await watching();
    server.mute = true;
    const object = server.put('a', 1);
    const line = JSON.stringify({ type: 'ADDED', object });
    server.raw(line.slice(0, line.length / 2));
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.mute = false;
    server.cut();
    await settled();
    expect(server.lists).toHaveLength(1);
    expect(feed.metrics().ends.cut).toBe(1);
  });
  it('a deletion during the gap is seen by the events after the last version', async () => {
    server.put('a');
    server.put('b');
    follow();
    await watching();
    server.refusing = true;
    server.cut();
    server.delete('a');
    await soon(() => expect(feed.state).toBe('retrying'));
    expect(held()).toEqual(['a=0', 'b=0']);
    expect(feed.synced).toBe(true);
    server.refusing = false;
    await settled();
    expect(server.lists).toHaveLength(1);
  });
  it('410 as a status leads to a new list, and deletions are found by comparison', async () => {
    server.put('a');
    server.put('b');
    follow();
    await watching();
    server.refusing = true;
    server.cut();
    server.delete('a');
    server.put('c');
    server.compact();
    server.refusing = false;
    await settled();
    expect(held()).toEqual(['b=0', 'c=0']);
    expect(server.lists).toHaveLength(2);
    expect(feed.metrics().ends.expired).toBe(1);
  });
  it('410 as an event leads to a new list', async () => {
    server.put('a');
    follow();
    await watching();
    server.mute = true;
    server.delete('a');
    server.mute = false;
    server.raw(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })}\n`);
    await settled();
    expect(held()).toEqual([]);
    expect(server.lists).toHaveLength(2);
  });
  it('a list that changes nothing is not told', async () => {
    server.put('a');
    follow();
    await watching();
    const before = changes;
    server.raw(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410 } })}\n`);
    await soon(() => expect(server.lists).toHaveLength(2));
    await watching();
    expect(changes).toBe(before);
  });
  it('an object made again under the same name during a gap is another object', async () => {
    const first = server.put('a', 1);
    follow();
    await watching();
    server.refusing = true;
    server.cut();
    server.delete('a');
    const second = server.put('a', 1);
    server.compact();
    server.refusing = false;
    await soon(() => expect([...feed.items().keys()]).toEqual([second.metadata.uid]));
    expect(first.metadata.uid).not.toBe(second.metadata.uid);
  });
  it('an object of another uid replaces the one of its name even when no deletion was sent', async () => {
    const first = server.put('a', 1);
    follow();
    await watching();
    const metadata = { ...first.metadata, uid: 'other', resourceVersion: '900' };
    server.raw(`${JSON.stringify({ type: 'ADDED', object: { ...first, metadata } })}\n`);
    await soon(() => expect([...feed.items().keys()]).toEqual(['other']));
    server.raw(`${JSON.stringify({ type: 'DELETED', object: first })}\n`);
    server.put('b');
    await soon(() => expect(feed.items().size).toBe(2));
    expect(feed.items().has('other')).toBe(true);
  });
  it('a page whose version has gone is asked for again as one list', async () => {
    server.pageSize = 2;
    for (const name of ['a', 'b', 'c']) server.put(name);
    const list = { metadata: { resourceVersion: '1', continue: '2' }, items: [...server.objects.values()].slice(0, 2) };
    server.next.list.push({ status: 200, body: list }, { status: 410, body: { code: 410, reason: 'Expired' } });
    follow();
    server.pageSize = Infinity;
    await settled();
    expect(server.lists.map(({ query }) => query.get('limit'))).toEqual(['500', '500', null]);
  });
  it('500, 503 and an ERROR event that is not 410 are tried again from the same version', async () => {
    server.next.list.push({ status: 500 }, { status: 503 });
    server.next.watch.push({ status: 500 });
    follow();
    await watching();
    server.raw(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 500, message: 'etcd' } })}\n`);
    await soon(() => expect(server.watchRequests).toHaveLength(3));
    server.put('a');
    await settled();
    expect(server.lists).toHaveLength(3);
    expect(feed.metrics()).toMatchObject({ listFailures: 2, lists: 1, ends: { refused: 2 } });
  });
  it('429 is obeyed: nothing is asked before Retry-After', async () => {
    server.next.list.push({ status: 429, headers: { 'retry-after': '1' } });
    const start = performance.now();
    follow();
    await soon(() => expect(server.lists).toHaveLength(2));
    expect(performance.now() - start).toBeGreaterThanOrEqual(999);
  });
  it('a half-open connection is given up after silence, and what was missed is caught up', async () => {
    follow({ idleMs: 150 });
    await watching();
    server.mute = true;
    server.put('a');
    await soon(() => expect(server.watchRequests.length).toBeGreaterThan(1));
    server.mute = false;
    await settled();
    expect(server.lists).toHaveLength(1);
    expect(feed.metrics().ends.idle).toBeGreaterThan(0);
  });
  it('bookmarks keep a quiet watch open', async () => {
    follow({ idleMs: 1_500 });
    await watching();
    const beat = setInterval(() => server.bookmark(), 50);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    clearInterval(beat);
    expect(server.watchRequests).toHaveLength(1);
  });
  it('a line that is no event leads to a new list', async () => {
    follow();
    await watching();
    server.raw('{"type":"ADDED","object":17}\n');
    await soon(() => expect(server.lists).toHaveLength(2));
    server.raw('no json at all\n');
    await soon(() => expect(feed.metrics().ends.malformed).toBeGreaterThan(0));
    server.put('a');
    await settled();
  });
  it('a server that ends every watch at once is asked less and less often', async () => {
    for (let count = 0; count < 200; count += 1) server.next.watch.push({ status: 200, body: '' });
    follow({ retryFirstMs: 20, retryMaxMs: 400, healthyMs: 10_000 });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(server.watchRequests.length).toBeLessThan(10);
    expect(server.lists.length).toBeLessThan(10);
  });
  it('a server that is away leaves the feed as it was, and is found when it is back', async () => {
    server.put('a');
    follow();
    await watching();
    server.refusing = true;
    server.cut();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([held(), feed.synced, feed.state]).toEqual([['a=0'], true, 'retrying']);
    server.put('a', 2);
    server.refusing = false;
    await settled();
  });
});

describe('a resource that the server does not know', () => {
  it('is absent, which is no error, and is picked up when it appears', async () => {
    server.absent = true;
    follow();
    await soon(() => expect(feed.state).toBe('absent'));
    expect(feed.synced).toBe(false);
    server.absent = false;
    server.put('a');
    await settled();
    await watching();
    expect(states).toEqual(['absent', 'watching']);
  });
  it('keeps its objects while the server denies it only for a moment', async () => {
    server.put('a');
    follow({ absentConfirmMs: 60_000 });
    await watching();
    server.absent = true;
    server.compact();
    server.cut();
    await soon(() => expect(feed.metrics().listFailures).toBeGreaterThan(2));
    expect([held(), feed.synced]).toEqual([['a=0'], true]);
    server.absent = false;
    await watching();
    expect(held()).toEqual(['a=0']);
  });
  it('loses its objects when the server insists', async () => {
    server.put('a');
    follow();
    await watching();
    server.absent = true;
    server.cut();
    await soon(() => expect(feed.state).toBe('absent'));
    expect([held(), feed.synced]).toEqual([[], false]);
  });
  it('keeps its objects when reading it becomes forbidden', async () => {
    server.put('a');
    follow();
    await watching();
    for (let count = 0; count < 200; count += 1) {
      server.next.watch.push({ status: 403 });
      server.next.list.push({ status: 403 });
    }
    server.cut();
    await soon(() => expect(feed.state).toBe('forbidden'));
    expect([held(), feed.synced]).toEqual([['a=0'], true]);
  });
});
