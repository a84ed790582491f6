import { describe, expect, it } from 'vitest';
import type { Clock } from '../source/clock.js';
import { Sweeper } from './sweeper.js';

/** A clock that stands still until it is moved, with one timer. */
class HandClock implements Clock {
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

describe('Sweeper', () => {
  it('sweeps once, a second after the last change', () => {
    const clock = new HandClock();
    const swept: number[] = [];
    const sweeper = new Sweeper(clock, () => swept.push(clock.now()));
    sweeper.changed();
    clock.move(900);
    sweeper.changed();
    clock.move(900);
    expect(swept).toEqual([]);
    clock.move(100);
    clock.move(5000);
    expect(swept).toEqual([1900]);
    expect(sweeper.waitMs()).toBe(0);
  });

  it('comes to its turn in a stream of changes, which wait for it', () => {
    const clock = new HandClock();
    const swept: number[] = [];
    const sweeper = new Sweeper(clock, () => swept.push(clock.now()));
    for (let tick = 0; tick < 300; tick += 1) {
      if (sweeper.waitMs() === 0) sweeper.changed();
      clock.move(100);
    }
    expect(swept.length).toBeGreaterThanOrEqual(4);
  });

  it('does nothing once it is stopped', () => {
    const clock = new HandClock();
    let swept = 0;
    const sweeper = new Sweeper(clock, () => (swept += 1));
    sweeper.changed();
    sweeper.stop();
    clock.move(5000);
    expect(swept).toBe(0);
  });
});
