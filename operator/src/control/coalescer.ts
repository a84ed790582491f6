// Many changes, one run: the first change starts a short wait, and what comes meanwhile is part of it. Runs that take long are
// further apart, so that a flood of changes cannot take the processor.

import type { Clock } from '../source/clock.js';

const WAIT_MIN_MS = 3;
const WAIT_MAX_MS = 200;

export class Coalescer {
  readonly #clock: Clock;
  readonly #run: () => void;
  #cancel: (() => void) | undefined;
  #waitMs = WAIT_MIN_MS;

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock;
    this.#run = run;
  }

  changed(): void {
    this.#cancel ??= this.#clock.after(this.#waitMs, () => {
      this.#cancel = undefined;
      const began = this.#clock.now();
      this.#run();
      const tookMs = this.#clock.now() - began;
      this.#waitMs = Math.min(Math.max(tookMs, WAIT_MIN_MS), WAIT_MAX_MS);
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}
