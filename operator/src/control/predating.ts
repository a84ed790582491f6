// Processes that started before a policy selected them. They go on running, and what they have open stays open: they are counted,
// until they end. Policy uid -> since when it is in force on this node; container and policy -> since when it selects the container.

import { START_TICK_NS } from '../workload/processes.js';
import type { Scene } from './node-scene.js';

/** What outlives the agent: since when each policy is in force, boot time in ns. */
export interface SavedPredating {
  readonly bootID: string;
  readonly since: Readonly<Record<string, string>>;
}

export interface PredatingCounts {
  /** By uid of a policy, the pods. */
  readonly policies: Readonly<Record<string, number>>;
  readonly pods: number;
}

/** Undefined where it is something else, or of another boot. */
export function readPredating(
  saved: Readonly<Record<string, unknown>> | undefined,
  bootID: string,
): SavedPredating | undefined {
  const since = saved?.['since'];
  if (saved?.['bootID'] !== bootID || typeof since !== 'object' || since === null) return undefined;
  const times: readonly unknown[] = Object.values(since);
  const isTime = (value: unknown): boolean => typeof value === 'string' && /^\d+$/.test(value);
  return times.every(isTime) ? { bootID, since: since as SavedPredating['since'] } : undefined;
}

export class PredatingBook {
  readonly #since: Map<string, bigint>;
  /** Selections that began later than their policy: of containers whose labels changed. */
  readonly #later = new Map<bigint, Map<string, bigint>>();
  #selected: ReadonlyMap<bigint, ReadonlySet<string>> = new Map();
  #lookedNs = 0n;

  /** @param saved of an agent whose kernel entries this one took over */
  constructor(saved: SavedPredating | undefined) {
    this.#since = new Map(Object.entries(saved?.since ?? {}).map(([uid, ns]) => [uid, BigInt(ns)]));
  }

  /** Policies are in force, just now. @returns whether one is new or gone */
  inForce(uids: Iterable<string>, nowNs: bigint): boolean {
    const present = new Set(uids);
    let changed = false;
    for (const uid of present) {
      if (this.#since.has(uid)) continue;
      this.#since.set(uid, nowNs);
      changed = true;
    }
    for (const uid of this.#since.keys()) if (!present.has(uid)) changed = this.#since.delete(uid) || changed;
    return changed;
  }

  /** Containers and who selects them now, as they became with the last plan, made at `nowNs`. */
  look({ containers }: Scene, nowNs: bigint): void {
    const selected = new Map<bigint, ReadonlySet<string>>();
    for (const { id, selecting } of containers) {
      selected.set(id, new Set(selecting));
      const before = this.#selected.get(id);
      if (before === undefined) continue;
      for (const uid of selecting) if (!before.has(uid) && this.#isOld(uid)) this.#begin(id, uid, nowNs);
    }
    for (const id of this.#later.keys()) if (!selected.has(id)) this.#later.delete(id);
    this.#selected = selected;
    this.#lookedNs = nowNs;
  }

  /** In force since before the last look. */
  #isOld(uid: string): boolean {
    const since = this.#since.get(uid);
    return since !== undefined && since <= this.#lookedNs;
  }

  #begin(container: bigint, uid: string, nowNs: bigint): void {
    const later = this.#later.get(container) ?? new Map<string, bigint>();
    this.#later.set(container, later.set(uid, nowNs));
  }

  /** @param oldest by container: boot time at which its oldest process started, ns */
  count({ containers }: Scene, oldest: ReadonlyMap<bigint, bigint>): PredatingCounts {
    const pods = new Map<string, Set<string>>();
    for (const { id, identity, selecting } of containers) {
      const started = oldest.get(id);
      if (started === undefined) continue;
      for (const uid of selecting) {
        const since = this.#later.get(id)?.get(uid) ?? this.#since.get(uid) ?? 0n;
        if (started + START_TICK_NS >= since) continue;
        pods.set(uid, (pods.get(uid) ?? new Set()).add(identity.podUid ?? ''));
      }
    }
    return {
      policies: Object.fromEntries([...pods].map(([uid, { size }]) => [uid, size])),
      pods: new Set([...pods.values()].flatMap((uids) => [...uids])).size,
    };
  }

  saved(bootID: string): SavedPredating {
    return { bootID, since: Object.fromEntries([...this.#since].map(([uid, ns]) => [uid, String(ns)])) };
  }
}
