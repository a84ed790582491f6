// The agent: what is wanted (folder, state directory) and what there is (cgroups, kernel), made one again and again.
// Stopping it ends nothing: programs and maps are pinned, and the next agent takes them over.

import type { PolicyIR } from '../compile/ir.js';
import type { Fault } from '../errors.js';
import type { GoodObject, ObjectState } from '../source/merge.js';
import type { PauseState } from '../source/state.js';
import { nameWorkloads } from '../workload/identify.js';
import { readStats } from './kernel-maps.js';
import type { AgentFacts, AgentParts, NodeStatus, WorkedIn } from './agent-parts.js';
import { labelsOfMachine } from './node-labels.js';
import type { NodeMode } from './node-mode.js';
import { PauseSwitch } from './pause-switch.js';
import { PolicySet } from './policy-set.js';
import type { NodeView } from './policy-set.js';
import { describeFault } from './reconcile.js';
import type { Outcome } from './reconcile.js';
import type { AgentApi, Health } from './server.js';
import { Sweeper } from './sweeper.js';

export type { NodeStatus } from './agent-parts.js';

/** New cgroups are under their policies before this: the kernel sees to that. It is for status and for what changed meanwhile. */
const CGROUP_SETTLE_MS = 200;
const CGROUP_RESCAN_MS = 5000;
const RETRY_MS = 1000;
const PRUNE_MS = 300_000;

export class Agent implements AgentApi {
  readonly #parts: AgentParts;
  readonly #policies = new PolicySet();
  readonly #sweeper: Sweeper;
  #outcome: Outcome | undefined;
  #worked: Worked = { objects: new Map(), paused: new Set(), unconfirmed: new Set() };
  #kernelFault: string | undefined;
  readonly #pauses: PauseSwitch;
  readonly #timers = new Map<string, () => void>();
  #stopped = false;

  constructor(parts: AgentParts, pause: PauseState | undefined) {
    this.#parts = parts;
    this.#sweeper = new Sweeper(parts.clock, {
      idle: () => parts.reconciler.idle(),
      sweep: (rulesets) => this.#sweep(rulesets),
    });
    this.#pauses = new PauseSwitch({ ...parts, onFault: (fault) => this.setFault('pause', fault) }, pause);
  }

  /** The first look at the cgroups. Programs that report new ones must be attached already. */
  async begin(): Promise<void> {
    const { index, cluster } = this.#parts;
    await index.rescan();
    cluster?.binder.learn(index.all().values());
    this.#pauses.apply();
  }

  /** A fault that lasts is told once and stays in the status until it is over. */
  setFault(name: string, fault: Fault | undefined): void {
    this.#parts.faults.set(name, fault);
  }

  /** Makes the kernel hold what is wanted. A failure changes nothing for the worse and is tried again. */
  reconcile(): void {
    if (!this.#parts.feeds.some((feed) => feed.isHolding())) this.#reconcileNow();
  }

  takeCgroup(id: bigint, path: string): void {
    if (!this.#parts.index.add(id, path)) return;
    this.#parts.cluster?.binder.arrived(id, path);
    this.#later('cgroups', CGROUP_SETTLE_MS, () => this.reconcile());
  }

  takeCgroupGone(id: bigint): void {
    if (!this.#parts.index.remove(id)) return;
    this.#parts.cluster?.binder.gone(id);
    this.#later('cgroups', CGROUP_SETTLE_MS, () => this.reconcile());
  }

  setEmergency(on: boolean): void {
    this.#pauses.setEmergency(on);
    this.#parts.cluster?.stateChanged();
  }

  /** Undefined before anything was applied. Policies count as in force only where the kernel, read back, holds them. */
  facts(): AgentFacts | undefined {
    const { kernel, reconciler } = this.#parts;
    const outcome = this.#outcome;
    if (outcome === undefined) return undefined;
    const isHeld = reconciler.isHeld() && this.health().ok;
    return {
      mode: this.#pauses.mode(),
      backends: kernel.backends(),
      ...this.#worked,
      outcome: isHeld ? outcome : { ...outcome, inForce: new Map() },
      fault: isHeld ? this.#kernelFault : (this.#kernelFault ?? 'the kernel does not hold what was written'),
    };
  }

  /** Undefined before anything was applied. */
  workedIn(): WorkedIn | undefined {
    const outcome = this.#outcome;
    return outcome && { objects: this.#worked.objects, outcome };
  }

  policyInForce(uid: string): PolicyIR | undefined {
    return this.#outcome?.inForce.get(uid);
  }

  /** Starts what repeats. */
  watch(): void {
    this.#later('rescan', CGROUP_RESCAN_MS, () => {
      this.#rescanAndReconcile()
        .catch((error: unknown) => this.setFault('cgroups', error as Fault))
        .finally(() => this.watch());
    });
  }

  /** Counters of cgroups that are gone leave the kernel, now and then. */
  prune(): void {
    this.#later('prune', PRUNE_MS, () => {
      this.#parts.counters
        .prune()
        .then(() => this.setFault('counters', undefined))
        .catch((error: unknown) => this.setFault('counters', error as Fault))
        .finally(() => this.prune());
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#sweeper.stop();
    this.#pauses.stop();
    this.#parts.resolver.stop();
    this.#parts.cluster?.binder.stop();
  }

  health(): Health {
    const attached = this.#parts.kernel.programs().length;
    return attached > 0 ? { ok: true, reasons: [] } : { ok: false, reasons: ['no program is attached'] };
  }

  ready(): Health {
    const reasons = [...this.health().reasons];
    reasons.push(...this.#parts.feeds.flatMap((feed) => feed.missing()));
    if (this.#outcome === undefined) reasons.push('policies have not been applied yet');
    if (this.#kernelFault !== undefined) reasons.push(this.#kernelFault);
    return { ok: reasons.length === 0, reasons };
  }

  status(): NodeStatus {
    const { node, kernel, index, sink, pipe, clock, bootClock, counters } = this.#parts;
    const now = new Date(clock.now()).toISOString();
    const backends = kernel.backends();
    return {
      node,
      kernel: kernel.release,
      mode: this.#pauses.mode(),
      backends: [...backends].map(([hook, backend]) => ({ operation: hook, ...backend })),
      programs: kernel.programs(),
      policies: this.#parts.board.report({
        objects: this.objects(),
        outcome: this.#outcome,
        fault: this.#kernelFault,
        backends,
        mode: this.#pauses.mode(),
        counters: counters.read(),
        kernel: kernel.release,
        bootOffsetNs: bootClock.offsetNs(),
        now,
      }),
      findings: this.#parts.feeds.flatMap((feed) => feed.strayIssues()),
      faults: this.#parts.faults.list(),
      cgroups: index.all().size,
      losses: readStats(kernel),
      events: { ...sink.counts(), ...pipe.counts() },
    };
  }

  recentEvents(count: number): readonly string[] {
    return this.#parts.events.recent(count);
  }

  follow(then: (line: string) => void): () => void {
    return this.#parts.events.follow(then);
  }

  async pause(seconds: number): Promise<NodeMode> {
    const mode = await this.#pauses.pause(seconds);
    this.#parts.cluster?.stateChanged();
    return mode;
  }

  async resume(): Promise<NodeMode> {
    const mode = await this.#pauses.resume();
    this.#parts.cluster?.stateChanged();
    return mode;
  }

  /** Of all feeds, by uid. */
  objects(): ReadonlyMap<string, ObjectState> {
    return new Map(this.#parts.feeds.flatMap((feed) => [...feed.objects()]));
  }

  #view(): NodeView {
    const { cluster, node } = this.#parts;
    const isUnconfirmed = (policy: PolicyIR): boolean => cluster?.isUnconfirmed(policy) === true;
    return { labels: cluster?.nodeLabels() ?? labelsOfMachine(node), isUnconfirmed };
  }

  #reconcileNow(): void {
    const { catalog, index, kernel, reconciler, cluster, clock, log } = this.#parts;
    const beganMs = clock.now();
    const objects = this.objects();
    const selection = this.#policies.select(objects.values(), this.#view(), clock.now());
    const { good, policies, items, paused, unconfirmed, pauseLeftMs } = selection;
    this.#worked = { objects, paused, unconfirmed };
    if (pauseLeftMs !== undefined) this.#later('pause', pauseLeftMs, () => this.reconcile());
    catalog.learnPolicies(policies);
    const named = nameWorkloads(items);
    catalog.learnNamed(named);
    try {
      const facts = { cgroups: index.all(), backends: kernel.backends(), ...(cluster && { pods: cluster.pods }) };
      const outcome = reconciler.reconcile({ policies, named, ...facts });
      this.#settle(outcome, good);
      if (outcome.ops > 0) log.info('policies applied', { ...countsOf(outcome), tookMs: clock.now() - beganMs });
    } catch (error) {
      this.#kernelFault = describeFault(error);
      log.error('policies could not be applied', { reason: this.#kernelFault });
      this.#later('reconcile', RETRY_MS, () => this.reconcile());
    }
    cluster?.stateChanged();
  }

  #settle(outcome: Outcome, good: readonly GoodObject[]): void {
    const { catalog, index, kernel, reconciler, log, persister } = this.#parts;
    this.#outcome = outcome;
    this.#kernelFault = undefined;
    catalog.learnOwners(outcome.owners);
    index.forget((id) => reconciler.holds(id));
    if (outcome.ops > 0) kernel.seedTasks();
    this.#parts.resolver.resolve(outcome);
    for (const [uid, reason] of outcome.failed) log.warn('policy not applied', { uid, reason });
    if (outcome.sweep) this.#sweeper.changed();
    this.#parts.cluster?.binder.settle();
    this.#parts.cluster?.planned();
    const kept = good.filter(({ uid, policy }) => policy === undefined || !outcome.failed.has(uid));
    persister.keep(new Map(kept.map((object) => [object.uid, object])), new Set(outcome.failed.keys()));
  }

  #sweep(rulesets: ReadonlySet<number>): void {
    try {
      this.#parts.reconciler.sweep(rulesets);
    } catch (error) {
      this.#parts.log.warn('replaced entries could not be removed', { reason: describeFault(error) });
    }
  }

  async #rescanAndReconcile(): Promise<void> {
    const { index, cluster } = this.#parts;
    const changed = await index.rescan();
    if (changed) cluster?.binder.learn(index.all().values());
    if (changed) this.reconcile();
    else if (this.#outcome !== undefined) this.#parts.resolver.resolve(this.#outcome);
    this.setFault('cgroups', undefined);
  }

  #later(name: string, delayMs: number, then: () => void): void {
    if (this.#stopped) return;
    this.#timers.get(name)?.();
    this.#timers.set(
      name,
      this.#parts.clock.after(delayMs, () => {
        this.#timers.delete(name);
        then();
      }),
    );
  }
}

type Worked = Pick<AgentFacts, 'objects' | 'paused' | 'unconfirmed'>;

function countsOf({ inForce, ops, failed }: Outcome): Record<string, number> {
  return { policies: inForce.size, ops, failed: failed.size };
}
