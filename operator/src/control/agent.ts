// The agent: what is wanted (folder, state directory) and what there is (cgroups, kernel), made one again and again.
// Stopping it ends nothing: programs and maps are pinned, and the next agent takes them over.

import type { PolicyIR } from '../compile/ir.js';
import { compilePolicy } from '../compile/compile.js';
import type { Fault } from '../errors.js';
import type { Log } from '../log.js';
import type { LineSink } from '../report/sinks/line-sink.js';
import type { Clock } from '../source/clock.js';
import type { FolderScan } from '../source/folder.js';
import type { GoodObject, ObjectState } from '../source/merge.js';
import type { PolicySource } from '../source/policy-source.js';
import type { PauseState, StateDirectory } from '../source/state.js';
import type { CgroupIndex } from '../workload/cgroups.js';
import { nameWorkloads } from '../workload/identify.js';
import type { AgentKernel } from './agent-kernel.js';
import type { BootClock } from './boot-clock.js';
import type { Catalog } from './catalog.js';
import type { EventLog } from './event-log.js';
import type { EventPipe } from './event-pipe.js';
import { FaultBoard } from './fault-board.js';
import { readCounters, readStats } from './kernel-maps.js';
import type { NameResolver } from './name-resolver.js';
import type { NodeMode } from './node-mode.js';
import { PauseSwitch } from './pause-switch.js';
import type { Persister } from './persist.js';
import { describeFault } from './reconcile.js';
import type { Outcome, Reconciler } from './reconcile.js';
import type { AgentApi, Health } from './server.js';
import type { PolicyReport, StatusBoard } from './status-board.js';
import { Sweeper } from './sweeper.js';

/** New cgroups are under their policies before this: the kernel sees to that. It is for status and for what changed meanwhile. */
const CGROUP_SETTLE_MS = 200;
const CGROUP_RESCAN_MS = 5000;
const RETRY_MS = 1000;

export interface AgentParts {
  readonly node: string;
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly log: Log;
  readonly kernel: AgentKernel;
  readonly source: PolicySource;
  readonly state: StateDirectory;
  readonly persister: Persister;
  readonly reconciler: Reconciler;
  readonly index: CgroupIndex;
  readonly catalog: Catalog;
  readonly board: StatusBoard;
  readonly pipe: EventPipe;
  readonly sink: LineSink;
  readonly events: EventLog;
  readonly resolver: NameResolver;
  readonly monitorsSinceBoot: boolean;
}

export interface NodeStatus {
  readonly node: string;
  readonly kernel: string;
  readonly mode: NodeMode;
  readonly backends: readonly unknown[];
  readonly programs: readonly unknown[];
  readonly policies: readonly PolicyReport[];
  /** Findings about files that belong to no object. */
  readonly findings: readonly unknown[];
  /** Faults that last: code, message, what to do. */
  readonly faults: readonly { readonly code: string; readonly message: string; readonly hint: string }[];
  readonly cgroups: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly events: Readonly<Record<string, number>>;
}

export class Agent implements AgentApi {
  readonly #parts: AgentParts;
  readonly #compiled = new WeakMap<GoodObject, PolicyIR>();
  readonly #faults: FaultBoard;
  readonly #sweeper: Sweeper;
  #objects: ReadonlyMap<string, ObjectState> = new Map();
  #strayIssues: readonly unknown[] = [];
  #outcome: Outcome | undefined;
  #kernelFault: string | undefined;
  readonly #pauses: PauseSwitch;
  readonly #timers = new Map<string, () => void>();
  #folderRead = false;
  #isHolding = false;
  #stopped = false;

  constructor(parts: AgentParts, pause: PauseState | undefined) {
    this.#parts = parts;
    this.#faults = new FaultBoard(parts.log);
    this.#sweeper = new Sweeper(parts.clock, () => this.#sweep());
    this.#pauses = new PauseSwitch({ ...parts, onFault: (fault) => this.setFault('pause', fault) }, pause);
  }

  /** The first look at the cgroups. Programs that report new ones must be attached already. */
  async begin(): Promise<void> {
    await this.#parts.index.rescan();
    this.#pauses.apply();
  }

  /** What an earlier run left behind as good. */
  restore(objects: ReadonlyMap<string, ObjectState>): void {
    this.#objects = objects;
  }

  /** Nothing is known of what the kernel enforces: it stays until the policy folder can be read. */
  hold(): void {
    this.#isHolding = true;
  }

  takeScan(scan: FolderScan): void {
    const { objects, strayIssues } = this.#parts.source.take(scan);
    this.#objects = objects;
    this.#strayIssues = strayIssues;
    this.#folderRead = true;
    if (scan.faults.length === 0) this.#isHolding = false;
    const unread = [...scan.files.values()].flatMap(({ fault }) => fault ?? []);
    this.#faults.setGroup('policies', [...scan.faults, ...unread]);
    const rejected = [...objects.values()].filter(({ issues }) => issues.some(({ level }) => level === 'error'));
    this.#parts.log.info('policy folder read', {
      files: scan.files.size,
      objects: objects.size,
      rejected: rejected.length,
    });
  }

  /** A fault that lasts is told once and stays in the status until it is over. */
  setFault(name: string, fault: Fault | undefined): void {
    this.#faults.set(name, fault);
  }

  /** Makes the kernel hold what is wanted. A failure changes nothing for the worse and is tried again. */
  reconcile(): void {
    if (this.#isHolding) return;
    if (this.#sweeper.waitMs() > 0) this.#later('reconcile', this.#sweeper.waitMs(), () => this.reconcile());
    else this.#reconcileNow();
  }

  takeCgroup(id: bigint, path: string): void {
    if (this.#parts.index.add(id, path)) this.#later('cgroups', CGROUP_SETTLE_MS, () => this.reconcile());
  }

  takeCgroupGone(id: bigint): void {
    if (this.#parts.index.remove(id)) this.#later('cgroups', CGROUP_SETTLE_MS, () => this.reconcile());
  }

  /** Starts what repeats. */
  watch(): void {
    this.#later('rescan', CGROUP_RESCAN_MS, () => {
      this.#rescanAndReconcile()
        .catch((error: unknown) => this.setFault('cgroups', error as Fault))
        .finally(() => this.watch());
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#sweeper.stop();
    this.#pauses.stop();
  }

  health(): Health {
    const attached = this.#parts.kernel.programs().length;
    return attached > 0 ? { ok: true, reasons: [] } : { ok: false, reasons: ['no program is attached'] };
  }

  ready(): Health {
    const reasons = [...this.health().reasons];
    if (!this.#folderRead) reasons.push('the policy folder has not been read yet');
    if (this.#outcome === undefined) reasons.push('policies have not been applied yet');
    if (this.#kernelFault !== undefined) reasons.push(this.#kernelFault);
    return { ok: reasons.length === 0, reasons };
  }

  status(): NodeStatus {
    const { node, kernel, index, sink, pipe, clock, bootClock } = this.#parts;
    const now = new Date(clock.now()).toISOString();
    const backends = kernel.backends();
    return {
      node,
      kernel: kernel.release,
      mode: this.#pauses.mode(),
      backends: [...backends].map(([hook, backend]) => ({ operation: hook, ...backend })),
      programs: kernel.programs(),
      policies: this.#parts.board.report({
        objects: this.#objects,
        outcome: this.#outcome,
        fault: this.#kernelFault,
        backends,
        mode: this.#pauses.mode(),
        counters: readCounters(kernel),
        kernel: kernel.release,
        bootOffsetNs: bootClock.offsetNs(),
        now,
      }),
      findings: this.#strayIssues,
      faults: this.#faults.list(),
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

  pause(seconds: number): Promise<NodeMode> {
    return this.#pauses.pause(seconds);
  }

  resume(): Promise<NodeMode> {
    return this.#pauses.resume();
  }

  #reconcileNow(): void {
    const { catalog, index, kernel, reconciler, log } = this.#parts;
    const good = [...this.#objects.values()].flatMap((object) => object.good ?? []);
    const policies = good.flatMap((object) => this.#compile(object) ?? []);
    const items = good.flatMap(({ workloads }) => workloads?.items ?? []);
    catalog.learnPolicies(policies);
    try {
      const named = nameWorkloads(items);
      const outcome = reconciler.reconcile({ policies, named, cgroups: index.all(), backends: kernel.backends() });
      this.#settle(outcome, good);
    } catch (error) {
      this.#kernelFault = describeFault(error);
      log.error('policies could not be applied', { reason: this.#kernelFault });
      this.#later('reconcile', RETRY_MS, () => this.reconcile());
    }
  }

  #compile(object: GoodObject): PolicyIR | undefined {
    if (object.policy === undefined) return undefined;
    const known = this.#compiled.get(object);
    if (known !== undefined) return known;
    const { uid, generation } = object;
    const compiled = compilePolicy(object.policy, { uid, generation, source: 'File' });
    this.#compiled.set(object, compiled);
    return compiled;
  }

  #settle(outcome: Outcome, good: readonly GoodObject[]): void {
    const { catalog, index, kernel, reconciler, log, persister } = this.#parts;
    this.#outcome = outcome;
    this.#kernelFault = undefined;
    catalog.learnOwners(outcome.owners);
    index.forget((id) => reconciler.holds(id));
    if (outcome.ops > 0) {
      kernel.seedTasks();
      log.info('policies applied', { policies: outcome.inForce.size, ops: outcome.ops, failed: outcome.failed.size });
    }
    this.#parts.resolver.resolve(outcome);
    for (const [uid, reason] of outcome.failed) log.warn('policy not applied', { uid, reason });
    if (outcome.sweep) this.#sweeper.changed();
    const kept = good.filter(({ uid, policy }) => policy === undefined || !outcome.failed.has(uid));
    persister.keep(new Map(kept.map((object) => [object.uid, object])), new Set(outcome.failed.keys()));
  }

  #sweep(): void {
    try {
      this.#parts.reconciler.sweep();
    } catch (error) {
      this.#parts.log.warn('replaced entries could not be removed', { reason: describeFault(error) });
    }
  }

  async #rescanAndReconcile(): Promise<void> {
    if (await this.#parts.index.rescan()) this.reconcile();
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
