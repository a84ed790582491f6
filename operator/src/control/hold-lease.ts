// The kernel holds the entrypoints of unknown containers back only while an agent is there to name them: the lease in the
// kernel is renewed for as long as this process lives, and runs out without it. A new agent's own pod must be able to start.

import type { Clock } from '../source/clock.js';
import { updateNode } from './kernel-maps.js';
import type { Maps } from './kernel-maps.js';

const LEASE_NS = 30_000_000_000n;
/** Each renewal empties the cache of verdicts, so not more often than needed. */
const RENEW_MS = 10_000;

export interface HoldLeaseOptions {
  readonly kernel: Maps & { bootTimeNs(): bigint };
  readonly clock: Clock;
  readonly holds: boolean;
}

export class HoldLease {
  readonly #options: HoldLeaseOptions;
  #cancel: (() => void) | undefined;

  constructor(options: HoldLeaseOptions) {
    this.#options = options;
  }

  start(): void {
    const { kernel, clock, holds } = this.#options;
    updateNode(kernel, holds ? { hold: 1, leaseUntilNs: kernel.bootTimeNs() + LEASE_NS } : { hold: 0 });
    if (holds) this.#cancel = clock.after(RENEW_MS, () => this.start());
  }

  stop(): void {
    this.#cancel?.();
  }
}
