// Says on a Lease that this process lives. One request each time, whoever wrote the lease before.
import { microTime, sleep, type Clock } from './clock.js';
import { LEASES } from './resources.js';
import type { Lease } from './lease.js';
import type { Log } from '../log.js';
import type { Objects } from './objects.js';
import type { OwnerReference } from './types.js';

export interface HeartbeatOptions {
  readonly name: string;
  readonly namespace: string;
  /** Who lives: the node's name. */
  readonly holder: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly intervalMs?: number;
  /** After how long of silence readers should think us dead. */
  readonly durationSeconds?: number;
}

const INTERVAL_MS = 10_000;
const DURATION_SECONDS = 40;
/** A beat that failed is repeated sooner than the next is due. */
const RETRY_MS = 2_000;

export class Heartbeat {
  readonly #objects: Objects;
  readonly #options: HeartbeatOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #finished: Promise<void>;
  #lastMs: number | undefined;

  constructor(
    parts: { readonly objects: Objects; readonly clock: Clock; readonly log: Log },
    options: HeartbeatOptions,
  ) {
    this.#objects = parts.objects;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#options = options;
    this.#finished = this.#run();
  }

  /** Since the last beat that the server took; undefined before the first. */
  get silentMs(): number | undefined {
    return this.#lastMs === undefined ? undefined : this.#clock.now() - this.#lastMs;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#finished;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const intervalMs = this.#options.intervalMs ?? INTERVAL_MS;
    await Promise.resolve();
    while (!signal.aborted) {
      const beaten = await this.#beat();
      const waitMs = beaten ? intervalMs : Math.min(RETRY_MS, intervalMs);
      await sleep(this.#clock, waitMs * (0.9 + this.#clock.random() / 10), signal);
    }
  }

  async #beat(): Promise<boolean> {
    const { name, namespace, holder, labels, ownerReferences } = this.#options;
    const sent = this.#clock.now();
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        ...{ name, namespace },
        ...(labels === undefined ? {} : { labels: { ...labels } }),
        ...(ownerReferences === undefined ? {} : { ownerReferences: [...ownerReferences] }),
      },
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: this.#options.durationSeconds ?? DURATION_SECONDS,
        renewTime: microTime(this.#clock.wall()),
      },
    };
    try {
      await this.#objects.apply(LEASES, lease);
      this.#lastMs = sent;
      return true;
    } catch (error) {
      this.#log.debug('heartbeat failed', { lease: name, error: String(error) });
      return false;
    }
  }
}
