import { describe, expect, it } from 'vitest';
import { containerCgroup, isStaticCgroup, podKey } from './pod-cgroups.js';

const UID = '0123abcd-4567-89ab-cdef-0123456789ab';
const UNDERSCORED = UID.replaceAll('-', '_');
const KEY = '0123abcd456789abcdef0123456789ab';
const ID = 'f'.repeat(64);

describe('podKey', () => {
  it.each([
    [UID, KEY],
    [UID.toUpperCase(), KEY],
    [UNDERSCORED, KEY],
    [KEY, KEY],
    ['0123abcd', undefined],
    [`${UID}0`, undefined],
    ['g'.repeat(32), undefined],
  ])('of %s is %s', (uid, key) => {
    expect(podKey(uid)).toBe(key);
  });
});

describe('containerCgroup', () => {
  it.each([
    ['cgroupfs, guaranteed', `/kubepods/pod${UID}/${ID}`],
    ['cgroupfs, burstable', `/kubepods/burstable/pod${UID}/${ID}`],
    ['cgroupfs, best effort', `/kubepods/besteffort/pod${UID}/${ID}`],
    ['cgroupfs, static', `/kubepods/burstable/pod${KEY}/${ID}`],
    ['cgroupfs below a root of its own', `/machine/kubepods/pod${UID}/${ID}`],
    ['cgroupfs, CRI-O', `/kubepods/pod${UID}/crio-${ID}`],
    ['systemd, guaranteed', `/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`],
    [
      'systemd, burstable, CRI-O',
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice/crio-${ID}.scope`,
    ],
  ])('knows the pod and the container of %s', (_, path) => {
    expect(containerCgroup(path)).toEqual({ pod: KEY, container: ID });
  });

  it.each([
    ['the pod itself', `/kubepods/pod${UID}`],
    ['below a container', `/kubepods/pod${UID}/${ID}/init.scope`],
    ["CRI-O's monitor", `/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/crio-conmon-${ID}.scope`],
    ['a host unit', '/system.slice/sshd.service'],
    ['a folder that only looks like a pod', `/pod0123/${ID}`],
    ['the root', '/'],
  ])('is undefined for %s', (_, path) => {
    expect(containerCgroup(path)).toBeUndefined();
  });
});

describe('isStaticCgroup', () => {
  it.each([
    [`/kubepods/burstable/pod${KEY}/${ID}`, true],
    [`/kubepods.slice/kubepods-pod${KEY}.slice/crio-${ID}.scope`, true],
    [`/kubepods/burstable/pod${UID}/${ID}`, false],
    [`/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/crio-${ID}.scope`, false],
    ['/system.slice/a.service', false],
  ])('of %s is %s', (path, expected) => {
    expect(isStaticCgroup(path)).toBe(expected);
  });
});
