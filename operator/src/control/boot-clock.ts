// Wall clock times of kernel times. The offset is kept while the two clocks run together, so that one moment has one name
// in every event; when somebody sets the wall clock it follows.

import type { Clock } from '../source/clock.js';

const CHECK_EVERY_MS = 5000;
const DRIFT_NS = 100_000_000n;
const NS_PER_MS = 1_000_000n;

export class BootClock {
  readonly #clock: Clock;
  readonly #bootTimeNs: () => bigint;
  #offsetNs: bigint;
  #checkedMs: number;

  constructor(clock: Clock, bootTimeNs: () => bigint) {
    this.#clock = clock;
    this.#bootTimeNs = bootTimeNs;
    this.#offsetNs = this.#measure();
    this.#checkedMs = clock.now();
  }

  /** Wall clock minus boot clock. */
  offsetNs(): bigint {
    const now = this.#clock.now();
    if (Math.abs(now - this.#checkedMs) < CHECK_EVERY_MS) return this.#offsetNs;
    this.#checkedMs = now;
    const measured = this.#measure();
    const drift = measured - this.#offsetNs;
    if (drift > DRIFT_NS || drift < -DRIFT_NS) this.#offsetNs = measured;
    return this.#offsetNs;
  }

  #measure(): bigint {
    return BigInt(this.#clock.now()) * NS_PER_MS - this.#bootTimeNs();
  }
}
