// The cluster as somebody with a kubeconfig sees it, for `kubectl ringfence`: policies with their status, what each node
// says, and the containers of a pod. Reads only.

import { connectCluster, CLUSTER_RUNTIME_POLICIES, LEASES, NAMESPACES, NODE_STATES, PODS } from '../k8s/index.js';
import { RUNTIME_POLICIES } from '../k8s/index.js';
import type { Cluster, Feed, KubeObject, Lease } from '../k8s/index.js';
import { AgentFault, ClusterFault } from '../errors.js';
import type { Issue } from '../errors.js';
import { compilePolicy } from '../compile/compile.js';
import type { PolicyIR } from '../compile/ir.js';
import { silentLog } from '../log.js';
import { validatePolicyObject } from '../policy/object.js';
import type { PolicyStatus } from '../policy/schema.gen.js';
import type { NodeStateStatus } from '../report/objects.gen.js';
import type { PodIdentity } from '../workload/select.js';
import { VERSION } from './defaults.js';

export interface ViewOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

export interface ViewedPolicy extends KubeObject {
  readonly spec?: { readonly mode?: string };
  readonly status?: PolicyStatus;
}

export interface ViewedNode extends KubeObject {
  readonly status?: NodeStateStatus;
}

interface ContainerSpec {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly targetContainerName?: string;
}

interface Pod extends KubeObject {
  readonly spec?: {
    readonly containers?: readonly ContainerSpec[];
    readonly initContainers?: readonly ContainerSpec[];
    readonly ephemeralContainers?: readonly ContainerSpec[];
  };
}

type Container = Pick<PodIdentity, 'container' | 'containerType' | 'targetContainer'>;

/** Leases by which agents say that they live. */
const AGENT_LEASES = 'app.kubernetes.io/component=agent';

/** @throws ClusterFault */
export async function openClusterView({ kubeconfig, context }: ViewOptions): Promise<ClusterView> {
  const cluster = await connectCluster({
    ...{ kubeconfig, context, log: silentLog },
    ...{ userAgent: `kubectl-ringfence/${VERSION}`, fieldManager: 'kubectl-ringfence', instance: 'kubectl' },
  });
  return new ClusterView(cluster);
}

export class ClusterView {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Of the context. */
  get namespace(): string {
    return this.#cluster.namespace;
  }

  /** Those of the namespace, or of all, and those of the cluster. */
  async policies(namespace: string | undefined): Promise<ViewedPolicy[]> {
    const [ours, clusters] = await Promise.all([
      this.#cluster.list<ViewedPolicy>(RUNTIME_POLICIES, { namespace }),
      this.#cluster.list<ViewedPolicy>(CLUSTER_RUNTIME_POLICIES),
    ]);
    return [...ours, ...clusters];
  }

  nodes(): Promise<ViewedNode[]> {
    return this.#cluster.list<ViewedNode>(NODE_STATES);
  }

  /** Calls back whenever a node says something new. */
  follow(onChange: () => void): Feed<ViewedNode> {
    return this.#cluster.watch<ViewedNode>(NODE_STATES, { onChange });
  }

  /** Node -> time of the last heartbeat, as its agent tells it; undefined where the account may not read leases. */
  async heartbeats(): Promise<ReadonlyMap<string, string> | undefined> {
    try {
      const leases = await this.#cluster.list<Lease>(LEASES, { labelSelector: AGENT_LEASES });
      return new Map(leases.map(({ spec }) => [spec?.holderIdentity ?? '', spec?.renewTime ?? '']));
    } catch (error) {
      if (error instanceof ClusterFault && error.code === 'CLUSTER_FORBIDDEN') return undefined;
      throw error;
    }
  }

  /** A container of a pod as policies select it; the first of the pod when none is named. */
  async container(namespace: string, pod: string, container: string | undefined): Promise<PodIdentity> {
    const found = await this.#cluster.get<Pod>(PODS, pod, namespace);
    if (found === undefined) {
      throw new AgentFault('AGENT_OPTION_INVALID', 'find the pod', {
        object: `${namespace}/${pod}`,
        hint: 'see kubectl get pods',
      });
    }
    const containers = containersOf(found);
    const chosen = containers.find((one) => container === undefined || one.container === container);
    if (chosen === undefined) {
      const hint = `the pod has ${containers.map((one) => one.container).join(', ')}`;
      throw new AgentFault('AGENT_OPTION_INVALID', 'find the container', { object: container ?? pod, hint });
    }
    const labels = found.metadata.labels ?? {};
    return { kind: 'Pod', namespace, namespaceLabels: await this.#labelsOf(namespace), pod, labels, ...chosen };
  }

  async stop(): Promise<void> {
    await this.#cluster.stop();
  }

  async #labelsOf(namespace: string): Promise<Readonly<Record<string, string>>> {
    const found = await this.#cluster.get(NAMESPACES, namespace, undefined, { metadataOnly: true });
    return found?.metadata.labels ?? {};
  }
}

function containersOf({ spec = {} }: Pod): Container[] {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec;
  return [
    ...containers.map(({ name }): Container => ({ container: name, containerType: 'App' })),
    ...initContainers.map(({ name, restartPolicy }): Container => ({
      container: name,
      containerType: restartPolicy === 'Always' ? 'Sidecar' : 'Init',
    })),
    ...ephemeralContainers.map(({ name, targetContainerName }): Container => ({
      container: name,
      containerType: 'Ephemeral',
      ...(targetContainerName === undefined ? {} : { targetContainer: targetContainerName }),
    })),
  ];
}

/** What agents make of the objects; those with errors are left out, as on the nodes. */
export function compileViewed(objects: readonly ViewedPolicy[]): { policies: PolicyIR[]; issues: Issue[] } {
  const policies: PolicyIR[] = [];
  const issues: Issue[] = [];
  for (const { apiVersion, kind, metadata, spec } of objects) {
    const checked = validatePolicyObject({ apiVersion, kind, metadata, spec });
    issues.push(...checked.issues);
    const { uid = '', generation = 1 } = metadata;
    if (checked.policy) policies.push(compilePolicy(checked.policy, { uid, generation, source: 'API' }));
  }
  return { policies, issues };
}
