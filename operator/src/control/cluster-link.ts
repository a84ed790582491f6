// An agent's side of a cluster: what it hears of policies and workloads, and the connection. The agent runs and enforces without
// it; the client is loaded only once enforcement stands.

import { randomUUID } from 'node:crypto';
import type { PolicyIR } from '../compile/ir.js';
import type { Fault } from '../errors.js';
import type { ContainerEvent, PolicyEvent } from '../event/types.js';
import { connectCluster } from '../k8s/index.js';
import type { Cluster } from '../k8s/index.js';
import type { Log } from '../log.js';
import { readCounts } from '../report/node-counts.js';
import type { NodePods } from '../report/objects.gen.js';
import { ApiSource } from '../source/api-source.js';
import type { Clock } from '../source/clock.js';
import type { ClusterState, SavedState } from '../source/state.js';
import { PodTable } from '../workload/pod-table.js';
import { RuntimeRecords } from '../workload/runtime-records.js';
import type { Labels } from '../workload/select.js';
import type { AgentCluster, AgentFacts, WorkedIn } from './agent-parts.js';
import type { Ground } from './assemble.js';
import { readBootId } from './boot-id.js';
import type { BootClock } from './boot-clock.js';
import type { Catalog } from './catalog.js';
import { ClusterPolicies } from './cluster-policies.js';
import { ClusterWorkloads } from './cluster-workloads.js';
import { Coalescer } from './coalescer.js';
import { ContainerAnnouncer } from './container-announcer.js';
import { ContainerBinder } from './container-binder.js';
import type { CounterBook } from './counter-book.js';
import type { FaultBoard } from './fault-board.js';
import { FindingDesk } from './finding-desk.js';
import { FrozenCgroups, frozenFolder } from './frozen.js';
import { HoldLease } from './hold-lease.js';
import { readStats } from './kernel-maps.js';
import type { RuleCounter } from './kernel-maps.js';
import { nodeFacts } from './node-facts.js';
import { NodePublisher } from './node-publisher.js';
import type { NodeFacts } from './node-state.js';
import type { ClusterOptions } from './options.js';
import { PodProblems } from './pod-problems.js';
import { readPredating } from './predating.js';
import type { Reconciler } from './reconcile.js';
import { Tenure } from './tenure.js';

const NS_PER_MS = 1_000_000n;
export const FIELD_MANAGER = 'ringfence-agent';

interface Shared {
  readonly clock: Clock;
  readonly log: Log;
  readonly faults: FaultBoard;
  readonly reconciler: Reconciler;
  readonly onChange: () => void;
  readonly onEmergency: (on: boolean) => void;
  readonly catalog: Catalog;
  readonly counters: CounterBook;
  readonly bootClock: BootClock;
  readonly facts: () => AgentFacts | undefined;
  readonly policy: (uid: string) => PolicyIR | undefined;
  readonly workedIn: () => WorkedIn | undefined;
}

export class ClusterLink implements AgentCluster {
  readonly pods: PodTable;
  readonly binder: ContainerBinder;
  readonly #announcer: ContainerAnnouncer;
  readonly policies: ClusterPolicies;
  readonly workloads: ClusterWorkloads;
  readonly #ground: Ground;
  readonly #options: ClusterOptions;
  readonly #shared: Shared;
  readonly #changes: Coalescer;
  readonly #frozen: FrozenCgroups;
  readonly #hold: HoldLease;
  readonly #holds: boolean;
  readonly #publisher: NodePublisher;
  readonly #tenure: Tenure;
  readonly #desk: FindingDesk;
  readonly #problems = new PodProblems();
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
    shared.catalog.learnPods(this.pods);
    // Only a hook that can deny can hold an entrypoint back.
    const holds = options.unknownPods === 'Hold' && kernel.backend === 'lsm';
    this.#holds = holds;
    this.#frozen = new FrozenCgroups(index.mount, frozenFolder(runDir));
    this.#hold = new HoldLease({ kernel, clock, holds });
    const records = new RuntimeRecords(options.runtimeRoot);
    this.#announcer = new ContainerAnnouncer({ table: this.pods, records, reconciler, clock });
    this.binder = new ContainerBinder({
      table: this.pods,
      records,
      reconciler,
      frozen: this.#frozen,
      clock,
      log,
      holds,
      onUnforeseen: onChange,
    });
    this.#publisher = this.#makePublisher();
    this.#tenure = this.#makeTenure();
    this.#desk = this.#makeDesk();
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

  isUnconfirmed(policy: PolicyIR): boolean {
    return this.policies.isUnheard(policy.uid) && this.#tenure.doubts(policy);
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
    this.#announcer.start();
    this.#tenure.start();
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
    this.#publisher.start(this.#cluster);
    const { installNamespace: namespace } = this.#options;
    const labels = { 'app.kubernetes.io/name': 'ringfence', 'app.kubernetes.io/component': 'agent' };
    this.#cluster.heartbeat({ name: `ringfence-node-${node}`, namespace, holder: node, labels });
    log.info('cluster connected', { node });
  }

  async stop(): Promise<void> {
    this.#changes.stop();
    this.#hold.stop();
    this.#announcer.stop();
    this.#tenure.stop();
    this.policies.stop();
    this.workloads.stop();
    this.#desk.stop();
    this.#publisher.stop();
    await this.#cluster?.stop();
  }

  stateChanged(): void {
    this.#publisher.changed();
  }

  planned(): void {
    this.#desk.planned();
  }

  /** Counters that are in the kernel no more. */
  takenOut(counters: readonly RuleCounter[]): void {
    this.#publisher.forget(counters);
  }

  observe(event: PolicyEvent): void {
    this.#publisher.observe(event);
    if (this.#problems.violation(event)) this.stateChanged();
  }

  held(event: ContainerEvent): void {
    if (this.#problems.held(event)) this.stateChanged();
  }

  #makeDesk(): FindingDesk {
    const { clock, log, faults, workedIn } = this.#shared;
    const { kernel, index, saved, state } = this.#ground;
    const bootID = readBootId();
    return new FindingDesk({
      ...{ clock, log, bootID },
      mount: index.mount,
      table: this.pods,
      input: () => {
        const known = workedIn();
        return known && { ...known.outcome, objects: known.objects };
      },
      bootNs: () => kernel.bootTimeNs(),
      saved: kernel.adopted ? readPredating(saved.predating, bootID) : undefined,
      save: (since) =>
        void state.savePredating(since).catch((error: unknown) => faults.set('predating', error as Fault)),
      onChange: () => this.stateChanged(),
    });
  }

  #makeTenure(): Tenure {
    const { clock, faults, facts } = this.#shared;
    const { saved, state } = this.#ground;
    return new Tenure({
      clock,
      bootID: readBootId(),
      saved: saved.tenure,
      isKubeletHealthy: () => this.workloads.isKubeletHealthy(),
      inForce: () => facts()?.outcome.inForce,
      save: (tenure) => void state.saveTenure(tenure).catch((error: unknown) => faults.set('tenure', error as Fault)),
    });
  }

  #makePublisher(): NodePublisher {
    const { clock, log, catalog, bootClock, faults, policy } = this.#shared;
    const { saved, state, options } = this.#ground;
    return new NodePublisher({
      node: options.node,
      clock,
      log,
      saved: readCounts(saved.counts),
      facts: () => this.#facts(),
      counters: () => this.#shared.counters.read(),
      policy: (uid) => (this.policies.objects().has(uid) ? policy(uid) : undefined),
      isKnown: (uid) => this.policies.objects().has(uid),
      rule: (key) => {
        const known = catalog.rule(key);
        return known && { uid: known.policy.uid, rule: known.rule };
      },
      wallTime: (bootNs) => new Date(Number((bootNs + bootClock.offsetNs()) / NS_PER_MS)).toISOString(),
      nodeUid: () => this.workloads.nodeUid(),
      save: (counts) => void state.saveCounts(counts).catch((error: unknown) => faults.set('counts', error as Fault)),
      newEpoch: () => randomUUID(),
      onFault: (fault) => faults.set('node state', fault),
    });
  }

  #facts(): Omit<NodeFacts, 'epoch'> | undefined {
    const facts = this.#shared.facts();
    if (facts === undefined) return undefined;
    const { findings, predating } = this.#desk.shown();
    return {
      ...nodeFacts(facts, this.#ground.kernel, this.policies),
      pods: { ...this.#podCounts(), ...(predating.pods > 0 && { predating: predating.pods }) },
      findings,
      predating: predating.policies,
      podProblems: this.#problems.list(this.#shared.clock.now()),
    };
  }

  #podCounts(): NodePods {
    const { held, unknown } = this.binder.counts();
    const { HELD = 0 } = readStats(this.#ground.kernel);
    const known = [...this.pods.all()].length;
    return { known, held: held + HELD, unknown, unknownPods: this.#holds ? 'Hold' : this.#withoutHold() };
  }

  #withoutHold(): 'Allow' | 'NotPossible' {
    return this.#options.unknownPods === 'Hold' ? 'NotPossible' : 'Allow';
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
