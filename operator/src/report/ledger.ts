// Counts that never fall. Sources (nodes) publish cumulative counts that may leave: a row is evicted, a policy selects
// nothing there any more, an agent begins a new epoch, a node goes. What left is kept as `departed`, item by item, and
// comes back from where the sums were written when the controller restarts.

/** Numbers of one kind each, all of the same length within a ledger. */
export type Vector = readonly number[];

export interface Entry {
  /** What the counts are added to. */
  readonly item: string;
  /** When the count began: an entry that begins again has another. */
  readonly since: string;
  readonly counts: Vector;
}

interface Source {
  epoch: string;
  live: Map<string, Entry>;
  /** Entries that left and are in `departed`, in case one comes back as it was. */
  gone: Map<string, Entry>;
}

interface Sum {
  live: number[];
  departed: number[];
  /** What was told before this ledger began. */
  told?: Vector;
}

/** Entries of one source that left; more are forgotten, the oldest first. */
const GONE_MAX = 1024;

export class Ledger {
  readonly #sources = new Map<string, Source>();
  readonly #sums = new Map<string, Sum>();

  constructor(private readonly width: number) {}

  /** What was told of an item, and how much of it had departed. Before anything is observed of it. */
  restore(item: string, told: Vector, departed: Vector): void {
    this.#sums.set(item, { live: this.#zero(), departed: this.#exactly(departed), told: this.#exactly(told) });
  }

  /**
   * All sources were observed once. Where they have less than was told, something left while nobody looked; it counts as
   * departed, so that no count falls.
   */
  settle(): void {
    for (const sum of this.#sums.values()) {
      const { told } = sum;
      if (told === undefined) continue;
      sum.departed = sum.departed.map((count, index) => Math.max(count, (told[index] ?? 0) - (sum.live[index] ?? 0)));
      delete sum.told;
    }
  }

  /** All that a source has now, by its own names for it. Returns the items whose sums changed. */
  observe(name: string, epoch: string, entries: ReadonlyMap<string, Entry>): Set<string> {
    const changed = new Set<string>();
    const source = this.#sources.get(name) ?? { epoch, live: new Map<string, Entry>(), gone: new Map<string, Entry>() };
    this.#sources.set(name, source);
    if (source.epoch !== epoch) {
      for (const [key, entry] of source.live) this.#depart(source, key, entry);
      source.gone.clear();
      source.epoch = epoch;
    }
    for (const [key, entry] of source.live) {
      if (!entries.has(key)) changed.add(this.#depart(source, key, entry));
    }
    for (const [key, entry] of entries) {
      if (this.#take(source, key, entry)) changed.add(entry.item);
    }
    return changed;
  }

  /** The source is no more. */
  leave(name: string): void {
    const source = this.#sources.get(name);
    if (source === undefined) return;
    for (const [key, entry] of source.live) this.#depart(source, key, entry);
    this.#sources.delete(name);
  }

  /** Nobody asks for the item any more. */
  forget(item: string): void {
    this.#sums.delete(item);
    for (const source of this.#sources.values()) {
      for (const [key, entry] of source.live) if (entry.item === item) source.live.delete(key);
      for (const [key, entry] of source.gone) if (entry.item === item) source.gone.delete(key);
    }
  }

  has(item: string): boolean {
    return this.#sums.has(item);
  }

  items(): Iterable<string> {
    return this.#sums.keys();
  }

  total(item: string): Vector {
    const sum = this.#sums.get(item);
    return sum === undefined ? this.#zero() : sum.live.map((count, index) => count + (sum.departed[index] ?? 0));
  }

  departed(item: string): Vector {
    return this.#sums.get(item)?.departed ?? this.#zero();
  }

  #take(source: Source, key: string, entry: Entry): boolean {
    this.#return(source, key, entry);
    const before = source.live.get(key);
    const begins = before === undefined || before.since !== entry.since || before.item !== entry.item;
    if (begins && before !== undefined) this.#depart(source, key, before, false);
    // A count that began when the one before did cannot have fallen; one that seems to has lost what was published.
    const counts = this.#exactly(entry.counts).map((count, index) =>
      begins ? count : Math.max(count, before.counts[index] ?? 0),
    );
    const sum = this.#sum(entry.item);
    const grown = counts.map((count, index) => count - (begins ? 0 : (before.counts[index] ?? 0)));
    sum.live = sum.live.map((count, index) => count + (grown[index] ?? 0));
    source.live.set(key, { ...entry, counts });
    return begins || grown.some((count) => count > 0);
  }

  /** An entry that had left and is here again with the count it had begun. */
  #return(source: Source, key: string, entry: Entry): void {
    const gone = source.gone.get(key);
    source.gone.delete(key);
    if (gone === undefined || gone.since !== entry.since || gone.item !== entry.item) return;
    const sum = this.#sums.get(gone.item);
    if (sum === undefined) return;
    sum.departed = sum.departed.map((count, index) => Math.max(0, count - (gone.counts[index] ?? 0)));
    sum.live = sum.live.map((count, index) => count + (gone.counts[index] ?? 0));
    source.live.set(key, gone);
  }

  #depart(source: Source, key: string, entry: Entry, mayReturn = true): string {
    source.live.delete(key);
    const sum = this.#sum(entry.item);
    sum.live = sum.live.map((count, index) => count - (entry.counts[index] ?? 0));
    sum.departed = sum.departed.map((count, index) => count + (entry.counts[index] ?? 0));
    if (mayReturn) this.#remember(source, key, entry);
    return entry.item;
  }

  #remember(source: Source, key: string, entry: Entry): void {
    source.gone.set(key, entry);
    if (source.gone.size <= GONE_MAX) return;
    const [oldest] = source.gone.keys();
    if (oldest !== undefined) source.gone.delete(oldest);
  }

  #sum(item: string): Sum {
    const known = this.#sums.get(item);
    if (known !== undefined) return known;
    const sum = { live: this.#zero(), departed: this.#zero() };
    this.#sums.set(item, sum);
    return sum;
  }

  #zero(): number[] {
    return new Array<number>(this.width).fill(0);
  }

  #exactly(vector: Vector): number[] {
    return this.#zero().map((_, index) => vector[index] ?? 0);
  }
}
