// How long to wait before the next try: doubling, with jitter, so that a fleet that lost its server together does not
// come back together.
import type { Clock } from './clock.js';

export interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

export class Backoff {
  readonly #clock: Pick<Clock, 'random'>;
  readonly #limits: BackoffLimits;
  #failures = 0;

  constructor(limits: BackoffLimits, clock: Pick<Clock, 'random'>) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Between half and all of the current step; never shorter than the server asked for. */
  next(atLeastMs = 0): number {
    const { firstMs, maxMs } = this.#limits;
    const step = Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    const jittered = step * (0.5 + this.#clock.random() / 2);
    return jittered < atLeastMs ? atLeastMs * (1 + this.#clock.random() / 10) : jittered;
  }

  reset(): void {
    this.#failures = 0;
  }
}
