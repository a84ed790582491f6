// Keeps a copy of a selection of objects: list, then watch from the list's version, for ever. A reconnect goes on where
// the last event was; only when the server no longer has that version (410) everything is listed again and compared.
// Resets, 5xx, 429, silence and restarts of the server are normal life: what is held stays until the server says otherwise.
import { isFault } from './answer.js';
import { Backoff } from './backoff.js';
import { sleep, type Clock } from './clock.js';
import { Holdings } from './holdings.js';
import { readEvents, WatchBroken, type WatchEvent } from './watch-events.js';
import { acceptOf, kindOf, selectors, type Objects } from './objects.js';
import { collectionPath } from './resources.js';
import { ClusterFault } from '../errors.js';
import { WatchCounters, type EndCause, type WatchMetrics } from './watch-metrics.js';
import type { Log } from '../log.js';
import type { Transport } from './transport.js';
import type { Feed, FeedState, KubeObject, ResourceRef, WatchOptions } from './types.js';

export interface ReflectorTimes {
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** Longest wait between two looks for a resource that the server does not know. */
  readonly absentMaxMs: number;
  /** How long the server must deny knowing a resource before what is held of it is dropped. */
  readonly absentConfirmMs: number;
  /** Silence after which a watch counts as dead. The server's bookmarks come every 60 to 76 s. */
  readonly idleMs: number;
  /** The server is asked to end a watch after one to two times this, so that watches spread over its replicas. */
  readonly watchSeconds: number;
  /** A watch that lived this long did well: the next failure starts at the shortest wait. */
  readonly healthyMs: number;
}

export const REFLECTOR_TIMES: ReflectorTimes = {
  retryFirstMs: 200,
  retryMaxMs: 15_000,
  absentMaxMs: 20_000,
  absentConfirmMs: 5_000,
  idleMs: 100_000,
  watchSeconds: 300,
  healthyMs: 10_000,
};

export interface ReflectorParts {
  readonly objects: Objects;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: ReflectorTimes;
}

export class Reflector<T extends KubeObject> implements Feed<T> {
  readonly #parts: ReflectorParts;
  readonly #ref: ResourceRef;
  readonly #options: WatchOptions<T>;
  readonly #holdings: Holdings<T>;
  readonly #backoff: Backoff;
  readonly #absence: Backoff;
  readonly #counters = new WatchCounters();
  readonly #stop = new AbortController();
  #state: FeedState = 'listing';
  #synced = false;
  #absentSince: number | undefined;
  /** Version after which events are wanted; undefined: list first. */
  #position: string | undefined;
  readonly finished: Promise<void>;

  constructor(parts: ReflectorParts, ref: ResourceRef, options: WatchOptions<T>) {
    this.#parts = parts;
    this.#ref = ref;
    this.#options = options;
    this.#holdings = new Holdings(options.trim);
    const { retryFirstMs: firstMs, retryMaxMs, absentMaxMs } = parts.times;
    this.#backoff = new Backoff({ firstMs, maxMs: retryMaxMs }, parts.clock);
    this.#absence = new Backoff({ firstMs: firstMs * 5, maxMs: absentMaxMs }, parts.clock);
    this.finished = this.#run();
  }

  get synced(): boolean {
    return this.#synced;
  }

  get state(): FeedState {
    return this.#state;
  }

  items(): ReadonlyMap<string, T> {
    return this.#holdings.items;
  }

  stop(): void {
    this.#stop.abort();
  }

  metrics(): WatchMetrics {
    const { lists, listFailures, watches, events, bookmarks, ends, lastContactMs } = this.#counters;
    const { namespace, fieldSelector, labelSelector } = this.#options;
    return {
      resource: this.#ref.group === '' ? this.#ref.plural : `${this.#ref.plural}.${this.#ref.group}`,
      selection: [namespace, fieldSelector, labelSelector].filter((part) => part !== undefined).join(' '),
      state: this.#state,
      synced: this.#synced,
      items: this.#holdings.items.size,
      ...{ lists, listFailures, watches, events, bookmarks, ends: { ...ends } },
      silentSeconds: (this.#parts.clock.now() - lastContactMs) / 1000,
    };
  }

  async #run(): Promise<void> {
    // The constructor's caller has no feed yet when the first answer could come.
    await Promise.resolve();
    while (!this.#stop.signal.aborted) {
      const failure = this.#position === undefined ? await this.#list() : await this.#watch(this.#position);
      if (failure !== undefined) await this.#wait(failure);
    }
    this.#enter('stopped');
  }

  async #list(): Promise<ClusterFault | undefined> {
    try {
      const page = await this.#parts.objects.listAll<T>(this.#ref, this.#options, this.#stop.signal);
      if (this.#stop.signal.aborted) return undefined;
      this.#counters.lists += 1;
      this.#contact();
      this.#position = page.resourceVersion;
      this.#absentSince = undefined;
      this.#absence.reset();
      this.#settle(this.#holdings.replace(page.items), true);
      return undefined;
    } catch (error) {
      this.#counters.listFailures += 1;
      return error as ClusterFault;
    }
  }

  /** Follows the changes after `position`. Returns what to wait for, or nothing when all went well. */
  async #watch(position: string): Promise<ClusterFault | undefined> {
    const { clock, times } = this.#parts;
    const start = clock.now();
    const heardBefore = this.#heard();
    const failure = await this.#followed(position);
    const lived = clock.now() - start >= times.healthyMs;
    const heard = this.#heard() > heardBefore;
    if (lived || (heard && !isFault(failure, 'CLUSTER_EXPIRED'))) this.#backoff.reset();
    if (failure === undefined) {
      return lived || heard ? undefined : new ClusterFault('CLUSTER_FAILED', 'watch: the server ended it at once');
    }
    if (needsList(failure)) this.#position = undefined;
    return failure;
  }

  #heard(): number {
    return this.#counters.events + this.#counters.bookmarks;
  }

  async #followed(position: string): Promise<ClusterFault | undefined> {
    try {
      await this.#follow(position);
      this.#ended('closed');
      return undefined;
    } catch (error) {
      const failure = error as ClusterFault;
      const cause = causeOf(failure);
      if (cause === 'idle') this.#parts.transport.suspect();
      this.#ended(this.#stop.signal.aborted ? 'stopped' : cause);
      return failure;
    }
  }

  async #follow(position: string): Promise<void> {
    const { transport, clock, times } = this.#parts;
    const { signal } = this.#stop;
    const path = collectionPath(this.#ref, this.#options.namespace);
    const stream = await transport.open({
      verb: 'GET',
      path,
      signal,
      accept: acceptOf(this.#options),
      query: {
        ...selectors(this.#options),
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: position,
        timeoutSeconds: Math.round(times.watchSeconds * (1 + clock.random())),
      },
    });
    this.#counters.watches += 1;
    this.#contact();
    this.#enter('watching');
    for await (const event of readEvents(stream, `watch ${path}`, { clock, idleMs: times.idleMs })) {
      if (signal.aborted) return;
      this.#take(event);
    }
  }

  #take(event: WatchEvent): void {
    this.#contact();
    if (event.type === 'BOOKMARK') this.#counters.bookmarks += 1;
    else this.#counters.events += 1;
    if (this.#options.metadataOnly === true) Object.assign(event.object, kindOf(this.#ref, {}));
    const changed = this.#holdings.change(event);
    this.#position = event.object.metadata.resourceVersion ?? this.#position;
    if (changed) this.#settle(true, this.#synced);
  }

  async #wait(failure: ClusterFault): Promise<void> {
    const { clock, log } = this.#parts;
    if (this.#stop.signal.aborted) return;
    this.#enter(this.#stateAfter(failure));
    const pace = isFault(failure, 'CLUSTER_NOT_FOUND') ? this.#absence : this.#backoff;
    const waitMs = pace.next(failure.retryAfterMs);
    log.debug('watch interrupted', { resource: this.#ref.plural, code: failure.code, reason: failure.message, waitMs });
    await sleep(clock, waitMs, this.#stop.signal);
  }

  #stateAfter(failure: ClusterFault): FeedState {
    if (isFault(failure, 'CLUSTER_NOT_FOUND')) return this.#missing();
    if (failure.status !== 0) this.#absentSince = undefined;
    if (isFault(failure, 'CLUSTER_FORBIDDEN') || isFault(failure, 'CLUSTER_UNAUTHORIZED')) return 'forbidden';
    return 'retrying';
  }

  /** A server that has just started may not know a resource yet: what is held is dropped only when it insists. */
  #missing(): FeedState {
    const now = this.#parts.clock.now();
    this.#absentSince ??= now;
    this.#position = undefined;
    if (this.#synced && now - this.#absentSince < this.#parts.times.absentConfirmMs) return 'retrying';
    this.#settle(this.#holdings.clear(), false);
    return 'absent';
  }

  #settle(changed: boolean, synced: boolean): void {
    const tell = changed || synced !== this.#synced;
    this.#synced = synced;
    if (tell) this.#guarded(this.#options.onChange);
  }

  #enter(state: FeedState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#parts.log.debug('watch state', { resource: this.#ref.plural, state });
    const { onState } = this.#options;
    if (onState !== undefined) this.#guarded(() => onState(state));
  }

  /** A listener that throws is a defect of its own, and must not end the feed. */
  #guarded(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#parts.log.error('listener of a watch failed', { resource: this.#ref.plural, error: String(error) });
    }
  }

  #contact(): void {
    this.#counters.lastContactMs = this.#parts.clock.now();
  }

  #ended(cause: EndCause): void {
    this.#counters.ends[cause] += 1;
  }
}

function causeOf(failure: ClusterFault): EndCause {
  if (failure instanceof WatchBroken) return failure.how;
  if (failure.code === 'CLUSTER_EXPIRED') return 'expired';
  return failure.code === 'CLUSTER_UNREACHABLE' ? 'unreachable' : 'refused';
}

/** The server cannot go on from the version, or what it sent cannot be trusted. */
function needsList(failure: ClusterFault): boolean {
  if (failure instanceof WatchBroken) return failure.how === 'malformed';
  return ['CLUSTER_EXPIRED', 'CLUSTER_NOT_FOUND', 'CLUSTER_INVALID'].includes(failure.code);
}
