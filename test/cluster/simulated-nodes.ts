// Nodes without machines: their objects, leases and states as agents write them, with violations that the test invents.
import { connectCluster, LEASES, NODE_STATES, NODES, RUNTIME_POLICIES } from '../../operator/src/k8s/index.js';
import type { Cluster, KubeObject } from '../../operator/src/k8s/index.js';
import { silentLog } from '../../operator/src/log.js';
import { policyDigest } from '../../operator/src/report/digest.js';
import { fitNodeState } from '../../operator/src/report/fit.js';
import type { NodeBackend, NodeStateStatus, NodeTotal, PodOwner } from '../../operator/src/report/objects.gen.js';
import { ViolationRows } from '../../operator/src/report/rows.js';

export const INSTALLED_IN = 'ringfence-system';

export interface Seen {
  readonly uid: string;
  readonly name: string;
  readonly generation: number;
}

const LSM = { hook: 'lsm/bprm_creds_for_exec', denies: true, signals: true };
export const PREVENTS: readonly NodeBackend[] = [
  { kind: 'binaries', class: 'Exec', ...LSM },
  { kind: 'binaries', class: 'Map', ...LSM },
];
export const TERMINATES: readonly NodeBackend[] = PREVENTS.map((one) => ({ ...one, hook: 'tp_btf/x', denies: false }));

export class SimulatedNode {
  readonly #totals = new Map<string, NodeTotal>();
  readonly #since = new Date().toISOString();
  rows = new ViolationRows();
  epoch = 'e1';
  /** What it says besides. */
  shows: Pick<NodeStateStatus, 'findings' | 'podProblems' | 'predating'> = {};
  #published: NodeStateStatus | undefined;

  constructor(
    private readonly cluster: Cluster,
    readonly name: string,
    readonly backends: readonly NodeBackend[] = PREVENTS,
  ) {}

  /** The Node, its NodeState and its lease. */
  async join(): Promise<void> {
    const metadata = { name: this.name, labels: { pool: 'simulated' } };
    await this.cluster.apply(NODES, { apiVersion: 'v1', kind: 'Node', metadata });
    await this.cluster.apply(NODE_STATES, this.#object());
    await this.renew();
  }

  async renew(): Promise<void> {
    const renewTime = new Date().toISOString().replace('Z', '000Z');
    const lease: KubeObject & { spec: object } = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: `ringfence-node-${this.name}`,
        namespace: INSTALLED_IN,
        labels: { 'app.kubernetes.io/name': 'ringfence', 'app.kubernetes.io/component': 'agent' },
      },
      spec: { holderIdentity: this.name, leaseDurationSeconds: 40, renewTime },
    };
    await this.cluster.apply(LEASES, lease);
  }

  violate(policy: Seen, owner: PodOwner, times: number, object = '/usr/bin/dash'): void {
    const time = new Date().toISOString();
    const rule = 'shells';
    const counter = `${policy.uid}/${rule}@${owner.uid}/${object}`;
    const key = `${policy.uid}/${rule}`;
    const { killed } = this.#totals.get(key) ?? { killed: 0 };
    this.#totals.set(key, { killed: killed + times, blocked: 0, audited: 0, since: this.#since, lastTime: time });
    this.rows.observe({
      ...{ uid: policy.uid, rule, generation: policy.generation, mode: 'Enforce', action: 'Killed' },
      ...{ kind: 'binaries', class: 'Exec', hook: LSM.hook, time, namespace: 'shop', owner, container: 'app' },
      ...{ binary: '/app/server', object, counter, pod: { name: `web-${this.name}`, uid: `pod-${this.name}` } },
    });
    const before = this.rows.list().find((row) => row.object === object && row.uid === policy.uid)?.count ?? 0;
    this.#exact.set(counter, (this.#exact.get(counter) ?? 0) + times);
    this.rows.settle(counter, this.#exact.get(counter) ?? before);
  }

  readonly #exact = new Map<string, number>();

  /** What the node's agent would say, having worked in these policies and selecting two pods with each but those that are bad. */
  async publish(policies: readonly Seen[]): Promise<void> {
    const accepted = policies.filter(({ name }) => !name.startsWith('bad-'));
    const map = (value: (policy: Seen) => number): Record<string, number> =>
      Object.fromEntries(accepted.map((policy) => [policy.uid, value(policy)]));
    const status: NodeStateStatus = {
      agent: { version: '0.1.0', epoch: this.epoch },
      kernel: { release: '6.12.1', arch: 'x86_64' },
      mode: { effective: 'Enforce', source: 'Default' },
      observed: { runtimePolicies: policyDigest(policies), clusterRuntimePolicies: policyDigest([]) },
      backends: this.backends,
      programmed: map(({ generation }) => generation),
      selected: map(() => 2),
      totals: Object.fromEntries(this.#totals),
      violations: this.rows.list(),
      pods: { known: 2, held: 0, unknown: 0, predating: 0, unknownPods: 'Hold' },
      ...this.shows,
    };
    this.#published = fitNodeState(status, this.#published);
    const object = { ...this.#object(), status: this.#published };
    await this.cluster.applyStatus(NODE_STATES, object);
  }

  #object(): KubeObject {
    return { apiVersion: 'ringfence.io/v1alpha1', kind: 'NodeState', metadata: { name: this.name } };
  }
}

export async function connectTest(kubeconfig: string): Promise<Cluster> {
  const who = { userAgent: 'ringfence-test', fieldManager: 'ringfence-agent', instance: 'test' };
  return await connectCluster({ kubeconfig, log: silentLog, ...who });
}

/** All policies of namespaces, as an agent sees them. */
export async function seenPolicies(cluster: Cluster): Promise<Seen[]> {
  const policies = await cluster.list<KubeObject>(RUNTIME_POLICIES, {});
  return policies.map(({ metadata }) => ({
    uid: metadata.uid ?? '',
    name: metadata.name,
    generation: metadata.generation ?? 1,
  }));
}

/** Does many things a few at a time. */
export async function eachOf<T>(list: readonly T[], work: (one: T) => Promise<unknown>, width = 16): Promise<void> {
  const queue = [...list];
  const worker = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
