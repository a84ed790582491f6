// Everything that the leading controller watches.

import {
  CLUSTER_RUNTIME_POLICIES,
  LEASES,
  LeaseAges,
  NAMESPACES,
  NODES,
  NODE_STATES,
  PODS,
  RUNTIME_POLICIES,
  systemClock,
} from '../k8s/index.js';
import type { Cluster, Feed, KubeObject, Lease } from '../k8s/index.js';
import type { Labels } from '../workload/select.js';
import type { NodeStateObject } from './controller-nodes.js';
import { PolicyHistory } from './controller-policies.js';
import type { KnownPolicy, PolicyObject } from './controller-policies.js';
import { trimPod } from './controller-workloads.js';
import type { NodeObserved } from '../report/objects.gen.js';

export const AGENT_LEASES = 'app.kubernetes.io/name=ringfence,app.kubernetes.io/component=agent';

/** Name of the lease that the agent of a node renews. */
export function agentLease(node: string): string {
  return `ringfence-node-${node}`;
}

export class ControllerFeeds {
  readonly policies: Feed<PolicyObject>;
  readonly clusterPolicies: Feed<PolicyObject>;
  readonly nodeStates: Feed<NodeStateObject>;
  readonly nodes: Feed<KubeObject>;
  readonly namespaces: Feed<KubeObject>;
  readonly leases: Feed<Lease>;
  /** Absent where nobody asks which workloads a policy selects. */
  readonly pods: Feed<KubeObject> | undefined;
  readonly #histories = { RuntimePolicy: new PolicyHistory(), ClusterRuntimePolicy: new PolicyHistory() };
  readonly #ages = new LeaseAges(systemClock);
  readonly #namespace: string;
  #podsVersion = 0;

  constructor(cluster: Cluster, options: { namespace: string; withPods: boolean; onChange: () => void }) {
    const { namespace, withPods, onChange } = options;
    this.#namespace = namespace;
    const metadata = { metadataOnly: true, onChange, trim: trimLabels };
    this.policies = cluster.watch(RUNTIME_POLICIES, { onChange: () => this.#note('RuntimePolicy', onChange) });
    this.clusterPolicies = cluster.watch(CLUSTER_RUNTIME_POLICIES, {
      onChange: () => this.#note('ClusterRuntimePolicy', onChange),
    });
    this.nodeStates = cluster.watch(NODE_STATES, { onChange });
    this.nodes = cluster.watch(NODES, metadata);
    const podsChanged = (): void => {
      this.#podsVersion += 1;
      onChange();
    };
    this.namespaces = cluster.watch(NAMESPACES, { ...metadata, onChange: podsChanged });
    this.leases = cluster.watch(LEASES, {
      namespace,
      labelSelector: AGENT_LEASES,
      onChange: () => this.#observeLeases(),
    });
    this.pods = withPods
      ? cluster.watch(PODS, { metadataOnly: true, onChange: podsChanged, trim: trimPod })
      : undefined;
  }

  /** Changes with pods and labels of namespaces. */
  get podsVersion(): number {
    return this.#podsVersion;
  }

  get synced(): boolean {
    return this.#all().every(({ synced }) => synced);
  }

  /** Names of the resources that are not there yet, and why. */
  waitingFor(): string[] {
    return this.#all().flatMap(({ synced, state }, index) => (synced ? [] : [`${NAMES[index] ?? ''} ${state}`]));
  }

  allPolicies(): ReadonlyMap<string, PolicyObject> {
    return new Map([...this.policies.items(), ...this.clusterPolicies.items()]);
  }

  hasSeen(observed: NodeObserved | undefined, { kind, uid }: KnownPolicy): boolean {
    const digest = kind === 'RuntimePolicy' ? observed?.runtimePolicies : observed?.clusterRuntimePolicies;
    return this.#histories[kind].hasSeen(digest, uid);
  }

  leaseAgeMs(node: string): number | undefined {
    return this.#ages.ageMs(`${this.#namespace}/${agentLease(node)}`);
  }

  /** By name. */
  namespaceLabels(): ReadonlyMap<string, Labels> {
    return labelsByName(this.namespaces);
  }

  /** By name. */
  nodeLabels(): ReadonlyMap<string, Labels> {
    return labelsByName(this.nodes);
  }

  stop(): void {
    for (const feed of this.#all()) feed.stop();
  }

  #note(kind: KnownPolicy['kind'], onChange: () => void): void {
    const feed = kind === 'RuntimePolicy' ? this.policies : this.clusterPolicies;
    const policies = [...feed.items()].map(([uid, { metadata }]) => ({ uid, generation: metadata.generation ?? 1 }));
    this.#histories[kind].note(policies);
    onChange();
  }

  #observeLeases(): void {
    this.#ages.observe(this.leases.items().values());
  }

  #all(): Feed<KubeObject>[] {
    const { policies, clusterPolicies, nodeStates, nodes, namespaces, leases, pods } = this;
    return [policies, clusterPolicies, nodeStates, nodes, namespaces, leases, ...(pods ? [pods] : [])];
  }
}

const NAMES = ['runtimepolicies', 'clusterruntimepolicies', 'nodestates', 'nodes', 'namespaces', 'leases', 'pods'];

function labelsByName(feed: Feed<KubeObject>): Map<string, Labels> {
  return new Map([...feed.items().values()].map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
}

/** Of nodes and namespaces, which change often, what is read here. */
function trimLabels(object: KubeObject): KubeObject {
  const { name, uid, labels } = object.metadata;
  const metadata = { name, ...(uid !== undefined && { uid }), ...(labels && { labels }) };
  return { apiVersion: object.apiVersion, kind: object.kind, metadata };
}
