// The node's state -> its object in the API server. What somebody changed is written at once, at most once a second; the first
// violation of a kind as soon; counts at most twice a minute. Nothing is written that is there already.

import type { PolicyIR } from '../compile/ir.js';
import type { Fault } from '../errors.js';
import type { PolicyEvent } from '../event/types.js';
import { NODE_STATES } from '../k8s/index.js';
import type { Cluster, KubeObject } from '../k8s/index.js';
import type { Log } from '../log.js';
import { fitNodeState } from '../report/fit.js';
import { NodeCounts } from '../report/node-counts.js';
import type { KernelCount, SavedCounts } from '../report/node-counts.js';
import type { NodeStateStatus } from '../report/objects.gen.js';
import { ViolationRows } from '../report/rows.js';
import type { Clock } from '../source/clock.js';
import type { RuleCounter } from './kernel-maps.js';
import { renderNodeState } from './node-state.js';
import type { NodeFacts } from './node-state.js';
import { counterName, hitsOf } from './violation-hits.js';

const API_VERSION = 'ringfence.io/v1alpha1';
const STATE_EVERY_MS = 1000;
const STATE_SOON_MS = 50;
const COUNTS_EVERY_MS = 30_000;
const RETRY_MS = 2000;

interface PublishedState extends KubeObject {
  readonly status?: NodeStateStatus;
}

export interface PublisherParts {
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly saved: SavedCounts | undefined;
  readonly facts: () => Omit<NodeFacts, 'epoch'> | undefined;
  readonly counters: () => readonly RuleCounter[];
  /** In force, of the API server. */
  readonly policy: (uid: string) => PolicyIR | undefined;
  /** The API server has a policy of this UID. */
  readonly isKnown: (uid: string) => boolean;
  readonly rule: (key: number) => { readonly uid: string; readonly rule: string } | undefined;
  /** Wall clock time of a kernel time, RFC 3339. */
  readonly wallTime: (bootNs: bigint) => string;
  readonly nodeUid: () => string | undefined;
  readonly save: (counts: SavedCounts) => void;
  readonly newEpoch: () => string;
  readonly onFault: (fault: Fault | undefined) => void;
}

export class NodePublisher {
  readonly #parts: PublisherParts;
  #counts: NodeCounts;
  #rows: ViolationRows;
  #cluster: Cluster | undefined;
  #published: NodeStateStatus | undefined;
  #publishedText = '';
  #keys = new Set<string>();
  #stateDirty = true;
  #writtenMs = 0;
  #countsMs = 0;
  #cancel: (() => void) | undefined;
  #dueMs = Infinity;
  #writing = false;
  #stopped = false;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#counts = new NodeCounts(parts.saved, parts.newEpoch());
    this.#rows = new ViolationRows(parts.saved?.rows);
  }

  /** A violation was reported. */
  observe(event: PolicyEvent): void {
    for (const hit of hitsOf(event, (uid) => this.#parts.policy(uid))) this.#rows.observe(hit);
    if (this.#hasNewRow()) this.changed();
  }

  /** Somebody changed something. */
  changed(): void {
    this.#stateDirty = true;
    this.#schedule(Math.max(STATE_SOON_MS, this.#writtenMs + STATE_EVERY_MS - this.#parts.clock.now()));
  }

  /** Begins with what an agent before published. */
  start(cluster: Cluster): void {
    this.#cluster = cluster;
    for (const { rule, workload, total } of this.#parts.counters()) {
      const known = this.#parts.rule(rule);
      if (known) this.#rows.begin(counterName(known.uid, known.rule, String(workload)), Number(total));
    }
    this.#schedule(0);
  }

  /** Their workloads are gone, and so are they; what they counted is not. */
  forget(counters: readonly RuleCounter[]): void {
    for (const { rule, workload, total } of counters) {
      const known = this.#parts.rule(rule);
      if (known === undefined) continue;
      const name = counterName(known.uid, known.rule, String(workload));
      this.#rows.settle(name, Number(total));
      this.#rows.forget(name);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#parts.save(this.#counts.saved(this.#rows.list()));
  }

  #hasNewRow(): boolean {
    for (const key of this.#rows.keys()) if (!this.#keys.has(key)) return true;
    return false;
  }

  #schedule(delayMs: number): void {
    const dueMs = this.#parts.clock.now() + delayMs;
    if (this.#stopped || this.#cluster === undefined || this.#writing || this.#dueMs <= dueMs) return;
    this.#cancel?.();
    this.#dueMs = dueMs;
    this.#cancel = this.#parts.clock.after(delayMs, () => {
      this.#dueMs = Infinity;
      this.#run().catch((error: unknown) => this.#parts.log.error('node state', { reason: String(error) }));
    });
  }

  async #run(): Promise<void> {
    const { clock, onFault } = this.#parts;
    this.#writing = true;
    let againMs = COUNTS_EVERY_MS;
    try {
      if (await this.#write()) this.#writtenMs = clock.now();
      onFault(undefined);
    } catch (error) {
      onFault(error as Fault);
      againMs = RETRY_MS;
    }
    this.#writing = false;
    this.#schedule(this.#stateDirty && againMs === COUNTS_EVERY_MS ? STATE_EVERY_MS : againMs);
  }

  /** Whether anything had to be written. */
  async #write(): Promise<boolean> {
    const facts = this.#parts.facts();
    if (facts === undefined) return false;
    this.#published ??= await this.#adopt();
    const status = this.#render(facts);
    const text = JSON.stringify(status);
    if (text === this.#publishedText) return false;
    await this.#apply(status);
    [this.#published, this.#publishedText] = [status, text];
    this.#keys = new Set(status.violations?.map(({ key }) => key));
    this.#parts.save(this.#counts.saved(this.#rows.list()));
    return true;
  }

  #render(facts: Omit<NodeFacts, 'epoch'>): NodeStateStatus {
    const now = this.#parts.clock.now();
    this.#stateDirty = false;
    const isDue = now - this.#countsMs >= COUNTS_EVERY_MS || this.#hasNewRow();
    if (isDue) {
      this.#countsMs = now;
      this.#count();
    }
    const state = renderNodeState({ ...facts, epoch: this.#counts.epoch });
    const { totals = {}, violations = [] } = this.#published ?? {};
    const counts = isDue ? { totals: this.#counts.totals(), violations: this.#rows.list() } : { totals, violations };
    return fitNodeState({ ...state, ...counts }, this.#published);
  }

  #count(): void {
    const { clock, wallTime } = this.#parts;
    const sums = new Map<string, KernelCount>();
    for (const { rule, workload, total, killed, blocked, audited, lastNs } of this.#parts.counters()) {
      const known = this.#parts.rule(rule);
      if (known === undefined) continue;
      this.#rows.settle(counterName(known.uid, known.rule, String(workload)), Number(total));
      const key = `${known.uid}/${known.rule}`;
      const count = {
        killed: Number(killed),
        blocked: Number(blocked),
        audited: Number(audited),
        lastTime: wallTime(lastNs),
      };
      sums.set(key, addCounts(sums.get(key), count));
    }
    this.#counts.update(sums, new Date(clock.now()).toISOString());
    this.#counts.drop((uid) => !this.#parts.isKnown(uid));
    this.#rows.drop((uid) => !this.#parts.isKnown(uid));
  }

  /**
   * What is there from before: an agent may write its node's object and not read it, so the answer to a write tells. An object
   * that had to be made anew begins with new counts.
   */
  async #adopt(): Promise<NodeStateStatus> {
    const status = (await this.#cluster?.apply<PublishedState>(NODE_STATES, this.#bareObject()))?.status ?? {};
    const epoch = status.agent?.epoch;
    if (epoch === undefined) this.#begin();
    else if (epoch !== this.#counts.epoch) this.#resume(epoch, status);
    return status;
  }

  #bareObject(): PublishedState {
    const { node, nodeUid } = this.#parts;
    const uid = nodeUid();
    const ownerReferences = uid === undefined ? [] : [{ apiVersion: 'v1', kind: 'Node', name: node, uid }];
    return { apiVersion: API_VERSION, kind: 'NodeState', metadata: { name: node, ownerReferences } };
  }

  /** Nobody has seen a count of ours, or what they saw is gone. */
  #begin(): void {
    if (this.#parts.saved === undefined && this.#publishedText === '') return;
    this.#counts.restart(this.#parts.newEpoch());
    this.#rows = new ViolationRows();
  }

  /** The disk has lost the counts, or has older ones than the server: these are what others have seen. */
  #resume(epoch: string, { totals = {}, violations = [] }: NodeStateStatus): void {
    this.#count();
    const { kernel } = this.#counts.saved([]);
    this.#counts = new NodeCounts({ epoch, totals, kernel, rows: violations }, epoch);
    this.#rows = new ViolationRows(violations);
  }

  async #apply(status: NodeStateStatus): Promise<void> {
    const { node } = this.#parts;
    const object = { apiVersion: API_VERSION, kind: 'NodeState', metadata: { name: node }, status };
    try {
      await this.#cluster?.applyStatus<PublishedState>(NODE_STATES, object);
    } catch (error) {
      // deleted by somebody: the next run makes it anew
      if ((error as Fault).code === 'CLUSTER_NOT_FOUND') this.#published = undefined;
      throw error;
    }
  }
}

function addCounts(a: KernelCount | undefined, b: KernelCount): KernelCount {
  if (a === undefined) return b;
  return {
    killed: a.killed + b.killed,
    blocked: a.blocked + b.blocked,
    audited: a.audited + b.audited,
    lastTime: a.lastTime > b.lastTime ? a.lastTime : b.lastTime,
  };
}
