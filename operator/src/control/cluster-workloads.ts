// What the API server says of this node: its pods, the labels of all namespaces, its own labels, and whether every node is to
// monitor. Kept on disk, so that a node knows its pods before the server answers.

import { CONFIG_MAPS, NAMESPACES, NODES, PODS } from '../k8s/index.js';
import type { Cluster, Feed, KubeObject } from '../k8s/index.js';
import type { Clock } from '../source/clock.js';
import type { ClusterState } from '../source/state.js';
import type { PodTable } from '../workload/pod-table.js';
import { readPod, trimPod } from '../workload/pods.js';
import type { Pod, PodObject } from '../workload/pods.js';
import type { Labels } from '../workload/select.js';

const EMERGENCY = 'ringfence-emergency';
const SAVE_AFTER_MS = 2000;

type KubePod = KubeObject & PodObject;
interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface ClusterWorkloadsOptions {
  readonly node: string;
  readonly installNamespace: string;
  readonly table: PodTable;
  readonly clock: Clock;
  readonly onChange: () => void;
  readonly onEmergency: (on: boolean) => void;
  readonly save: (state: ClusterState) => void;
}

/** Of a node's object what is looked at. */
interface NodeObject extends KubeObject {
  readonly ready?: boolean;
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface Feeds {
  readonly pods: Feed<KubePod>;
  readonly namespaces: Feed<KubeObject>;
  readonly node: Feed<NodeObject>;
  readonly emergency: Feed<ConfigMap>;
}

export class ClusterWorkloads {
  readonly #options: ClusterWorkloadsOptions;
  readonly #read = new WeakMap<KubePod, { pod: Pod | undefined }>();
  #state: ClusterState = { pods: [], namespaces: {}, nodeLabels: {}, emergency: false };
  #feeds: Feeds | undefined;
  #saving: (() => void) | undefined;

  constructor(options: ClusterWorkloadsOptions) {
    this.#options = options;
  }

  nodeLabels(): Labels {
    return this.#state.nodeLabels;
  }

  /** UID of this node's object, once it is known. */
  nodeUid(): string | undefined {
    const [node] = this.#feeds?.node.items().values() ?? [];
    return node?.metadata.uid;
  }

  /** The server is there, and says that it hears this node's kubelet. */
  isKubeletHealthy(): boolean {
    const [node] = this.#feeds?.node.items().values() ?? [];
    return this.#feeds?.node.state === 'watching' && node?.ready === true;
  }

  isSynced(): boolean {
    const { pods, namespaces, node } = this.#feeds ?? {};
    return pods?.synced === true && namespaces?.synced === true && node?.synced === true;
  }

  restore(state: ClusterState | undefined): void {
    if (state === undefined) return;
    const { table, onEmergency } = this.#options;
    this.#state = state;
    table.takeNamespaces(new Map(Object.entries(state.namespaces)));
    table.takePods((state.pods as PodObject[]).flatMap((pod) => readPod(pod) ?? []));
    onEmergency(state.emergency);
  }

  start(cluster: Cluster): void {
    const { node, installNamespace: namespace, onChange } = this.#options;
    this.#feeds = {
      pods: cluster.watch<KubePod>(PODS, { fieldSelector: `spec.nodeName=${node}`, onChange, trim: trimPod }),
      namespaces: cluster.watch<KubeObject>(NAMESPACES, { onChange, trim: named }),
      node: cluster.watch<NodeObject>(NODES, { fieldSelector: `metadata.name=${node}`, onChange, trim: nodeOf }),
      emergency: cluster.watch<ConfigMap>(CONFIG_MAPS, {
        namespace,
        fieldSelector: `metadata.name=${EMERGENCY}`,
        onChange,
      }),
    };
  }

  /** Looks at what the server told; to be called after a change. What it has not told of yet stays as it was. */
  take(): void {
    if (this.#feeds === undefined) return;
    const { table, onEmergency } = this.#options;
    const { pods, namespaces } = this.#feeds;
    this.#state = heard(this.#feeds, this.#state);
    if (namespaces.synced) table.takeNamespaces(new Map(Object.entries(this.#state.namespaces)));
    if (pods.synced) table.takePods([...pods.items().values()].flatMap((pod) => this.#readPod(pod) ?? []));
    onEmergency(this.#state.emergency);
    this.#saving ??= this.#options.clock.after(SAVE_AFTER_MS, () => {
      this.#saving = undefined;
      this.#options.save(this.#state);
    });
  }

  stop(): void {
    this.#saving?.();
    for (const feed of Object.values(this.#feeds ?? {}) as Feed<KubeObject>[]) feed.stop();
  }

  #readPod(object: KubePod): Pod | undefined {
    const known = this.#read.get(object) ?? { pod: readPod(object) };
    this.#read.set(object, known);
    return known.pod;
  }
}

function heard({ pods, namespaces, node, emergency }: Feeds, before: ClusterState): ClusterState {
  const [self] = node.items().values();
  const [map] = emergency.items().values();
  return {
    pods: pods.synced ? [...pods.items().values()] : before.pods,
    namespaces: namespaces.synced ? labelsByName(namespaces.items().values()) : before.namespaces,
    nodeLabels: self ? (self.metadata.labels ?? {}) : before.nodeLabels,
    emergency: emergency.synced ? map?.data?.mode === 'Monitor' : before.emergency,
  };
}

function labelsByName(objects: Iterable<KubeObject>): Record<string, Labels> {
  return Object.fromEntries([...objects].map(({ metadata: { name, labels } }) => [name, labels ?? {}]));
}

function nodeOf(node: NodeObject): NodeObject {
  const conditions = node.status?.conditions ?? [];
  return { ...named(node), ready: conditions.some(({ type, status }) => type === 'Ready' && status === 'True') };
}

/** Names, labels and what belongs to them. */
function named<T extends KubeObject>({ apiVersion, kind, metadata }: T): T {
  const { name, namespace, uid, resourceVersion, labels } = metadata;
  const kept = { name, uid, resourceVersion, labels, ...(namespace && { namespace }) };
  return { apiVersion, kind, metadata: kept } as unknown as T;
}
