// Whose containers this node runs. Pod key -> pod with the labels of its namespace; container id -> its name in the pod, or
// that it is the pod's sandbox. Pods and namespaces come from the API server, names from what the runtime wrote down when
// it made the container, or else from the pod's status.

import { identifyContainer, indexPods } from './pods.js';
import type { Handler, Pod, PodContainer, PodRules } from './pods.js';
import { containerCgroup } from './pod-cgroups.js';

import type { ContainerCgroup, PodKey } from './pod-cgroups.js';
import type { Labels, PodIdentity } from './select.js';

/** What the runtime knows of a container by its id. */
export type ContainerRecord = { readonly kind: 'Container'; readonly name: string } | { readonly kind: 'Sandbox' };

/** A container that the runtime has written down and whose cgroup is not there yet. */
export interface ExpectedContainer {
  readonly container: ContainerCgroup;
  /** The last part of its cgroup's path. */
  readonly cgroupName: string;
}

export interface KnownPod {
  readonly pod: Pod;
  readonly namespaceLabels: Labels;
}

const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

export class PodTable {
  readonly #rules: PodRules;
  #pods: ReadonlyMap<PodKey, Pod> = new Map();
  #namespaces: ReadonlyMap<string, Labels> = new Map();
  readonly #records = new Map<string, ContainerRecord>();
  readonly #expected = new Map<string, ExpectedContainer>();

  constructor(rules: PodRules) {
    this.#rules = rules;
  }

  takePods(pods: Iterable<Pod>): void {
    this.#pods = indexPods(pods);
  }

  /** Labels by name of the namespace. */
  takeNamespaces(namespaces: ReadonlyMap<string, Labels>): void {
    this.#namespaces = new Map([...namespaces].map(([name, labels]) => [name, withoutName(labels)]));
  }

  record(container: string, record: ContainerRecord): void {
    this.#records.set(container, record);
  }

  /** Forgets records of containers whose cgroups are gone. */
  keepRecords(isHeld: (container: string) => boolean): void {
    for (const container of this.#records.keys())
      if (!isHeld(container) && !this.#expected.has(container)) this.#records.delete(container);
  }

  expect(one: ExpectedContainer): void {
    this.#expected.set(one.container.container, one);
  }

  /** Its cgroup has come, or will not. */
  expectNoMore(container: string): void {
    this.#expected.delete(container);
  }

  expected(): Iterable<ExpectedContainer> {
    return this.#expected.values();
  }

  /** Undefined where the labels of its namespace are not known either: a selector could not be decided. */
  known(key: PodKey): KnownPod | undefined {
    const pod = this.#pods.get(key);
    const namespaceLabels = pod && this.#namespaces.get(pod.namespace);
    return pod && namespaceLabels && { pod, namespaceLabels };
  }

  *all(): Generator<KnownPod> {
    for (const key of this.#pods.keys()) {
      const known = this.known(key);
      if (known !== undefined) yield known;
    }
  }

  hasRecord({ pod, container }: ContainerCgroup): boolean {
    return this.#records.has(container) || this.#pods.get(pod)?.ids.has(container) === true;
  }

  /** Any container of the pod, as long as nobody knows which. */
  anyOf({ pod, namespaceLabels }: KnownPod): PodIdentity {
    return identifyContainer(pod, namespaceLabels, this.#rules);
  }

  eachOf({ pod, namespaceLabels }: KnownPod): PodIdentity[] {
    return pod.containers.map((container) => identifyContainer(pod, namespaceLabels, this.#rules, container));
  }

  identify({ pod: key, container: id }: ContainerCgroup): PodIdentity {
    const known = this.known(key);
    const record = this.#records.get(id);
    if (record?.kind === 'Sandbox') return { ...(known ? this.anyOf(known) : nobody(key)), exempt: 'Sandbox' };
    if (known === undefined) return nobody(key);
    const container = this.#containerOf(known.pod, id);
    return identifyContainer(known.pod, known.namespaceLabels, this.#rules, container);
  }

  /** Programs that the kubelet lets start in the container of this cgroup, if it is one. */
  handlers(cgroup: string): readonly Handler[] {
    const container = containerCgroup(cgroup);
    const pod = container && this.#pods.get(container.pod);
    return (pod && this.#containerOf(pod, container.container)?.handlers) ?? [];
  }

  #containerOf(pod: Pod, id: string): PodContainer | undefined {
    const record = this.#records.get(id);
    const name = record?.kind === 'Container' ? record.name : pod.ids.get(id);
    return pod.containers.find((container) => container.name === name);
  }
}

/** Whether more would have to be known to say what the container is under. */
export function isCertain({ unnamed, exempt }: PodIdentity): boolean {
  return exempt === 'Sandbox' || exempt === 'Ringfence' || unnamed !== true;
}

/** A container of a pod that the API server has not told of: no policy is about it yet. */
function nobody(key: PodKey): PodIdentity {
  return {
    kind: 'Pod',
    namespace: '',
    namespaceLabels: {},
    pod: '',
    labels: {},
    container: '',
    containerType: 'App',
    unnamed: true,
    exempt: 'Unknown',
    podKey: key,
  };
}

function withoutName(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => key !== NAMESPACE_NAME));
}
