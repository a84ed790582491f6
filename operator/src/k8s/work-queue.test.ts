import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClusterFault } from '../errors.js';
import { WorkQueue, type Again } from './work-queue.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** Work that ends when told to. */
function stage(): {
  started: string[];
  ended: string[];
  release: () => void;
  work: (key: string) => Promise<undefined>;
} {
  const started: string[] = [];
  const ended: string[] = [];
  let releases: (() => void)[] = [];
  return {
    ...{ started, ended },
    release: () => {
      for (const release of releases) release();
      releases = [];
    },
    work: async (key) => {
      started.push(key);
      await new Promise<void>((resolve) => releases.push(resolve));
      ended.push(key);
      return undefined;
    },
  };
}

describe('a work queue', () => {
  it('runs a key once, however often it was added before', async () => {
    const { started, work } = stage();
    const queue = new WorkQueue({ work });
    for (let count = 0; count < 100; count += 1) queue.add('a');
    await pass(1);
    expect(started).toEqual(['a']);
    expect(queue.metrics()).toMatchObject({ running: 1, waiting: 1 });
  });
  it('runs a key again that was added while its work ran, and never twice at once', async () => {
    const { started, ended, work, release } = stage();
    const queue = new WorkQueue({ work, concurrency: 4 });
    queue.add('a');
    await pass(1);
    queue.add('a');
    queue.add('a');
    await pass(1);
    expect(started).toEqual(['a']);
    release();
    await pass(1);
    expect([started, ended]).toEqual([['a', 'a'], ['a']]);
  });
  it('runs at most as many keys side by side as it may', async () => {
    const { started, work, release } = stage();
    const queue = new WorkQueue({ work, concurrency: 2 });
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
    await pass(1);
    expect(started).toEqual(['a', 'b']);
    release();
    await pass(1);
    expect(started).toEqual(['a', 'b', 'c', 'd']);
  });
  it('repeats work that fails, waiting longer each time, and starts anew after a success', async () => {
    const waits: number[] = [];
    let failing = true;
    const work = (): Promise<undefined> => (failing ? Promise.reject(new Error('no')) : Promise.resolve(undefined));
    const queue = new WorkQueue({
      work,
      retry: { firstMs: 100, maxMs: 1_000 },
      onFailure: (_key, _error, retryMs) => waits.push(retryMs),
    });
    queue.add('a');
    await pass(10_000);
    expect(waits.length).toBeGreaterThan(5);
    for (const [index, wait] of waits.entries()) {
      const step = Math.min(1_000, 100 * 2 ** index);
      expect(wait).toBeGreaterThanOrEqual(step / 2);
      expect(wait).toBeLessThanOrEqual(step);
    }
    failing = false;
    await pass(1_000);
    expect(queue.metrics()).toMatchObject({ done: 1, delayed: 0, waiting: 0 });
    failing = true;
    queue.add('a');
    await pass(1);
    expect(waits.at(-1)).toBeLessThanOrEqual(100);
  });
  it('waits as long as the server asks', async () => {
    let tries = 0;
    const work = (): Promise<undefined> => {
      tries += 1;
      return Promise.reject(new ClusterFault('CLUSTER_THROTTLED', 'write', { status: 429, retryAfterMs: 5_000 }));
    };
    new WorkQueue({ work, retry: { firstMs: 1, maxMs: 10 } }).add('a');
    await pass(4_999);
    expect(tries).toBe(1);
    await pass(700);
    expect(tries).toBe(2);
  });
  it('calls again after the time that work asks for; the earliest time stands', async () => {
    const calls: number[] = [];
    const start = performance.now();
    const work = (): Promise<Again> => {
      calls.push(Math.round(performance.now() - start));
      return Promise.resolve({ againAfterMs: 1_000 });
    };
    const queue = new WorkQueue({ work });
    queue.addAfter('a', 500);
    queue.addAfter('a', 900);
    queue.addAfter('a', 200);
    await pass(1_250);
    expect(calls).toEqual([200, 1_200]);
  });
  it('something to do at once takes the place of something to do later', async () => {
    const { started, work, release } = stage();
    const queue = new WorkQueue({ work });
    queue.addAfter('a', 500);
    queue.add('a');
    await pass(1);
    release();
    await pass(1_000);
    expect(started).toEqual(['a']);
  });
  it('starts no more often than its rate', async () => {
    const started: string[] = [];
    const queue = new WorkQueue<string>({
      work: (key) => {
        started.push(key);
        return Promise.resolve(undefined);
      },
      rate: { perSecond: 10, burst: 3 },
    });
    for (let index = 0; index < 20; index += 1) queue.add(`key-${index}`);
    await pass(1);
    expect(started).toHaveLength(3);
    await pass(1_000);
    expect(started).toHaveLength(13);
  });
  it('stops taking work, and waits for what runs', async () => {
    const { started, ended, work, release } = stage();
    const queue = new WorkQueue({ work });
    queue.add('a');
    queue.add('b');
    await pass(1);
    let stopped = false;
    const stopping = queue.stop().then(() => (stopped = true));
    queue.add('c');
    await pass(1_000);
    expect(stopped).toBe(false);
    release();
    await stopping;
    await pass(1_000);
    expect([started, ended]).toEqual([['a'], ['a']]);
  });
});
