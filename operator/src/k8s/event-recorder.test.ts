import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClusterFault } from '../errors.js';
import { silentLog } from '../log.js';
import { eventObject, type EventObject, type EventRecord } from './event-note.js';
import { EventRecorder, type EventLimits } from './event-recorder.js';
import type { Objects } from './objects.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const reporter = { controller: 'ringfence.io/controller', instance: 'node-1' };

const killed = (pod = 'web-0', note = 'killed /bin/sh: rule shells of policy web'): EventRecord => ({
  regarding: { apiVersion: 'v1', kind: 'Pod', name: pod, namespace: 'shop', uid: `uid-${pod}` },
  type: 'Warning',
  reason: 'ProcessKilled',
  action: 'Kill',
  note,
});

interface Sent {
  readonly created: EventObject[];
  readonly patched: { readonly name: string; readonly count: number }[];
  fail: ClusterFault | undefined;
  gone: boolean;
}

function recorder(limits: Partial<EventLimits> = {}): { sent: Sent; events: EventRecorder } {
  const sent: Sent = { created: [], patched: [], fail: undefined, gone: false };
  const port = {
    create: (_: unknown, object: EventObject) => {
      if (sent.fail !== undefined) return Promise.reject(sent.fail);
      sent.created.push(object);
      return Promise.resolve(object);
    },
    mergePatch: (_: unknown, { name }: { name: string }, patch: { series: { count: number } }) => {
      if (sent.gone) return Promise.reject(new ClusterFault('CLUSTER_NOT_FOUND', 'patch', { status: 404 }));
      sent.patched.push({ name, count: patch.series.count });
      return Promise.resolve({});
    },
  };
  return { sent, events: new EventRecorder({ objects: port as unknown as Objects, reporter, log: silentLog, limits }) };
}

describe('recording Events', () => {
  it('writes the first at once, with what the API demands', async () => {
    const { sent, events } = recorder();
    events.record(killed());
    await pass(10);
    expect(sent.created).toHaveLength(1);
    expect(sent.created[0]).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace: 'shop', name: expect.stringMatching(/^web-0\.[0-9a-f]{16}$/) as string },
      eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string,
      reportingController: 'ringfence.io/controller',
      reportingInstance: 'node-1',
      type: 'Warning',
      reason: 'ProcessKilled',
    });
  });
  it('counts repetitions into one series, written now and then', async () => {
    const { sent, events } = recorder();
    for (let second = 0; second < 60; second += 1) {
      for (let count = 0; count < 100; count += 1) events.record(killed());
      await pass(1_000);
    }
    await pass(60_000);
    expect(sent.created).toHaveLength(1);
    expect(sent.patched.length).toBeLessThanOrEqual(3);
    expect(sent.patched.at(-1)?.count).toBe(6_000);
    expect(events.metrics()).toMatchObject({ recorded: 6_000, dropped: 0 });
  });
  it('bounds the Events of one object, without touching those of others', async () => {
    const { sent, events } = recorder();
    for (let count = 0; count < 500; count += 1) events.record(killed('loud', `variant ${count}`));
    events.record(killed('quiet'));
    await pass(30_000);
    const of = (pod: string): number => sent.created.filter(({ regarding }) => regarding.name === pod).length;
    expect([of('loud'), of('quiet')]).toEqual([10, 1]);
    expect(events.metrics().dropped).toBe(490);
  });
  it('bounds all requests together', async () => {
    const { sent, events } = recorder();
    for (let pod = 0; pod < 200; pod += 1) events.record(killed(`pod-${pod}`));
    await pass(1_000);
    expect(sent.created.length).toBeLessThanOrEqual(31);
    await pass(60_000);
    expect(sent.created).toHaveLength(200);
  });
  it('bounds what it remembers', async () => {
    const { events } = recorder({ maxKeys: 50 });
    for (let pod = 0; pod < 200; pod += 1) events.record(killed(`pod-${pod}`));
    await pass(120_000);
    expect(events.metrics()).toMatchObject({ written: 50, dropped: 150 });
  });
  it('begins anew when a series fell silent, and when the server has forgotten the Event', async () => {
    const { sent, events } = recorder({ forgetMs: 60_000 });
    events.record(killed());
    await pass(100_000);
    events.record(killed());
    await pass(10);
    expect(sent.created).toHaveLength(2);
    sent.gone = true;
    events.record(killed());
    await pass(40_000);
    expect(sent.created).toHaveLength(3);
    expect(sent.created[2]?.series?.count).toBe(2);
  });
  it('tries again while the server is away, gives up in the end, and never throws', async () => {
    const { sent, events } = recorder({ maxTries: 3 });
    sent.fail = new ClusterFault('CLUSTER_UNREACHABLE', 'create');
    events.record(killed());
    await pass(50);
    sent.fail = undefined;
    await pass(1_000);
    expect(sent.created).toHaveLength(1);
    sent.fail = new ClusterFault('CLUSTER_UNREACHABLE', 'create');
    events.record(killed('other'));
    await pass(60_000);
    expect(events.metrics().dropped).toBe(1);
  });
});

describe('an Event', () => {
  it('keeps to the limits of the API', () => {
    const event = eventObject(killed('Web.0'.repeat(60), 'ü'.repeat(2_000)), reporter, 0);
    expect(Buffer.byteLength(event.note)).toBeLessThanOrEqual(1024);
    expect(event.note).toMatch(/^ü+\.\.\.$/);
    expect(event.metadata.name.length).toBeLessThanOrEqual(253);
    expect(event.metadata.name).toMatch(/^[a-z0-9.-]+$/);
  });
  it('about an object without a namespace lives in namespace default', () => {
    const regarding = { apiVersion: 'v1', kind: 'Node', name: 'node-1' };
    expect(eventObject({ ...killed(), regarding }, reporter, 0).metadata.namespace).toBe('default');
  });
});
