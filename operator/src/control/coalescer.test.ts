import { describe, expect, it } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.js';
import { Coalescer } from './coalescer.js';

describe('Coalescer', () => {
  it('runs once for changes that come together, soon after the first', () => {
    const clock = new HandClock();
    let runs = 0;
    const changes = new Coalescer(clock, () => (runs += 1));
    for (let count = 0; count < 1000; count += 1) changes.changed();
    clock.move(5);
    clock.move(1000);
    expect(runs).toBe(1);
  });

  it('leaves as much time between runs as one takes', () => {
    const clock = new HandClock();
    const began: number[] = [];
    const changes = new Coalescer(clock, () => {
      began.push(clock.now());
      clock.move(50);
    });
    changes.changed();
    clock.move(5);
    changes.changed();
    clock.move(40);
    expect(began).toEqual([5]);
    clock.move(10);
    expect(began).toEqual([5, 105]);
  });

  it('does not wait for the time that a run took long ago', () => {
    const clock = new HandClock();
    const began: number[] = [];
    const changes = new Coalescer(clock, () => {
      began.push(clock.now());
      clock.move(150);
    });
    changes.changed();
    clock.move(3);
    clock.move(1000);
    const changed = clock.now();
    changes.changed();
    clock.move(3);
    expect(began).toEqual([3, changed + 3]);
  });

  it('does nothing once it is stopped', () => {
    const clock = new HandClock();
    let runs = 0;
    const changes = new Coalescer(clock, () => (runs += 1));
    changes.changed();
    changes.stop();
    clock.move(1000);
    expect(runs).toBe(0);
  });
});
