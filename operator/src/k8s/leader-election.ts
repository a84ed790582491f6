// One leader at a time, on a Lease. The leader gives up (and has stopped) `renewMs` after it *sent* its last successful
// renewal; another may begin only `durationMs` after it *saw* that renewal. So the first has stopped before the second
// starts, however wrong their times of day are, as long as their clocks' speeds differ by less than durationMs : renewMs.
import { randomUUID } from 'node:crypto';
import { isFault } from './answer.js';
import { sleep, type Clock } from './clock.js';
import { holderOf, Sighting, Stopwatch, taken, type Lease } from './lease.js';
import { LEASES } from './resources.js';
import type { Log } from '../log.js';
import type { Objects } from './objects.js';

export interface ElectionOptions {
  readonly name: string;
  readonly namespace: string;
  /** For people: the pod's name. A random part is added, since a restarted process is somebody else. */
  readonly identity: string;
  /** The signal aborts when leadership ends; what is started must then write nothing more. */
  readonly onStarted: (signal: AbortSignal) => void | Promise<void>;
  /** Ends the work; the next leadership, and the release of the lease, wait for it. */
  readonly onStopped?: () => void | Promise<void>;
  readonly durationMs?: number;
  readonly renewMs?: number;
  readonly retryMs?: number;
}

export interface ElectionParts {
  readonly objects: Objects;
  readonly clock: Clock;
  readonly log: Log;
}

const DURATION_MS = 15_000;
const RENEW_MS = 10_000;
const RETRY_MS = 2_000;

export class LeaderElection {
  readonly #parts: ElectionParts;
  readonly #options: ElectionOptions;
  readonly #stop = new AbortController();
  readonly #seen: Sighting;
  readonly identity: string;
  /** Since the last successful renewal was sent. */
  #renewed: Stopwatch | undefined;
  #tenure: AbortController | undefined;
  #work: Promise<void> = Promise.resolve();
  #transitions = 0;
  readonly #finished: Promise<void>;

  constructor(parts: ElectionParts, options: ElectionOptions) {
    this.#parts = parts;
    this.#options = options;
    this.identity = `${options.identity}_${randomUUID().slice(0, 8)}`;
    this.#seen = new Sighting(parts.clock);
    this.#finished = this.#run();
  }

  /** Judged by the clock at this very moment: false also for a process that slept through its deadline. */
  get leading(): boolean {
    return this.#tenure !== undefined && !this.#tenure.signal.aborted && this.#leftMs() > 0;
  }

  /** Times that this process became leader. */
  get transitions(): number {
    return this.#transitions;
  }

  /** Stops the work, then lets go of the lease so that another need not wait. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#finished;
  }

  #leftMs(): number {
    return (this.#options.renewMs ?? RENEW_MS) - (this.#renewed?.atMost() ?? Infinity);
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const sent = new Stopwatch(clock);
      try {
        if (await this.#acquire()) await this.#lead(sent);
      } catch (error) {
        log.warn('lease not reached', { lease: this.#options.name, error: String(error) });
      }
      await sleep(clock, (this.#options.retryMs ?? RETRY_MS) * (1 + clock.random() / 5), signal);
    }
  }

  /** One try to make the lease ours, or to keep it so. */
  async #acquire(): Promise<boolean> {
    const { objects } = this.#parts;
    const { name, namespace } = this.#options;
    const lease = await objects.get<Lease>(LEASES, name, namespace);
    try {
      if (lease === undefined) {
        const metadata = { name, namespace };
        await objects.create(LEASES, this.#taken({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata }));
        return true;
      }
      this.#seen.see(lease);
      if (!this.#free(lease)) return false;
      await objects.replace(LEASES, this.#taken(lease));
      return true;
    } catch (error) {
      // Somebody else was quicker.
      if (isFault(error, 'CLUSTER_CONFLICT')) return false;
      throw error;
    }
  }

  #taken(lease: Lease): Lease {
    const durationSeconds = Math.ceil((this.#options.durationMs ?? DURATION_MS) / 1000);
    return taken(lease, this.identity, { wallMs: this.#parts.clock.wall(), durationSeconds });
  }

  #free(lease: Lease): boolean {
    const holder = holderOf(lease);
    if (holder === '' || holder === this.identity) return true;
    const durationMs = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
    return this.#seen.unchangedMs() >= Math.max(durationMs, this.#options.durationMs ?? DURATION_MS);
  }

  async #lead(sent: Stopwatch): Promise<void> {
    const { log } = this.#parts;
    const { name, onStarted } = this.#options;
    this.#renewed = sent;
    const tenure = new AbortController();
    this.#tenure = tenure;
    this.#transitions += 1;
    log.info('leading', { lease: name, identity: this.identity });
    this.#work = (async () => onStarted(tenure.signal))();
    this.#work.catch((error: unknown) => {
      log.error('work of the leader failed', { lease: name, error: String(error) });
      tenure.abort();
    });
    await this.#hold(tenure);
    tenure.abort();
    this.#tenure = undefined;
    log.info('no longer leading', { lease: name });
    await this.#work.catch(() => undefined);
    await this.#options.onStopped?.();
    await this.#release();
  }

  /** Renews until told to stop, outvoted, or out of time. */
  async #hold(tenure: AbortController): Promise<void> {
    const { clock, log } = this.#parts;
    const cancelled = AbortSignal.any([this.#stop.signal, tenure.signal]);
    // The work is told at the deadline even while a request is under way.
    let cancel = clock.after(this.#leftMs(), () => tenure.abort());
    const over = (): boolean => cancelled.aborted || this.#leftMs() <= 0;
    while (!over()) {
      await sleep(clock, Math.min(this.#options.retryMs ?? RETRY_MS, this.#leftMs()), cancelled);
      if (over()) break;
      const sent = new Stopwatch(clock);
      try {
        // An answer after the deadline comes too late: the work was told to stop, and is not told to go on.
        if (!(await unlessAborted(cancelled, this.#acquire()))) break;
        this.#renewed = sent;
        cancel();
        cancel = clock.after(Math.max(0, this.#leftMs()), () => tenure.abort());
      } catch (error) {
        log.warn('lease not renewed', { lease: this.#options.name, leftMs: this.#leftMs(), error: String(error) });
      }
    }
    cancel();
  }

  async #release(): Promise<void> {
    const { objects, log } = this.#parts;
    const { name, namespace } = this.#options;
    try {
      const lease = await objects.get<Lease>(LEASES, name, namespace);
      if (lease === undefined || holderOf(lease) !== this.identity) return;
      const released: Lease = { ...lease, spec: { ...lease.spec, holderIdentity: undefined } };
      await objects.replace(LEASES, released);
    } catch (error) {
      log.debug('lease not released', { lease: name, error: String(error) });
    }
  }
}

/** False when the signal aborts first. Leaves no listener behind: a leader asks every two seconds for months. */
function unlessAborted(signal: AbortSignal, work: Promise<boolean>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(false);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
