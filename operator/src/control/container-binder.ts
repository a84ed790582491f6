// Containers -> their policies before their first instruction. The kernel puts a new container under what its pod has; here its
// name is learned from what the runtime wrote down, and its own entry written at once, without a reconciliation. A container whose
// pod or name nobody knows stands still for a while; what happens to its entrypoint then is the kernel's to decide.

import type { Log } from '../log.js';
import type { Clock } from '../source/clock.js';
import { containerCgroup, isStaticCgroup } from '../workload/pod-cgroups.js';
import type { ContainerCgroup } from '../workload/pod-cgroups.js';
import { isCertain } from '../workload/pod-table.js';
import type { PodTable } from '../workload/pod-table.js';
import type { RuntimeRecords } from '../workload/runtime-records.js';
import type { FrozenCgroups } from './frozen.js';
import type { Reconciler } from './reconcile.js';

/** A container stands still at most this long. */
const HOLD_MAX_MS = 10_000;
const RETRY_MS = 20;

export interface BinderParts {
  readonly table: PodTable;
  readonly records: RuntimeRecords;
  readonly reconciler: Reconciler;
  readonly frozen: FrozenCgroups;
  readonly clock: Clock;
  readonly log: Log;
  /** Containers that nobody knows are held back. */
  readonly holds: boolean;
  /** The last plan did not foresee the container. */
  readonly onUnforeseen: () => void;
}

interface Waiting {
  readonly id: bigint;
  readonly path: string;
  readonly container: ContainerCgroup;
  readonly sinceMs: number;
  isFrozen: boolean;
}

export interface BinderCounts {
  /** Containers that were made to stand still, ever. */
  readonly held: number;
  /** Containers whose pod or name is not known now. */
  readonly unknown: number;
  /** Containers whose time ran out, ever. */
  readonly timedOut: number;
}

export class ContainerBinder {
  readonly #parts: BinderParts;
  readonly #waiting = new Map<bigint, Waiting>();
  #held = 0;
  #timedOut = 0;
  #cancel: (() => void) | undefined;

  constructor(parts: BinderParts) {
    this.#parts = parts;
  }

  counts(): BinderCounts {
    return { held: this.#held, unknown: this.#waiting.size, timedOut: this.#timedOut };
  }

  /** Names of containers that are there already. */
  learn(cgroups: Iterable<{ readonly path: string }>): void {
    const containers = [...cgroups].flatMap(({ path }) => containerCgroup(path) ?? []);
    for (const container of containers) this.#learnName(container);
    const held = new Set(containers.map(({ container }) => container));
    this.#parts.table.keepRecords((container) => held.has(container));
  }

  /** A cgroup was made. */
  arrived(id: bigint, path: string): void {
    const container = containerCgroup(path);
    if (container === undefined) return;
    this.#parts.table.expectNoMore(container.container);
    const waiting: Waiting = { id, path, container, sinceMs: this.#parts.clock.now(), isFrozen: false };
    if (this.#bind(waiting)) return;
    this.#waiting.set(id, waiting);
    if (this.#isHeld(waiting)) this.#freeze(waiting);
    this.#retryLater();
  }

  gone(id: bigint): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) this.#release(waiting);
  }

  /** Pods or policies are others than before: those that wait are looked at again. */
  settle(): void {
    for (const waiting of this.#waiting.values()) {
      if (this.#bind(waiting)) this.#release(waiting);
      else if (this.#parts.clock.now() - waiting.sinceMs > HOLD_MAX_MS) this.#giveUp(waiting);
    }
  }

  stop(): void {
    this.#cancel?.();
    for (const waiting of this.#waiting.values()) this.#release(waiting);
  }

  /** Whether the kernel has the container under its own policies now. */
  #bind({ id, path, container }: Waiting): boolean {
    const { table, reconciler, onUnforeseen } = this.#parts;
    this.#learnName(container);
    const identity = table.identify(container);
    if (!isCertain(identity)) return false;
    const bound = reconciler.bind(id, identity, table.handlers(path));
    if (!bound) onUnforeseen();
    return bound;
  }

  #learnName(container: ContainerCgroup): void {
    const { table, records } = this.#parts;
    if (table.hasRecord(container)) return;
    const record = records.read(container.container);
    if (record !== undefined) table.record(container.container, record);
  }

  /** Only what a policy may be about waits for its name. */
  #isHeld({ path, container }: Waiting): boolean {
    const { table, reconciler, holds } = this.#parts;
    return holds && !isStaticCgroup(path) && reconciler.waitsForName(table.identify(container));
  }

  #freeze(waiting: Waiting): void {
    waiting.isFrozen = this.#parts.frozen.freeze(waiting.path);
    if (!waiting.isFrozen) return;
    this.#held += 1;
    this.#parts.log.info('container held: nobody knows it yet', { cgroup: waiting.path });
  }

  #giveUp(waiting: Waiting): void {
    this.#timedOut += 1;
    this.#parts.log.warn('container still unknown', { cgroup: waiting.path, waitedMs: HOLD_MAX_MS });
    this.#release(waiting);
  }

  #release(waiting: Waiting): void {
    this.#waiting.delete(waiting.id);
    if (waiting.isFrozen) this.#parts.frozen.thaw(waiting.path);
  }

  #retryLater(): void {
    this.#cancel ??= this.#parts.clock.after(RETRY_MS, () => {
      this.#cancel = undefined;
      this.settle();
      if (this.#waiting.size > 0) this.#retryLater();
    });
  }
}
