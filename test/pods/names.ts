// Which cgroups the kernel takes for a container's, by name alone.
import assert from 'node:assert/strict';
import { RfWorkloadFlag } from '../../operator/src/abi/abi.gen.js';
import { RfEventFlag, RfEventKind } from '../../operator/src/abi/abi.gen.js';
import { UNNAMED, type PodBed } from './bed.js';
import { ALONE, HOSTED, type PodCase } from './policies.js';

const { WORKLOAD_CONTAINER, WORKLOAD_STATIC_POD } = RfWorkloadFlag;

const ID = 'f'.repeat(64);

let made = 0;

/** A UID that no other case has. */
export function newUid(): string {
  made += 1;
  return `0b1c2d3e-4f50-6172-8394-${made.toString(16).padStart(12, '0')}`;
}

const dashed = (uid: string): string => uid.replaceAll('-', '_');
const bare = (uid: string): string => uid.replaceAll('-', '');

const CONTAINERS: Readonly<Record<string, (uid: string) => string>> = {
  'cgroupfs, Burstable': (uid) => `kubepods/burstable/pod${uid}/${ID}`,
  'cgroupfs, BestEffort': (uid) => `kubepods/besteffort/pod${uid}/${ID}`,
  'cgroupfs, Guaranteed': (uid) => `kubepods/pod${uid}/${ID}`,
  'cgroupfs, below a root of the kubelet': (uid) => `kubelet/kubepods/burstable/pod${uid}/${ID}`,
  'cgroupfs, CRI-O': (uid) => `kubepods/burstable/pod${uid}/crio-${ID}`,
  'systemd, Burstable': (uid) =>
    `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${dashed(uid)}.slice/cri-containerd-${ID}.scope`,
  'systemd, BestEffort, CRI-O': (uid) =>
    `kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${dashed(uid)}.slice/crio-${ID}.scope`,
  'systemd, Guaranteed': (uid) => `kubepods.slice/kubepods-pod${dashed(uid)}.slice/cri-containerd-${ID}.scope`,
  'systemd, below a root of the kubelet': (uid) =>
    `kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${dashed(uid)}.slice/cri-containerd-${ID}.scope`,
};

const STATIC: Readonly<Record<string, (uid: string) => string>> = {
  'static pod, cgroupfs': (uid) => `kubepods/burstable/pod${bare(uid)}/${ID}`,
  'static pod, systemd': (uid) =>
    `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${bare(uid)}.slice/cri-containerd-${ID}.scope`,
};

const OTHERS: Readonly<Record<string, (uid: string) => string>> = {
  'a pod itself': (uid) => `kubepods/burstable/pod${uid}`,
  'the monitor of CRI-O': (uid) =>
    `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${dashed(uid)}.slice/crio-conmon-${ID}.scope`,
  'a UID with other characters': (uid) => `kubepods/burstable/pod${uid.replace('0', 'g')}/${ID}`,
  'a UID that is short': (uid) => `kubepods/burstable/pod${uid.slice(1)}/${ID}`,
  'a UID cut elsewhere': (uid) => `kubepods/burstable/pod${uid.slice(1, 9)}-${uid.slice(10)}0/${ID}`,
  'other names above': (uid) => `machines/burstable/pod${uid}/${ID}`,
  'no name above': (uid) => `pod${uid}/${ID}`,
  'a slice of another kind': (uid) => `user.slice/user-pod${dashed(uid)}.slice/x.scope`,
};

function check(bed: PodBed, path: string, flags: number | undefined): void {
  const id = bed.cgroup(path);
  const { owner, flags: got } = bed.workload(id) ?? {};
  assert.deepEqual(
    { owner, got },
    flags === undefined ? { owner: undefined, got: undefined } : { owner: id, got: flags },
  );
}

const known = Object.entries(CONTAINERS).map(([name, path]): PodCase => ({
  name: `${name}: the container becomes what its pod is, the unknown pod's is unnamed`,
  body: (bed) => {
    const [uid, other] = [newUid(), newUid()];
    bed.pod(uid, 'secret', UNNAMED);
    check(bed, path(uid), WORKLOAD_CONTAINER | UNNAMED);
    assert.equal(bed.workload(bed.cgroup(path(uid)))?.generation, bed.model('secret').generation);
    const before = bed.stat('POD_UNKNOWN');
    check(bed, path(other), WORKLOAD_CONTAINER | UNNAMED);
    assert.equal(bed.workload(bed.cgroup(path(other)))?.pageCount, 0);
    assert.equal(bed.stat('POD_UNKNOWN'), before + 1);
  },
}));

const statics = Object.entries(STATIC).map(([name, path]): PodCase => ({
  name: `${name}: known by the form of its UID`,
  body: (bed) => {
    const uid = newUid();
    bed.pod(uid, undefined);
    check(bed, path(uid), WORKLOAD_CONTAINER | WORKLOAD_STATIC_POD);
    check(bed, path(newUid()), WORKLOAD_CONTAINER | WORKLOAD_STATIC_POD | UNNAMED);
  },
}));

const others = Object.entries(OTHERS).map(([name, path]): PodCase => ({
  name: `${name}: no container`,
  body: (bed) => check(bed, path(newUid()), undefined),
}));

export const NAME_CASES: readonly PodCase[] = [
  ...known,
  ...statics,
  ...others,
  {
    name: 'a container that the agent has heard of is its own from the beginning, and no other of its pod is',
    body: (bed) => {
      const uid = newUid();
      bed.pod(uid, 'secret', UNNAMED);
      const names = [ID, `cri-containerd-${ID}.scope`, 'short'];
      for (const name of names) {
        bed.announce(uid, name, 'forbidden');
        const folder = `kubepods/burstable/pod${uid}/${name}`;
        check(bed, folder, WORKLOAD_CONTAINER);
        assert.equal(bed.workload(bed.cgroup(folder))?.generation, bed.model('forbidden').generation, name);
      }
      check(bed, `kubepods/burstable/pod${uid}/${'e'.repeat(64)}`, WORKLOAD_CONTAINER | UNNAMED);
      check(bed, `kubepods/burstable/pod${newUid()}/${ID}`, WORKLOAD_CONTAINER | UNNAMED);
    },
  },
  {
    name: 'a cgroup below a container is that container, whatever it is called',
    body: (bed) => {
      const [uid, other] = [newUid(), newUid()];
      bed.pod(uid, 'secret');
      const container = `kubepods/burstable/pod${uid}/${ID}`;
      const id = bed.cgroup(container);
      for (const below of ['container', `kubepods/pod${other}/${ID}`])
        assert.equal(bed.workload(bed.cgroup(`${container}/${below}`))?.owner, id, below);
    },
  },
  {
    name: 'a container made again under the same name is a new one, of what its pod is by then',
    body: (bed) => {
      const uid = newUid();
      const path = `kubepods/burstable/pod${uid}/${ID}`;
      bed.pod(uid, 'secret');
      const first = bed.cgroup(path);
      bed.removeCgroup(path);
      bed.pod(uid, 'forbidden', UNNAMED);
      const second = bed.cgroup(path);
      assert.notEqual(second, first);
      assert.equal(bed.workload(second)?.owner, second);
      assert.equal(bed.workload(second)?.generation, bed.model('forbidden').generation);
      assert.equal(bed.workload(first)?.generation, bed.model('secret').generation);
    },
  },
  {
    name: 'host processes under a policy cannot make a container of their own',
    body: (bed) => check(bed, `${HOSTED}/kubepods/pod${newUid()}/${ID}`, bed.workload(bed.cgroup(HOSTED))?.flags),
  },
  {
    name: 'at the top of the tree a container is one, whatever policy is on the cgroups above',
    on: ALONE,
    body: (bed) => {
      const uid = newUid();
      bed.pod(uid, 'secret');
      const id = bed.topCgroup(`/kubepods/burstable/pod${uid}/${ID}`);
      assert.equal(bed.workload(id)?.owner, id);
    },
  },
  {
    name: 'the agent is told that a cgroup is a container',
    body: async (bed) => {
      const id = bed.cgroup(`kubepods/besteffort/pod${newUid()}/${ID}`);
      const plain = bed.cgroup('plain');
      await bed.settled();
      const flagsOf = (of: bigint): number[] =>
        bed.eventsOf(of, RfEventKind.EVENT_CGROUP).map(({ head }) => head.flags);
      assert.deepEqual([flagsOf(id), flagsOf(plain)], [[RfEventFlag.EVENT_CONTAINER], [0]]);
    },
  },
];
