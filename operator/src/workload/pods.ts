// What a node's agent needs of its pods, from their objects. Pod key -> pod: its containers with type and handlers, the
// ids that the runtime gave them as far as the kubelet told, and who made it. Values in, values out.

import { isStaticUid, podKey } from './pod-cgroups.js';
import type { PodKey } from './pod-cgroups.js';
import type { Labels, PodIdentity, PodOwner } from './select.js';

/** A program that the kubelet lets the runtime start in a running container. */
export interface Handler {
  readonly session: 'Probe' | 'Lifecycle';
  readonly command: readonly string[];
}

export interface PodContainer {
  readonly name: string;
  readonly type: PodIdentity['containerType'];
  /** Of an ephemeral container: the one it looks into. */
  readonly target?: string;
  readonly handlers: readonly Handler[];
}

export interface Pod {
  readonly uid: string;
  readonly key: PodKey;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly owner: PodOwner;
  readonly containers: readonly PodContainer[];
  /** Runtime id -> container name. */
  readonly ids: ReadonlyMap<string, string>;
  /** Its key is that of a static pod, of which this object is the mirror. */
  readonly mirror: boolean;
  /** RFC 3339. */
  readonly created: string;
  /** Its containers have ended for good. */
  readonly ended: boolean;
}

interface ExecHandler {
  readonly exec?: { readonly command?: readonly string[] };
}

interface ContainerObject {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly targetContainerName?: string;
  readonly livenessProbe?: ExecHandler;
  readonly readinessProbe?: ExecHandler;
  readonly startupProbe?: ExecHandler;
  readonly lifecycle?: { readonly postStart?: ExecHandler; readonly preStop?: ExecHandler };
}

interface StatusObject {
  readonly name: string;
  readonly containerID?: string;
}

interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** The part of a v1 Pod that is read here. */
export interface PodObject {
  readonly metadata: {
    readonly uid: string;
    readonly name: string;
    readonly namespace: string;
    readonly creationTimestamp?: string;
    readonly labels?: Labels;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly OwnerReference[];
  };
  readonly spec: {
    readonly containers: readonly ContainerObject[];
    readonly initContainers?: readonly ContainerObject[];
    readonly ephemeralContainers?: readonly ContainerObject[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly StatusObject[];
    readonly initContainerStatuses?: readonly StatusObject[];
    readonly ephemeralContainerStatuses?: readonly StatusObject[];
  };
}

const CONFIG_HASH = 'kubernetes.io/config.hash';
const CONFIG_MIRROR = 'kubernetes.io/config.mirror';

function handlersOf(container: ContainerObject): Handler[] {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  const probes = [livenessProbe, readinessProbe, startupProbe];
  const hooks = [lifecycle?.postStart, lifecycle?.preStop];
  const handlers = (list: readonly (ExecHandler | undefined)[], session: Handler['session']): Handler[] =>
    list.flatMap((one) => (one?.exec?.command?.length ? [{ session, command: one.exec.command }] : []));
  return [...handlers(probes, 'Probe'), ...handlers(hooks, 'Lifecycle')];
}

function containersOf({
  containers,
  initContainers = [],
  ephemeralContainers = [],
}: PodObject['spec']): PodContainer[] {
  const of = (type: PodContainer['type']) => (container: ContainerObject) => {
    const { name, targetContainerName: target } = container;
    return { name, type, ...(target ? { target } : {}), handlers: handlersOf(container) };
  };
  return [
    ...containers.map(of('App')),
    ...initContainers.map((one) => of(one.restartPolicy === 'Always' ? 'Sidecar' : 'Init')(one)),
    ...ephemeralContainers.map(of('Ephemeral')),
  ];
}

function idsOf(status: PodObject['status']): Map<string, string> {
  const lists = [status?.containerStatuses, status?.initContainerStatuses, status?.ephemeralContainerStatuses];
  const statuses = lists.flatMap((list) => list ?? []);
  return new Map(
    statuses.flatMap(({ name, containerID }) => {
      const id = containerID?.slice(containerID.indexOf('://') + 3);
      return id ? [[id, name] as const] : [];
    }),
  );
}

function ownerOf({ name, uid, ownerReferences = [] }: PodObject['metadata']): PodOwner {
  const owner = ownerReferences.find(({ controller }) => controller) ?? ownerReferences[0];
  if (owner === undefined || owner.kind === 'Node') return { apiVersion: 'v1', kind: 'Pod', name, uid };
  return { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid };
}

/** The UID that the pod's cgroups are named after. */
function cgroupUid({ uid, annotations = {} }: PodObject['metadata']): { uid: string; mirror: boolean } {
  const hash = annotations[CONFIG_HASH];
  const mirror = hash !== undefined && annotations[CONFIG_MIRROR] === hash && isStaticUid(hash);
  return { uid: mirror ? hash : uid, mirror };
}

/** Undefined where the pod's cgroups cannot be known: its UID has a form that no kubelet gives. */
export function readPod({ metadata, spec, status }: PodObject): Pod | undefined {
  const { uid, namespace, name, labels = {}, creationTimestamp = '' } = metadata;
  const cgroup = cgroupUid(metadata);
  const key = podKey(cgroup.uid);
  if (key === undefined) return undefined;
  return {
    uid,
    key,
    namespace,
    name,
    labels,
    owner: ownerOf(metadata),
    containers: containersOf(spec),
    ids: idsOf(status),
    mirror: cgroup.mirror,
    created: creationTimestamp,
    ended: status?.phase === 'Succeeded' || status?.phase === 'Failed',
  };
}

/** Anyone who may make pods can write a static pod's annotations: the true owner of a UID, then the elder, has the key. */
function outranks(a: Pod, b: Pod): boolean {
  if (a.mirror !== b.mirror) return !a.mirror;
  return a.created < b.created || (a.created === b.created && a.uid < b.uid);
}

export function indexPods(pods: Iterable<Pod>): Map<PodKey, Pod> {
  const index = new Map<PodKey, Pod>();
  for (const pod of pods) {
    const known = index.get(pod.key);
    if (known === undefined || outranks(pod, known)) index.set(pod.key, pod);
  }
  return index;
}

export interface PodRules {
  /** Whose pods a policy selects only where it acknowledges that. */
  readonly systemNamespaces: readonly string[];
  /** Where Ringfence itself is installed. */
  readonly installNamespace: string;
}

const OWN_NAME = 'app.kubernetes.io/name';

function standing(
  { namespace, labels, mirror }: Pod,
  rules: PodRules,
): Pick<PodIdentity, 'exempt' | 'system' | 'staticPod'> {
  const installed = namespace === rules.installNamespace;
  return {
    ...(installed && labels[OWN_NAME] === 'ringfence' ? { exempt: 'Ringfence' } : {}),
    ...(installed || rules.systemNamespaces.includes(namespace) ? { system: true } : {}),
    ...(mirror ? { staticPod: true } : {}),
  };
}

function naming(
  container: PodContainer | undefined,
): Pick<PodIdentity, 'container' | 'containerType' | 'unnamed' | 'targetContainer'> {
  if (container === undefined) return { container: '', containerType: 'App', unnamed: true };
  const { name, type, target } = container;
  return { container: name, containerType: type, ...(target === undefined ? {} : { targetContainer: target }) };
}

/** Who one container is; without one, its pod before the container's name is known. */
export function identifyContainer(
  pod: Pod,
  namespaceLabels: Labels,
  rules: PodRules,
  container?: PodContainer,
): PodIdentity {
  const { namespace, name, labels, owner, uid, key } = pod;
  return {
    kind: 'Pod',
    namespace,
    namespaceLabels,
    pod: name,
    labels,
    ...naming(container),
    ...standing(pod, rules),
    podKey: key,
    podUid: uid,
    owner,
  };
}

function trimContainer(container: ContainerObject): ContainerObject {
  const { name, restartPolicy, targetContainerName, livenessProbe, readinessProbe, startupProbe, lifecycle } =
    container;
  const probe = (handler?: ExecHandler): ExecHandler | undefined => handler?.exec && { exec: handler.exec };
  const hooks = lifecycle && { postStart: probe(lifecycle.postStart), preStop: probe(lifecycle.preStop) };
  return JSON.parse(
    JSON.stringify({
      name,
      restartPolicy,
      targetContainerName,
      livenessProbe: probe(livenessProbe),
      readinessProbe: probe(readinessProbe),
      startupProbe: probe(startupProbe),
      lifecycle: hooks,
    }),
  ) as ContainerObject;
}

/** Of a pod's object what readPod looks at: a node's agent keeps hundreds of them. */
export function trimPod<T extends PodObject>({ metadata, spec, status, ...rest }: T): T {
  const statuses = (list: readonly StatusObject[] | undefined): readonly StatusObject[] =>
    (list ?? []).map(({ name, containerID }) => ({ name, ...(containerID && { containerID }) }));
  const { containers, initContainers = [], ephemeralContainers = [] } = spec;
  return {
    ...rest,
    metadata,
    spec: {
      containers: containers.map(trimContainer),
      initContainers: initContainers.map(trimContainer),
      ephemeralContainers: ephemeralContainers.map(trimContainer),
    },
    status: {
      ...(status?.phase && { phase: status.phase }),
      containerStatuses: statuses(status?.containerStatuses),
      initContainerStatuses: statuses(status?.initContainerStatuses),
      ephemeralContainerStatuses: statuses(status?.ephemeralContainerStatuses),
    },
  } as unknown as T;
}
