// Chance that can be repeated: the same seed gives the same case, on every machine.

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 0 to 2^32 - 1. A Weyl sequence through a 32-bit mixer (two rounds of xor-shift and multiply). */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** 0 to bound - 1. */
  below(bound: number): number {
    return this.next() % bound;
  }

  /** `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  percent(chance: number): boolean {
    return this.below(100) < chance;
  }

  pick<T>(list: readonly T[]): T {
    const chosen = list[this.below(list.length)];
    if (chosen === undefined) throw new RangeError('nothing to pick from');
    return chosen;
  }

  /** A part of the list that is not empty, in the list's order. */
  some<T>(list: readonly T[], chance = 40): T[] {
    const chosen = list.filter(() => this.percent(chance));
    return chosen.length > 0 ? chosen : [this.pick(list)];
  }

  times<T>(low: number, high: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.between(low, high) }, (_value, index) => make(index));
  }
}
