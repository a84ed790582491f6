// Whose container a cgroup is, by the name that the kubelet and the runtime give it. The kernel reads the same names when
// a cgroup is made, so both must come to one answer (bpf/lib/pod.h).
//	cgroupfs  .../pod<uid>/<container id>
//	systemd   ...-pod<uid with _>.slice/cri-containerd-<container id>.scope, crio-<container id>.scope

/** 32 hex digits: of the pod's UID, or of a static pod's `kubernetes.io/config.hash`. */
export type PodKey = string;

export interface ContainerCgroup {
  readonly pod: PodKey;
  /** The runtime's id of the container, or of the pod's sandbox. */
  readonly container: string;
}

const POD_FOLDER = /^pod([0-9a-f_-]{32,36})$/;
const POD_SLICE = /-pod([0-9a-f_]{32,36})\.slice$/;
/** Every cgroup directly in a pod's is a container's, but that of the runtime's monitor. */
const MONITOR = /^crio-conmon-/;
const RUNTIME_PREFIX = /^(?:cri-containerd|crio|docker|libpod)-/;
const SCOPE_SUFFIX = /\.scope$/;
const KEY_DIGITS = 32;

/** Undefined where the text is not the UID of a pod in any spelling. */
export function podKey(uid: string): PodKey | undefined {
  const digits = uid.toLowerCase().replaceAll(/[_-]/g, '');
  return digits.length === KEY_DIGITS && /^[0-9a-f]+$/.test(digits) ? digits : undefined;
}

/** A static pod's UID is a hash without dashes; every other UID has its dashes, or underscores in their place. */
export function isStaticUid(uid: string): boolean {
  return uid.length === KEY_DIGITS;
}

/** `path` from the cgroup v2 root. Undefined for every cgroup that is not a container's own. */
export function containerCgroup(path: string): ContainerCgroup | undefined {
  const [name = '', pod = ''] = path.split('/').reverse();
  const uid = (POD_FOLDER.exec(pod) ?? POD_SLICE.exec(pod))?.[1];
  const key = uid === undefined ? undefined : podKey(uid);
  if (key === undefined || name === '' || MONITOR.test(name)) return undefined;
  return { pod: key, container: name.replace(RUNTIME_PREFIX, '').replace(SCOPE_SUFFIX, '') };
}

/** By the name of the pod's cgroup; static pods are never held. */
export function isStaticCgroup(path: string): boolean {
  const [, pod = ''] = path.split('/').reverse();
  return isStaticUid((POD_FOLDER.exec(pod) ?? POD_SLICE.exec(pod))?.[1] ?? '');
}
