// Pods on nodes that have no agent: nobody there can hold a policy, and only the server can say whom it selects.

import { PODS } from '../k8s/index.js';
import type { Cluster, KubeObject } from '../k8s/index.js';
import type { Log } from '../log.js';
import type { Labels } from '../workload/select.js';
import { selectsPod } from './controller-policies.js';
import type { KnownPolicy } from './controller-policies.js';

const EVERY_MS = 30_000;
/** Nodes asked about in one round; clusters where more have no agent are told a part. */
const NODES_MAX = 32;
const LIVE = 'status.phase!=Succeeded,status.phase!=Failed';

export class UnattendedPods {
  readonly #cluster: Cluster;
  readonly #log: Log;
  readonly #systemNamespaces: readonly string[];
  #counts: ReadonlyMap<string, number> = new Map();
  #nextMs = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(cluster: Cluster, log: Log, systemNamespaces: readonly string[]) {
    this.#cluster = cluster;
    this.#log = log;
    this.#systemNamespaces = systemNamespaces;
  }

  /** Selected pods of a policy. */
  count(uid: string): number {
    return this.#counts.get(uid) ?? 0;
  }

  stop(): Promise<void> {
    return this.#work;
  }

  /** @param onChange told the UIDs of policies whose counts changed */
  look(
    nodes: readonly string[],
    policies: ReadonlyMap<string, KnownPolicy>,
    namespaces: ReadonlyMap<string, Labels>,
    onChange: (uid: string) => void,
  ): void {
    if (performance.now() < this.#nextMs || (nodes.length === 0 && this.#counts.size === 0)) return;
    this.#nextMs = performance.now() + EVERY_MS;
    this.#work = this.#count(nodes.slice(0, NODES_MAX), policies, namespaces).then(
      (counts) => {
        const before = this.#counts;
        this.#counts = counts;
        for (const uid of new Set([...before.keys(), ...counts.keys()])) {
          if (before.get(uid) !== counts.get(uid)) onChange(uid);
        }
      },
      (error: unknown) => this.#log.warn('pods without an agent cannot be counted', { error: String(error) }),
    );
  }

  async #count(
    nodes: readonly string[],
    policies: ReadonlyMap<string, KnownPolicy>,
    namespaces: ReadonlyMap<string, Labels>,
  ): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const node of nodes) {
      const fieldSelector = `spec.nodeName=${node},${LIVE}`;
      const pods = await this.#cluster.list<KubeObject>(PODS, { fieldSelector, metadataOnly: true });
      for (const pod of pods) {
        for (const uid of this.#selecting(pod, policies, namespaces)) counts.set(uid, (counts.get(uid) ?? 0) + 1);
      }
    }
    return counts;
  }

  #selecting(
    { metadata }: KubeObject,
    policies: ReadonlyMap<string, KnownPolicy>,
    namespaces: ReadonlyMap<string, Labels>,
  ): string[] {
    const { namespace = '', labels = {} } = metadata;
    const pod = { namespace, namespaceLabels: namespaces.get(namespace) ?? {}, labels };
    const selecting = [...policies.values()].filter((policy) => selectsPod(policy, pod, this.#systemNamespaces));
    return selecting.map(({ uid }) => uid);
  }
}
