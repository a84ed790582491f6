// Numbers that must never mean two things. rules: "UID/rule" -> the rule's key in the kernel, which names its counters;
// a rule that is removed and comes back counts on under the same key. generations: UID -> content hash and how often the
// content changed; also for objects that were removed, because a UID made from a name comes back with the name.

export interface RegistryData {
  readonly nextKey: number;
  readonly rules: Readonly<Record<string, number>>;
  readonly generations: Readonly<Record<string, { readonly generation: number; readonly hash: string }>>;
}

export function emptyRegistry(): RegistryData {
  return { nextKey: 1, rules: {}, generations: {} };
}

export class Registry {
  #nextKey: number;
  readonly #rules: Map<string, number>;
  readonly #generations: Map<string, { generation: number; hash: string }>;
  #dirty = false;

  constructor(data: RegistryData) {
    this.#nextKey = data.nextKey;
    this.#rules = new Map(Object.entries(data.rules));
    this.#generations = new Map(Object.entries(data.generations));
  }

  ruleKey(uid: string, rule: string): number {
    const name = `${uid}/${rule}`;
    const known = this.#rules.get(name);
    if (known !== undefined) return known;
    const key = this.#nextKey;
    this.#nextKey += 1;
    this.#rules.set(name, key);
    this.#dirty = true;
    return key;
  }

  /** Keys up to here are taken by counters in the kernel whose names may have been lost with the state directory. */
  reserve(highestKey: number): void {
    if (highestKey < this.#nextKey) return;
    this.#nextKey = highestKey + 1;
    this.#dirty = true;
  }

  /** Generation of an object whose content is `hash`: one more than before if the content differs. */
  generation(uid: string, hash: string): number {
    const known = this.#generations.get(uid);
    if (known?.hash === hash) return known.generation;
    const generation = (known?.generation ?? 0) + 1;
    this.#generations.set(uid, { generation, hash });
    this.#dirty = true;
    return generation;
  }

  /** What to write, or undefined where nothing changed since `saved`. */
  unsaved(): RegistryData | undefined {
    return this.#dirty ? this.data() : undefined;
  }

  data(): RegistryData {
    return {
      nextKey: this.#nextKey,
      rules: Object.fromEntries(this.#rules),
      generations: Object.fromEntries(this.#generations),
    };
  }

  saved(): void {
    this.#dirty = false;
  }
}
