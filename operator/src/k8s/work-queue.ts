// Keys that wait for work. A key waits once, however often it is added, and never runs twice at the same time: one that
// is added while its work runs, runs again afterwards. Work that fails is repeated with growing waits; nothing is lost
// but by `stop`. What the work does, it finds out by itself from the key: the queue carries no events.
import { Backoff, type BackoffLimits } from './backoff.js';
import { systemClock, type Clock } from './clock.js';
import { TokenBucket, type Rate } from './token-bucket.js';
import { ClusterFault } from '../errors.js';

/** Work may ask to be called again although it succeeded. */
export interface Again {
  readonly againAfterMs: number;
}

export interface WorkQueueOptions<K extends string> {
  readonly work: (key: K) => Promise<Again | undefined>;
  /** Keys that run side by side; default 1. */
  readonly concurrency?: number;
  readonly retry?: BackoffLimits;
  /** Bound on how often work starts, over all keys; none when absent. */
  readonly rate?: Rate;
  /** Told of each failure, with the wait before the next try. */
  readonly onFailure?: (key: K, error: unknown, retryMs: number) => void;
  readonly clock?: Clock;
}

export interface QueueMetrics {
  readonly waiting: number;
  readonly delayed: number;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
}

const RETRY: BackoffLimits = { firstMs: 100, maxMs: 30_000 };

interface Delay {
  readonly at: number;
  readonly cancel: () => void;
}

export class WorkQueue<K extends string> {
  readonly #options: WorkQueueOptions<K>;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket | undefined;
  /** In order of arrival. */
  readonly #waiting = new Set<K>();
  readonly #delayed = new Map<K, Delay>();
  readonly #running = new Map<K, Promise<void>>();
  /** Added while running. */
  readonly #dirty = new Set<K>();
  readonly #backoffs = new Map<K, Backoff>();
  #cancelPause: (() => void) | undefined;
  #stopped = false;
  #done = 0;
  #failed = 0;

  constructor(options: WorkQueueOptions<K>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#bucket = options.rate === undefined ? undefined : new TokenBucket(options.rate, this.#clock);
  }

  add(key: K): void {
    if (this.#stopped) return;
    this.#forgetDelay(key);
    if (this.#running.has(key)) this.#dirty.add(key);
    else this.#waiting.add(key);
    this.#pump();
  }

  /** An earlier time that is set already stands. */
  addAfter(key: K, ms: number): void {
    if (this.#stopped || this.#waiting.has(key) || this.#dirty.has(key)) return;
    const at = this.#clock.now() + ms;
    const set = this.#delayed.get(key);
    if (set !== undefined && set.at <= at) return;
    set?.cancel();
    const cancel = this.#clock.after(ms, () => this.add(key));
    this.#delayed.set(key, { at, cancel });
  }

  metrics(): QueueMetrics {
    return {
      waiting: this.#waiting.size + this.#dirty.size,
      delayed: this.#delayed.size,
      running: this.#running.size,
      done: this.#done,
      failed: this.#failed,
    };
  }

  /** Takes nothing more; resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelPause?.();
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#dirty.clear();
    await Promise.all(this.#running.values());
  }

  #forgetDelay(key: K): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  #pump(): void {
    while (this.#running.size < (this.#options.concurrency ?? 1)) {
      const [key] = this.#waiting;
      if (key === undefined || this.#mustPause()) return;
      this.#waiting.delete(key);
      this.#running.set(key, this.#run(key));
    }
  }

  #mustPause(): boolean {
    if (this.#bucket === undefined || this.#bucket.take()) return false;
    this.#cancelPause ??= this.#clock.after(this.#bucket.waitMs(), () => {
      this.#cancelPause = undefined;
      this.#pump();
    });
    return true;
  }

  async #run(key: K): Promise<void> {
    // The caller of add() is never inside the work that it asked for.
    await Promise.resolve();
    let again: number | undefined;
    try {
      again = (await this.#options.work(key))?.againAfterMs;
      this.#backoffs.delete(key);
      this.#done += 1;
    } catch (error) {
      again = this.#failure(key, error);
    }
    this.#running.delete(key);
    if (this.#dirty.delete(key)) this.add(key);
    else if (again !== undefined) this.addAfter(key, again);
    this.#pump();
  }

  #failure(key: K, error: unknown): number {
    this.#failed += 1;
    let backoff = this.#backoffs.get(key);
    if (backoff === undefined) {
      backoff = new Backoff(this.#options.retry ?? RETRY, this.#clock);
      this.#backoffs.set(key, backoff);
    }
    const retryMs = backoff.next(error instanceof ClusterFault ? error.retryAfterMs : 0);
    this.#options.onFailure?.(key, error, retryMs);
    return retryMs;
  }
}
