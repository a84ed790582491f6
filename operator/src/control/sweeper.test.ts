import { describe, expect, it } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.js';
import { Sweeper } from './sweeper.js';

/** Rulesets of a kernel: those that nothing points at, and when each was swept. */
class Rulesets {
  readonly clock = new HandClock();
  readonly idle = new Set<number>();
  readonly swept: [number, number][] = [];
  readonly sweeper = new Sweeper(this.clock, {
    idle: () => this.idle,
    sweep: (rulesets) => {
      for (const ruleset of rulesets) {
        this.idle.delete(ruleset);
        this.swept.push([ruleset, this.clock.now()]);
      }
    },
  });

  letGo(ruleset: number): void {
    this.idle.add(ruleset);
    this.sweeper.changed();
  }

  use(ruleset: number): void {
    this.idle.delete(ruleset);
    this.sweeper.changed();
  }
}

describe('Sweeper', () => {
  it('sweeps a second after the last thing that pointed at it', () => {
    const node = new Rulesets();
    node.letGo(1);
    node.clock.move(900);
    node.letGo(2);
    node.clock.move(100);
    expect(node.swept).toEqual([[1, 1000]]);
    node.clock.move(1000);
    node.clock.move(5000);
    expect(node.swept).toEqual([
      [1, 1000],
      [2, 2000],
    ]);
  });

  it('leaves what came into use again meanwhile, and begins anew when that is let go', () => {
    const node = new Rulesets();
    node.letGo(1);
    node.clock.move(500);
    node.use(1);
    node.clock.move(400);
    node.letGo(1);
    node.clock.move(100);
    expect(node.swept).toEqual([]);
    node.clock.move(1000);
    node.clock.move(1000);
    expect(node.swept.map(([ruleset]) => ruleset)).toEqual([1]);
  });

  it('comes to its turn in a stream of changes, and no change waits for it', () => {
    const node = new Rulesets();
    for (let tick = 0; tick < 100; tick += 1) {
      node.letGo(tick);
      node.clock.move(100);
    }
    expect(node.swept.length).toBeGreaterThan(70);
    expect(node.swept.every(([ruleset, at]) => at - ruleset * 100 >= 1000)).toBe(true);
  });

  it('does nothing once it is stopped', () => {
    const node = new Rulesets();
    node.letGo(1);
    node.sweeper.stop();
    node.clock.move(5000);
    expect(node.swept).toEqual([]);
  });
});
