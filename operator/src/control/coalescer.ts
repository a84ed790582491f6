// Many changes, one run: the first change starts a short wait, and what comes meanwhile is part of it. After a run that took
// long as much time must pass before the next, so that a flood of changes cannot take the processor.

import type { Clock } from '../source/clock.js';

const WAIT_MIN_MS = 3;
const WAIT_MAX_MS = 200;

export class Coalescer {
  readonly #clock: Clock;
  readonly #run: () => void;
  #cancel: (() => void) | undefined;
  #notBeforeMs = -Infinity;

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock;
    this.#run = run;
  }

  changed(): void {
    if (this.#cancel !== undefined) return;
    const waitMs = Math.min(Math.max(this.#notBeforeMs - this.#clock.now(), WAIT_MIN_MS), WAIT_MAX_MS);
    this.#cancel = this.#clock.after(waitMs, () => {
      this.#cancel = undefined;
      const began = this.#clock.now();
      this.#run();
      const ended = this.#clock.now();
      this.#notBeforeMs = ended + (ended - began);
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}
