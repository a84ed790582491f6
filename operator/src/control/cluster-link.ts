// An agent's side of a cluster: what it hears of policies and workloads, and the connection. The agent runs and enforces without
// it; the client is loaded only once enforcement stands.

import { join } from 'node:path';
import type { Fault } from '../errors.js';
import { connectCluster } from '../k8s/index.js';
import type { Cluster } from '../k8s/index.js';
import type { Log } from '../log.js';
import { ApiSource } from '../source/api-source.js';
import type { Clock } from '../source/clock.js';
import type { ClusterState, SavedState } from '../source/state.js';
import { PodTable } from '../workload/pod-table.js';
import { RuntimeRecords } from '../workload/runtime-records.js';
import type { Labels } from '../workload/select.js';
import type { AgentCluster } from './agent.js';
import type { Ground } from './assemble.js';
import { ClusterPolicies } from './cluster-policies.js';
import { ClusterWorkloads } from './cluster-workloads.js';
import { Coalescer } from './coalescer.js';
import { ContainerBinder } from './container-binder.js';
import type { FaultBoard } from './fault-board.js';
import { FrozenCgroups } from './frozen.js';
import { HoldLease } from './hold-lease.js';
import type { ClusterOptions } from './options.js';
import type { Reconciler } from './reconcile.js';

export const FIELD_MANAGER = 'ringfence-agent';

interface Shared {
  readonly clock: Clock;
  readonly log: Log;
  readonly faults: FaultBoard;
  readonly reconciler: Reconciler;
  readonly onChange: () => void;
  readonly onEmergency: (on: boolean) => void;
}

export class ClusterLink implements AgentCluster {
  readonly pods: PodTable;
  readonly binder: ContainerBinder;
  readonly policies: ClusterPolicies;
  readonly workloads: ClusterWorkloads;
  readonly #ground: Ground;
  readonly #options: ClusterOptions;
  readonly #shared: Shared;
  readonly #changes: Coalescer;
  readonly #frozen: FrozenCgroups;
  readonly #hold: HoldLease;
  #cluster: Cluster | undefined;

  /** Undefined where the agent runs without a cluster. */
  static of(ground: Ground, shared: Shared): ClusterLink | undefined {
    const { cluster } = ground.options;
    return cluster && new ClusterLink(ground, cluster, shared);
  }

  constructor(ground: Ground, options: ClusterOptions, shared: Shared) {
    const { clock, log, reconciler, onEmergency } = shared;
    const { kernel, index } = ground;
    const { node, runDir } = ground.options;
    [this.#ground, this.#options, this.#shared] = [ground, options, shared];
    this.#changes = new Coalescer(clock, () => this.#take());
    const onChange = (): void => this.#changes.changed();
    this.pods = new PodTable(options);
    // Only a hook that can deny can hold an entrypoint back.
    const holds = options.unknownPods === 'Hold' && kernel.backend === 'lsm';
    this.#frozen = new FrozenCgroups(index.mount, join(runDir, 'frozen'));
    this.#hold = new HoldLease({ kernel, clock, holds });
    this.binder = new ContainerBinder({
      table: this.pods,
      records: new RuntimeRecords(options.runtimeRoot),
      reconciler,
      frozen: this.#frozen,
      clock,
      log,
      holds,
      onUnforeseen: onChange,
    });
    const source = new ApiSource({ systemNamespaces: [...options.systemNamespaces, options.installNamespace] });
    this.policies = new ClusterPolicies({ source, clock, onChange });
    const save = (state: ClusterState): void => this.#save(state);
    const { installNamespace } = options;
    this.workloads = new ClusterWorkloads({
      node,
      installNamespace,
      table: this.pods,
      clock,
      onChange,
      onEmergency,
      save,
    });
  }

  nodeLabels(): Labels {
    return this.workloads.nodeLabels();
  }

  /** What an earlier run left behind, before anything is enforced. */
  restore(saved: SavedState): void {
    this.#frozen.thawAll();
    this.workloads.restore(saved.cluster);
    this.policies.restore(saved.objects);
    if (!this.#ground.kernel.adopted) return;
    this.policies.takeOver(saved.faults.length === 0 && saved.objects.length > 0);
  }

  /** Enforcement stands: containers that come from now on may be held, and the server may be asked. */
  async start(): Promise<void> {
    this.#hold.start();
    const { kubeconfig } = this.#options;
    const { node, log } = this.#ground.options;
    this.#cluster = await connectCluster({
      ...(kubeconfig !== undefined && { kubeconfig }),
      log,
      userAgent: 'ringfence-agent',
      fieldManager: FIELD_MANAGER,
      instance: node,
    });
    this.policies.start(this.#cluster);
    this.workloads.start(this.#cluster);
    log.info('cluster connected', { node });
  }

  async stop(): Promise<void> {
    this.#changes.stop();
    this.#hold.stop();
    this.policies.stop();
    this.workloads.stop();
    await this.#cluster?.stop();
  }

  #take(): void {
    this.workloads.take();
    this.policies.take();
    this.#shared.onChange();
  }

  #save(state: ClusterState): void {
    const { faults } = this.#shared;
    this.#ground.state.saveCluster(state).then(
      () => faults.set('cluster state', undefined),
      (error: unknown) => faults.set('cluster state', error as Fault),
    );
  }
}
