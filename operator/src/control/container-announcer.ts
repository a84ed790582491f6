// Containers before their cgroups: a runtime writes down what it is about to start some ten milliseconds ahead. What the container becomes
// is told to the kernel then, so that it is under its own policies from the moment its cgroup is made, however busy the agent is. Where that
// comes too late the binder does the same after the cgroup was made.

import { containerKeyText } from '../encode/pods.js';
import type { Clock } from '../source/clock.js';
import { containerCgroup } from '../workload/pod-cgroups.js';
import { isCertain } from '../workload/pod-table.js';
import type { ExpectedContainer, PodTable } from '../workload/pod-table.js';
import type { RuntimeRecords } from '../workload/runtime-records.js';
import type { Reconciler } from './reconcile.js';

/** A container's folder is there before what is written into it. */
const RETRY_MS = 2;
const TRIES = 100;
const LOOK_MS = 5000;
/** A container that was written down and never came. */
const EXPECTED_MAX_MS = 60_000;

export interface AnnouncerParts {
  readonly table: PodTable;
  readonly records: RuntimeRecords;
  readonly reconciler: Pick<Reconciler, 'announce'>;
  readonly clock: Clock;
}

export class ContainerAnnouncer {
  readonly #parts: AnnouncerParts;
  readonly #cancels = new Map<string, () => void>();
  #cancelLook: (() => void) | undefined;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /** Again and again, for a runtime that comes later. */
  start(): void {
    this.#parts.records.watch((id) => this.#written(id, TRIES));
    this.#cancelLook = this.#parts.clock.after(LOOK_MS, () => this.start());
  }

  /** The runtime has made the container's folder. */
  #written(id: string, triesLeft: number): void {
    const { table, records } = this.#parts;
    const found = records.find(id);
    if (found === undefined) {
      if (triesLeft > 0) this.#later(id, RETRY_MS, () => this.#written(id, triesLeft - 1));
      return;
    }
    const { record, cgroup } = found;
    const container = cgroup === undefined ? undefined : containerCgroup(cgroup);
    if (cgroup === undefined || container === undefined) return;
    table.record(container.container, record);
    const one = { container, cgroupName: cgroup.slice(cgroup.lastIndexOf('/') + 1) };
    table.expect(one);
    this.#later(id, EXPECTED_MAX_MS, () => table.expectNoMore(container.container));
    this.#announce(one);
  }

  stop(): void {
    this.#cancelLook?.();
    this.#parts.records.stop();
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }

  /** Where it cannot be said yet the next plan says it. */
  #announce({ container, cgroupName }: ExpectedContainer): void {
    const { table, reconciler } = this.#parts;
    const identity = table.identify(container);
    if (isCertain(identity)) reconciler.announce(containerKeyText(container.pod, cgroupName), identity);
  }

  #later(id: string, delayMs: number, then: () => void): void {
    this.#cancels.get(id)?.();
    const cancel = this.#parts.clock.after(delayMs, () => {
      this.#cancels.delete(id);
      then();
    });
    this.#cancels.set(id, cancel);
  }
}
