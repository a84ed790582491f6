// What a plan worked out and the next one may need again: values by key. What two plans in a row did not use is forgotten.

export class PlanMemory<V> {
  #now = new Map<string, V>();
  #before = new Map<string, V>();

  /** A new plan begins. */
  turn(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  get(key: string, make: () => V): V {
    const known = this.#now.get(key) ?? this.#before.get(key) ?? make();
    this.#now.set(key, known);
    return known;
  }

  find(test: (value: V) => boolean): V | undefined {
    for (const value of this.#now.values()) if (test(value)) return value;
    return undefined;
  }
}
