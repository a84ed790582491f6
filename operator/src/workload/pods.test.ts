import { describe, expect, it } from 'vitest';
import { identifyContainer, indexPods, readPod, trimPod } from './pods.js';
import type { Pod, PodObject } from './pods.js';

const UID = '0123abcd-4567-89ab-cdef-0123456789ab';
const KEY = '0123abcd456789abcdef0123456789ab';
const HASH = 'ffffffff456789abcdef0123456789ab';
const RULES = { systemNamespaces: ['kube-system'], installNamespace: 'ringfence-system' };

type Metadata = Partial<PodObject['metadata']>;

function object(metadata: Metadata = {}, spec: Partial<PodObject['spec']> = {}): PodObject {
  return {
    metadata: { uid: UID, name: 'web-7d4b9c-x2x4q', namespace: 'shop', ...metadata },
    spec: { containers: [{ name: 'nginx' }], ...spec },
  };
}

function read(metadata?: Metadata, spec?: Partial<PodObject['spec']>): Pod {
  return readPod(object(metadata, spec)) as Pod;
}

function mirror(uid: string, hash: string, created: string): Metadata {
  const annotations = { 'kubernetes.io/config.hash': hash, 'kubernetes.io/config.mirror': hash };
  return { uid, annotations, creationTimestamp: created };
}

describe('readPod', () => {
  it('tells the types of containers, sidecars among the init containers', () => {
    const { containers } = read(
      {},
      {
        initContainers: [{ name: 'setup' }, { name: 'proxy', restartPolicy: 'Always' }],
        ephemeralContainers: [{ name: 'debug', targetContainerName: 'nginx' }, { name: 'look' }],
      },
    );
    expect(containers.map(({ name, type, target }) => [name, type, target])).toEqual([
      ['nginx', 'App', undefined],
      ['setup', 'Init', undefined],
      ['proxy', 'Sidecar', undefined],
      ['debug', 'Ephemeral', 'nginx'],
      ['look', 'Ephemeral', undefined],
    ]);
  });

  it('knows the commands of probes and lifecycle hooks', () => {
    const container = {
      name: 'nginx',
      livenessProbe: { exec: { command: ['cat', '/ok'] } },
      readinessProbe: { exec: {} },
      lifecycle: { preStop: { exec: { command: ['nginx', '-s', 'quit'] } } },
    };
    expect(read({}, { containers: [container] }).containers[0]?.handlers).toEqual([
      { session: 'Probe', command: ['cat', '/ok'] },
      { session: 'Lifecycle', command: ['nginx', '-s', 'quit'] },
    ]);
  });

  it('keeps the ids of containers that the kubelet has told', () => {
    const status = {
      containerStatuses: [{ name: 'nginx', containerID: 'containerd://aa' }, { name: 'later' }],
      ephemeralContainerStatuses: [{ name: 'debug', containerID: 'cri-o://bb' }],
    };
    expect([...(readPod({ ...object(), status })?.ids ?? [])]).toEqual([
      ['aa', 'nginx'],
      ['bb', 'debug'],
    ]);
  });

  it.each<[string, Metadata, object]>([
    ['a bare pod is its own', {}, { apiVersion: 'v1', kind: 'Pod', name: 'web-7d4b9c-x2x4q', uid: UID }],
    [
      'the controller among several owners',
      {
        ownerReferences: [
          { apiVersion: 't/v1', kind: 'Thing', name: 't', uid: 't' },
          { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 's', controller: true },
        ],
      },
      { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 's' },
    ],
    [
      'a static pod, which its node owns, is its own',
      { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'n', controller: true }] },
      { apiVersion: 'v1', kind: 'Pod', name: 'web-7d4b9c-x2x4q', uid: UID },
    ],
  ])('%s', (_, metadata, owner) => {
    expect(read(metadata).owner).toEqual(owner);
  });

  it('has the hash of a static pod as its key, and nothing but a real mirror', () => {
    expect(read(mirror(UID, HASH, ''))).toMatchObject({ key: HASH, mirror: true });
    expect(read({ annotations: { 'kubernetes.io/config.hash': HASH } })).toMatchObject({ key: KEY, mirror: false });
    expect(read(mirror(UID, 'not a hash', ''))).toMatchObject({ key: KEY, mirror: false });
    expect(readPod(object({ uid: 'odd' }))).toBeUndefined();
  });

  it('reads the same from a trimmed object, also after a trip through JSON', () => {
    const whole = {
      ...object({ labels: { app: 'web' } }, { ephemeralContainers: [{ name: 'debug', targetContainerName: 'nginx' }] }),
      status: { phase: 'Running', containerStatuses: [{ name: 'nginx', containerID: 'containerd://aa', ready: true }] },
    };
    const trimmed = trimPod(whole);
    expect(readPod(trimmed)).toEqual(readPod(whole));
    expect(readPod(JSON.parse(JSON.stringify(trimmed)) as PodObject)).toEqual(readPod(whole));
    expect(JSON.stringify(trimmed)).not.toContain('ready');
  });
});

describe('indexPods', () => {
  it('leaves the key of a pod to the pod, whatever another writes in its annotations', () => {
    const victim = read();
    const thief = read(mirror('11111111-4567-89ab-cdef-0123456789ab', KEY, ''));
    expect(thief.key).toBe(victim.key);
    expect(indexPods([thief, victim]).get(KEY)).toBe(victim);
    expect(indexPods([victim, thief]).get(KEY)).toBe(victim);
  });

  it('leaves the key of a static pod to the elder mirror', () => {
    const first = read(mirror('11111111-4567-89ab-cdef-0123456789ab', HASH, '2026-01-01T00:00:00Z'));
    const second = read(mirror('00000000-4567-89ab-cdef-0123456789ab', HASH, '2026-01-02T00:00:00Z'));
    expect(indexPods([second, first]).get(HASH)).toBe(first);
  });
});

describe('identifyContainer', () => {
  const pod = read({ labels: { app: 'web' } });

  it('is the container with all that selectors ask for', () => {
    expect(identifyContainer(pod, { tenant: 'true' }, RULES, pod.containers[0])).toMatchObject({
      namespace: 'shop',
      namespaceLabels: { tenant: 'true' },
      labels: { app: 'web' },
      container: 'nginx',
      containerType: 'App',
    });
  });

  it('may be any container while nobody knows which', () => {
    expect(identifyContainer(pod, {}, RULES)).toMatchObject({ unnamed: true, container: '' });
  });

  it.each<[string, Metadata, object]>([
    ['system namespaces', { namespace: 'kube-system' }, { system: true }],
    ['the install namespace', { namespace: 'ringfence-system' }, { system: true }],
    [
      "Ringfence's own pods",
      { namespace: 'ringfence-system', labels: { 'app.kubernetes.io/name': 'ringfence' } },
      { system: true, exempt: 'Ringfence' },
    ],
  ])('marks %s', (_, metadata, expected) => {
    expect(identifyContainer(read(metadata), {}, RULES)).toMatchObject(expected);
  });

  it('does not take the label of Ringfence for granted elsewhere', () => {
    const liar = read({ labels: { 'app.kubernetes.io/name': 'ringfence' } });
    expect(identifyContainer(liar, {}, RULES).exempt).toBeUndefined();
  });
});
