// Leases under clocks that are wrong. The server here keeps one lease and nothing else; elections against a real API
// server are in test/cluster.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClusterFault } from '../errors.js';
import { silentLog } from '../log.js';
import { LeaderElection, type ElectionOptions } from './leader-election.js';
import { LeaseAges, type Lease } from './lease.js';
import type { Clock } from './clock.js';
import type { Objects } from './objects.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** A machine whose time of day is wrong by `offMs`. */
const machine = (offMs = 0): Clock => ({
  now: () => performance.now(),
  wall: () => Date.now() + offMs,
  random: () => 0.5,
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
});

class LeaseServer {
  lease: Lease | undefined;
  #version = 0;
  /** Names of those who cannot reach the server. */
  readonly unreachable = new Set<string>();
  /** Requests of these hang. */
  readonly hanging = new Set<string>();

  for(name: string): Objects {
    const reach = async <R>(work: () => R): Promise<R> => {
      if (this.hanging.has(name)) await new Promise(() => undefined);
      if (this.unreachable.has(name)) throw new ClusterFault('CLUSTER_UNREACHABLE', 'reach the server');
      return Promise.resolve(work());
    };
    const store = (lease: Lease, expected: string | undefined): Lease => {
      if (this.lease?.metadata.resourceVersion !== expected) throw new ClusterFault('CLUSTER_CONFLICT', 'write');
      this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String((this.#version += 1)) } };
      return this.lease;
    };
    const port: Pick<Objects, 'get' | 'create' | 'replace'> = {
      get: (() => reach(() => this.lease)) as unknown as Objects['get'],
      create: ((_: unknown, lease: Lease) => reach(() => store(lease, undefined))) as unknown as Objects['create'],
      replace: ((_: unknown, lease: Lease) =>
        reach(() => store(lease, lease.metadata.resourceVersion))) as unknown as Objects['replace'],
    };
    return port as Objects;
  }
}

interface Candidate {
  readonly election: LeaderElection;
  readonly signals: AbortSignal[];
  readonly active: () => boolean;
}

function candidate(
  server: LeaseServer,
  identity: string,
  clock = machine(),
  more: Partial<ElectionOptions> = {},
): Candidate {
  const signals: AbortSignal[] = [];
  const election = new LeaderElection(
    { objects: server.for(identity), clock, log: silentLog },
    { name: 'controller', namespace: 'ringfence', identity, onStarted: (signal) => void signals.push(signal), ...more },
  );
  return { election, signals, active: () => signals.some((signal) => !signal.aborted) };
}

describe('leader election', () => {
  it('makes one of several the leader', async () => {
    const server = new LeaseServer();
    const candidates = ['a', 'b', 'c'].map((name) => candidate(server, name));
    for (let second = 0; second < 60; second += 1) {
      await pass(1_000);
      expect(candidates.filter(({ active }) => active())).toHaveLength(1);
      expect(candidates.filter(({ election }) => election.leading)).toHaveLength(1);
    }
    expect(server.lease?.spec?.leaseTransitions).toBe(1);
  });
  it('leaves no listeners behind, however long it leads', async () => {
    const added = vi.spyOn(EventTarget.prototype, 'addEventListener');
    const removed = vi.spyOn(EventTarget.prototype, 'removeEventListener');
    const a = candidate(new LeaseServer(), 'a');
    await pass(600_000);
    expect(a.election.leading).toBe(true);
    expect(added.mock.calls.length).toBeGreaterThan(200);
    expect(added.mock.calls.length - removed.mock.calls.length).toBeLessThan(5);
    vi.restoreAllMocks();
  });
  it('passes on at once what the leader releases', async () => {
    const server = new LeaseServer();
    const a = candidate(server, 'a');
    await pass(100);
    const b = candidate(server, 'b');
    await pass(100);
    await a.election.stop();
    await pass(3_000);
    expect([a.active(), b.active()]).toEqual([false, true]);
  });
  for (const offMs of [0, -86_400_000, 86_400_000, 3_600_000]) {
    it(`never has two leaders when the first cannot renew and the other's time is off by ${offMs} ms`, async () => {
      const server = new LeaseServer();
      const a = candidate(server, 'a', machine(offMs));
      await pass(100);
      const b = candidate(server, 'b', machine());
      await pass(7_000);
      expect([a.active(), b.active()]).toEqual([true, false]);
      server.unreachable.add('a');
      for (let tick = 0; tick < 400; tick += 1) {
        await pass(100);
        expect([a, b].filter(({ active }) => active()).length).toBeLessThanOrEqual(1);
        expect([a, b].filter(({ election }) => election.leading).length).toBeLessThanOrEqual(1);
      }
      expect(b.active()).toBe(true);
    });
  }
  it('ends at the deadline also when the request for renewal hangs', async () => {
    const server = new LeaseServer();
    let stopped = false;
    const a = candidate(server, 'a', machine(), { onStopped: () => void (stopped = true) });
    await pass(100);
    server.hanging.add('a');
    await pass(9_000);
    expect(a.active()).toBe(true);
    await pass(1_500);
    expect([a.active(), a.election.leading, stopped]).toEqual([false, false, true]);
  });
  it('is not leading any more after a sleep, even before any timer has run', async () => {
    const server = new LeaseServer();
    let asleepMs = 0;
    const clock = machine();
    const a = candidate(server, 'a', { ...clock, wall: () => clock.wall() + asleepMs });
    await pass(100);
    expect(a.election.leading).toBe(true);
    asleepMs = 60_000;
    expect(a.election.leading).toBe(false);
  });
  it('waits for the work of the leader to end before it can lead again', async () => {
    const server = new LeaseServer();
    const trace: string[] = [];
    candidate(server, 'a', machine(), {
      onStarted: async (signal) => {
        trace.push('start');
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await new Promise((resolve) => setTimeout(resolve, 30_000));
        trace.push('end');
      },
    });
    await pass(100);
    server.unreachable.add('a');
    await pass(11_000);
    server.unreachable.clear();
    await pass(15_000);
    expect(trace).toEqual(['start']);
    await pass(30_000);
    expect(trace).toEqual(['start', 'end', 'start']);
  });
  it('gives up when its work fails, and tries again', async () => {
    const server = new LeaseServer();
    let starts = 0;
    const a = candidate(server, 'a', machine(), {
      onStarted: () => {
        starts += 1;
        if (starts === 1) throw new Error('work');
      },
    });
    await pass(20_000);
    expect(starts).toBe(2);
    expect(a.election.leading).toBe(true);
  });
  it('does not take the lease of an earlier process of its name', async () => {
    const server = new LeaseServer();
    candidate(server, 'pod-0');
    await pass(100);
    server.unreachable.add('pod-0');
    const again = new LeaderElection(
      { objects: server.for('other'), clock: machine(), log: silentLog },
      { name: 'controller', namespace: 'ringfence', identity: 'pod-0', onStarted: () => undefined },
    );
    await pass(5_000);
    expect(again.leading).toBe(false);
    await pass(20_000);
    expect(again.leading).toBe(true);
  });
});

describe('ages of leases', () => {
  const lease = (name: string, renewTime: string, resourceVersion = renewTime): Lease => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: 'ringfence', resourceVersion },
    spec: { renewTime },
  });
  it('count from when a change was seen, whatever time the lease names', async () => {
    const ages = new LeaseAges(machine());
    ages.observe([lease('old', '1970-01-01T00:00:00Z'), lease('future', '2999-01-01T00:00:00Z')]);
    await pass(15_000);
    ages.observe([lease('old', '1970-01-01T00:00:10Z'), lease('future', '2999-01-01T00:00:00Z')]);
    expect(ages.ageMs('ringfence/old')).toBe(0);
    expect(ages.ageMs('ringfence/future')).toBe(15_000);
  });
  it('are forgotten with the lease', () => {
    const ages = new LeaseAges(machine());
    ages.observe([lease('a', '1')]);
    ages.observe([]);
    expect(ages.ageMs('ringfence/a')).toBeUndefined();
  });
});
