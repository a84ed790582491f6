import { describe, expect, it } from 'vitest';
import { type Run, RunPool } from './runs.js';

describe('RunPool', () => {
  it('gives out runs that do not overlap, until nothing is left', () => {
    const pool = RunPool.ofCapacity(10);
    expect([pool.allocate(4), pool.allocate(6), pool.allocate(1)]).toEqual([
      { at: 0, length: 4 },
      { at: 4, length: 6 },
      undefined,
    ]);
  });

  it('joins what comes back with its neighbours', () => {
    const pool = RunPool.ofCapacity(9);
    const runs = [pool.allocate(3), pool.allocate(3), pool.allocate(3)] as Run[];
    for (const index of [0, 2, 1]) pool.release(runs[index] as Run);
    expect(pool.allocate(9)).toEqual({ at: 0, length: 9 });
  });

  it('an empty run takes nothing and gives nothing back', () => {
    const pool = RunPool.ofCapacity(1);
    pool.release(pool.allocate(0) as Run);
    expect(pool.claim({ at: 5, length: 0 })).toBe(true);
    expect(pool.free).toBe(1);
  });

  it('a certain run can be claimed once', () => {
    const pool = RunPool.ofCapacity(10);
    expect(pool.claim({ at: 3, length: 4 })).toBe(true);
    expect(pool.claim({ at: 6, length: 2 })).toBe(false);
    expect(pool.claim({ at: 8, length: 4 })).toBe(false);
    expect(pool.free).toBe(6);
  });

  it('a clone is a pool of its own', () => {
    const pool = RunPool.ofCapacity(4);
    pool.clone().allocate(4);
    expect(pool.free).toBe(4);
  });

  it('holds its books over many runs in any order', () => {
    const pool = RunPool.ofCapacity(500);
    const taken: Run[] = [];
    let state = 1;
    for (let round = 0; round < 3000; round += 1) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      const run = state % 3 === 0 ? undefined : pool.allocate(1 + (state % 23));
      if (run !== undefined) taken.push(run);
      else if (taken.length > 0) pool.release(taken.splice(state % taken.length, 1)[0] as Run);
      const used = taken.reduce((sum, { length }) => sum + length, 0);
      expect(pool.free).toBe(500 - used);
    }
    const cells = taken.flatMap(({ at, length }) => Array.from({ length }, (_, index) => at + index));
    expect(new Set(cells).size).toBe(cells.length);
  });
});
