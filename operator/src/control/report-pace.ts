// When the report of a workload may be written: at most twice in any minute. News, a violation of a kind that the report does not have yet, may use the
// second write at once; counts wait for half a minute.

const MINUTE_MS = 60_000;
const COUNTS_MS = 30_000;
/** Spreads the second writes of many reports that began together. */
const JITTER_MS = 3_000;

interface Written {
  readonly lastMs: number;
  readonly beforeMs: number;
  readonly jitterMs: number;
  /** Kinds of violations that it had. */
  readonly kinds: number;
}

export class ReportPace {
  readonly #written = new Map<string, Written>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** When the next write is due, by the clock that `note` is given; it may be over. */
  dueMs(key: string, kinds: number): number {
    const written = this.#written.get(key);
    if (written === undefined) return -Infinity;
    const { lastMs, beforeMs, jitterMs } = written;
    const wanted = kinds > written.kinds ? lastMs : lastMs + COUNTS_MS + jitterMs;
    return Math.max(wanted, beforeMs + MINUTE_MS);
  }

  note(key: string, kinds: number, nowMs: number): void {
    const beforeMs = this.#written.get(key)?.lastMs ?? -Infinity;
    this.#written.delete(key);
    this.#written.set(key, { lastMs: nowMs, beforeMs, jitterMs: this.#random() * JITTER_MS, kinds });
    // The eldest are first; what is a minute old holds nothing back.
    for (const [old, { lastMs }] of this.#written) {
      if (lastMs + MINUTE_MS > nowMs) break;
      this.#written.delete(old);
    }
  }

  get size(): number {
    return this.#written.size;
  }
}
