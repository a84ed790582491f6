// A clock for tests of what waits.
import type { Clock } from '../../operator/src/source/clock.js';

/** Stands still until it is moved; one timer. */
export class HandClock implements Clock {
  #nowMs = 0;
  #timer: { dueMs: number; then: () => void } | undefined;

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, then: () => void): () => void {
    this.#timer = { dueMs: this.#nowMs + delayMs, then };
    return () => (this.#timer = undefined);
  }

  move(ms: number): void {
    this.#nowMs += ms;
    const timer = this.#timer;
    if (timer === undefined || timer.dueMs > this.#nowMs) return;
    this.#timer = undefined;
    timer.then();
  }
}
