// When to take away what changes have replaced: a second after the last thing that pointed at it, when no program can still be
// using it. A stream of changes does not put that off, and does not wait for it.

import type { Clock } from '../source/clock.js';

/** Programs run for microseconds. */
const AFTER_MS = 1000;

export interface Sweeping {
  /** Rulesets that nothing points at now. */
  idle(): Iterable<number>;
  sweep(rulesets: ReadonlySet<number>): void;
}

export class Sweeper {
  readonly #clock: Clock;
  readonly #sweeping: Sweeping;
  /** Ruleset -> since when nothing points at it, ms. */
  #idle = new Map<number, number>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, sweeping: Sweeping) {
    this.#clock = clock;
    this.#sweeping = sweeping;
  }

  /** Something was replaced just now. */
  changed(): void {
    this.#look();
    if (this.#idle.size > 0) this.#cancel ??= this.#clock.after(AFTER_MS, () => this.#turn());
  }

  stop(): void {
    this.#cancel?.();
  }

  /** What is pointed at again begins anew when it is let go. */
  #look(): void {
    const now = this.#clock.now();
    this.#idle = new Map([...this.#sweeping.idle()].map((ruleset) => [ruleset, this.#idle.get(ruleset) ?? now]));
  }

  #turn(): void {
    this.#cancel = undefined;
    this.#look();
    const before = this.#clock.now() - AFTER_MS;
    const due = new Set([...this.#idle].flatMap(([ruleset, sinceMs]) => (sinceMs <= before ? [ruleset] : [])));
    if (due.size > 0) this.#sweeping.sweep(due);
    this.changed();
  }
}
