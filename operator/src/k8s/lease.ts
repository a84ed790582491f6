// Leases: who holds one and until when. Only our own clock is trusted, and only for how long something took: a lease
// counts as run out when it has not changed for its duration since we saw it, whatever times it names.
import { microTime, type Clock } from './clock.js';
import { nameOf } from './resources.js';
import type { KubeObject } from './types.js';

export interface LeaseSpec {
  readonly holderIdentity?: string | undefined;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

/**
 * Time that passed by the stricter of two clocks. The monotonic one stands still while a machine sleeps, and the time of
 * day may be set forward for no reason: then a leader steps down once too often, which is the safe error.
 */
export class Stopwatch {
  readonly #clock: Clock;
  readonly #now: number;
  readonly #wall: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#now = clock.now();
    this.#wall = clock.wall();
  }

  /** Never less than what really passed. */
  atMost(): number {
    return Math.max(this.#clock.now() - this.#now, this.#clock.wall() - this.#wall);
  }

  /** Never more than what really passed, if one of the clocks is right. */
  atLeast(): number {
    return this.#clock.now() - this.#now;
  }
}

/** What somebody else's lease looked like when it last changed. */
export class Sighting {
  readonly #clock: Clock;
  #mark = '';
  #since: Stopwatch;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = new Stopwatch(clock);
  }

  see(lease: Lease): void {
    // Holder and renewals, and the version in case a holder writes the same time twice.
    const mark = JSON.stringify([lease.metadata.uid, lease.metadata.resourceVersion, lease.spec?.renewTime]);
    if (mark === this.#mark) return;
    this.#mark = mark;
    this.#since = new Stopwatch(this.#clock);
  }

  /** Milliseconds for which the lease has surely not changed. */
  unchangedMs(): number {
    return this.#since.atLeast();
  }
}

/** How long ago each of many leases was renewed, as far as we can tell: for judging nodes that fell silent. */
export class LeaseAges {
  readonly #clock: Clock;
  readonly #seen = new Map<string, Sighting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the leases as they are now; those that are gone are forgotten. */
  observe(leases: Iterable<Lease>): void {
    const present = new Set<string>();
    for (const lease of leases) {
      const name = nameOf(lease);
      present.add(name);
      let sighting = this.#seen.get(name);
      if (sighting === undefined) this.#seen.set(name, (sighting = new Sighting(this.#clock)));
      sighting.see(lease);
    }
    for (const name of this.#seen.keys()) if (!present.has(name)) this.#seen.delete(name);
  }

  /** By `namespace/name`; undefined when there is no such lease. */
  ageMs(name: string): number | undefined {
    return this.#seen.get(name)?.unchangedMs();
  }
}

export function holderOf(lease: Lease): string {
  return lease.spec?.holderIdentity ?? '';
}

/** The lease in the hands of `identity`, from now on. */
export function taken(lease: Lease, identity: string, { wallMs, durationSeconds }: Taking): Lease {
  const mine = holderOf(lease) === identity;
  const time = microTime(wallMs);
  const transitions = lease.spec?.leaseTransitions ?? 0;
  return {
    ...lease,
    spec: {
      ...lease.spec,
      holderIdentity: identity,
      leaseDurationSeconds: durationSeconds,
      acquireTime: mine ? (lease.spec?.acquireTime ?? time) : time,
      renewTime: time,
      leaseTransitions: mine ? transitions : transitions + 1,
    },
  };
}

export interface Taking {
  readonly wallMs: number;
  readonly durationSeconds: number;
}
