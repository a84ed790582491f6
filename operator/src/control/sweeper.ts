// When to take away what changes have replaced: some time after the last of them, when no program can still be using it. A stream of
// changes must not put that off until the maps are full: after a while changes wait for it.

import type { Clock } from '../source/clock.js';

/** Programs run for microseconds. */
const AFTER_MS = 1000;
const LATE_MS = 5000;

export class Sweeper {
  readonly #clock: Clock;
  readonly #sweep: () => void;
  #sinceMs: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, sweep: () => void) {
    this.#clock = clock;
    this.#sweep = sweep;
  }

  /** Something was replaced just now. */
  changed(): void {
    this.#sinceMs ??= this.#clock.now();
    this.#cancel?.();
    this.#cancel = this.#clock.after(AFTER_MS, () => {
      this.#sinceMs = undefined;
      this.#sweep();
    });
  }

  /** How long the next change must wait. */
  waitMs(): number {
    if (this.#sinceMs === undefined) return 0;
    return this.#clock.now() - this.#sinceMs < LATE_MS ? 0 : AFTER_MS;
  }

  stop(): void {
    this.#cancel?.();
  }
}
