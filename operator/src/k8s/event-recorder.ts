// Events on Kubernetes objects. The first occurrence is written at once; those that repeat it are counted here and
// written as a series now and then. A storm on one object, or on many, is bounded: what is not written is counted.
// Recording never waits and never throws: an Event is a courtesy, the exact numbers are in NodeState.
import { isFault } from './answer.js';
import { microTime, systemClock, type Clock } from './clock.js';
import {
  eventKey,
  eventNamespace,
  eventObject,
  type EventObject,
  type EventRecord,
  type Reporter,
} from './event-note.js';
import { EVENTS } from './resources.js';
import { TokenBucket, type Rate } from './token-bucket.js';
import { WorkQueue, type Again } from './work-queue.js';
import type { Log } from '../log.js';
import type { Objects } from './objects.js';

export interface EventLimits {
  /** New Events of one object. */
  readonly perObject: Rate;
  /** All requests. */
  readonly overall: Rate;
  /** Between two writes of one series. */
  readonly seriesMs: number;
  /** After this long without a repetition the next one is a new Event. */
  readonly forgetMs: number;
  /** Series and objects that are remembered. */
  readonly maxKeys: number;
  /** Tries to write one Event before it is given up. */
  readonly maxTries: number;
}

const LIMITS: EventLimits = {
  perObject: { perSecond: 1 / 60, burst: 10 },
  overall: { perSecond: 5, burst: 25 },
  seriesMs: 30_000,
  forgetMs: 6 * 60_000,
  maxKeys: 1024,
  maxTries: 5,
};

/** Looking through all series costs too much for every record of a storm. */
const FORGET_EVERY_MS = 5_000;

interface Series {
  readonly record: EventRecord;
  /** As it was created; undefined until then. */
  object: EventObject | undefined;
  count: number;
  written: number;
  tries: number;
  lastWallMs: number;
  lastMs: number;
}

export interface EventMetrics {
  readonly recorded: number;
  readonly written: number;
  /** Over a limit, or given up. */
  readonly dropped: number;
}

export interface EventRecorderParts {
  readonly objects: Objects;
  readonly reporter: Reporter;
  readonly log: Log;
  readonly clock?: Clock;
  readonly limits?: Partial<EventLimits>;
}

export class EventRecorder {
  readonly #objects: Objects;
  readonly #reporter: Reporter;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #limits: EventLimits;
  readonly #queue: WorkQueue<string>;
  readonly #series = new Map<string, Series>();
  readonly #buckets = new Map<string, TokenBucket>();
  #forgottenMs = -Infinity;
  #recorded = 0;
  #written = 0;
  #dropped = 0;

  constructor({ objects, reporter, log, clock = systemClock, limits = {} }: EventRecorderParts) {
    this.#objects = objects;
    this.#reporter = reporter;
    this.#log = log;
    this.#clock = clock;
    this.#limits = { ...LIMITS, ...limits };
    this.#queue = new WorkQueue({
      work: (key) => this.#write(key),
      rate: this.#limits.overall,
      clock,
      onFailure: (key, error, retryMs) => this.#log.debug('event not written', { key, error: String(error), retryMs }),
    });
  }

  record(record: EventRecord): void {
    this.#recorded += 1;
    this.#forget();
    const key = eventKey(record);
    const series = this.#series.get(key);
    if (series === undefined) {
      this.#begin(key, record);
      return;
    }
    series.count += 1;
    series.lastMs = this.#clock.now();
    series.lastWallMs = this.#clock.wall();
    // Between two writes of a series; while it is not written yet, its first write takes the count along.
    if (series.object !== undefined) this.#queue.addAfter(key, this.#limits.seriesMs);
  }

  metrics(): EventMetrics {
    return { recorded: this.#recorded, written: this.#written, dropped: this.#dropped };
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
  }

  #begin(key: string, record: EventRecord): void {
    if (this.#series.size >= this.#limits.maxKeys || !this.#admits(record)) {
      this.#dropped += 1;
      return;
    }
    const [lastMs, lastWallMs] = [this.#clock.now(), this.#clock.wall()];
    this.#series.set(key, { record, object: undefined, count: 1, written: 0, tries: 0, lastWallMs, lastMs });
    this.#queue.add(key);
  }

  #admits({ regarding }: EventRecord): boolean {
    const name = [regarding.kind, regarding.namespace, regarding.name, regarding.uid].join('/');
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#limits.maxKeys) return false;
      bucket = new TokenBucket(this.#limits.perObject, this.#clock);
      this.#buckets.set(name, bucket);
    }
    return bucket.take();
  }

  /** Series that fell silent, and objects whose bound is whole again. */
  #forget(): void {
    const now = this.#clock.now();
    if (now - this.#forgottenMs < FORGET_EVERY_MS) return;
    this.#forgottenMs = now;
    for (const [key, series] of this.#series) {
      const silent = now - series.lastMs > this.#limits.forgetMs;
      if (silent && series.written === series.count) this.#series.delete(key);
    }
    for (const [name, bucket] of this.#buckets) if (bucket.full) this.#buckets.delete(name);
  }

  async #write(key: string): Promise<Again | undefined> {
    const series = this.#series.get(key);
    if (series === undefined || series.written === series.count) return undefined;
    try {
      await this.#send(series);
      series.tries = 0;
      this.#written += 1;
      return series.written < series.count ? { againAfterMs: this.#limits.seriesMs } : undefined;
    } catch (error) {
      series.tries += 1;
      if (series.tries < this.#limits.maxTries && !isFault(error, 'CLUSTER_INVALID')) throw error;
      this.#dropped += series.count - series.written;
      this.#series.delete(key);
      this.#log.debug('event given up', { reason: series.record.reason, error: String(error) });
      return undefined;
    }
  }

  async #send(series: Series): Promise<void> {
    const { count, object } = series;
    const repeated = { count, lastObservedTime: microTime(series.lastWallMs) };
    if (object !== undefined) {
      const name = { name: object.metadata.name, namespace: eventNamespace(series.record) };
      try {
        await this.#objects.mergePatch(EVENTS, name, { series: repeated });
        series.written = count;
        return;
      } catch (error) {
        // The server forgets Events after an hour: this one is written anew.
        if (!isFault(error, 'CLUSTER_NOT_FOUND')) throw error;
      }
    }
    const fresh = eventObject(series.record, this.#reporter, this.#clock.wall());
    series.object = await this.#objects.create<EventObject>(EVENTS, count > 1 ? withSeries(fresh, repeated) : fresh);
    series.written = count;
  }
}

function withSeries(object: EventObject, series: EventObject['series'] & object): EventObject {
  return { ...object, series };
}
