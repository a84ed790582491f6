// Violations of each rule since the epoch, exact over restarts. "UID/rule" -> total. The kernel's counters go on while it runs
// and begin again at zero after it: what they showed last is kept, so that what is added is what is new.

import type { NodeTotal, ViolationRow } from './objects.gen.js';

/** What a rule's counters in the kernel show now, all its cgroups together. */
export interface KernelCount {
  readonly killed: number;
  readonly blocked: number;
  readonly audited: number;
  /** RFC 3339. */
  readonly lastTime: string;
}

/** What outlives the agent. */
export interface SavedCounts {
  readonly epoch: string;
  readonly totals: Readonly<Record<string, NodeTotal>>;
  readonly kernel: Readonly<Record<string, KernelCount>>;
  readonly rows: readonly ViolationRow[];
}

/** Undefined where it is something else. */
export function readCounts(saved: Readonly<Record<string, unknown>> | undefined): SavedCounts | undefined {
  if (saved === undefined || typeof saved['epoch'] !== 'string' || !Array.isArray(saved['rows'])) return undefined;
  const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null;
  return isMap(saved['totals']) && isMap(saved['kernel']) ? (saved as unknown as SavedCounts) : undefined;
}

const NOTHING = { killed: 0, blocked: 0, audited: 0 };

function added(now: KernelCount, before: KernelCount | undefined): typeof NOTHING {
  const restarted =
    before !== undefined && (['killed', 'blocked', 'audited'] as const).some((key) => now[key] < before[key]);
  const base = restarted || before === undefined ? NOTHING : before;
  return { killed: now.killed - base.killed, blocked: now.blocked - base.blocked, audited: now.audited - base.audited };
}

export class NodeCounts {
  #epoch: string;
  #totals: Map<string, NodeTotal>;
  #kernel: Map<string, KernelCount>;

  /** @param epoch of counts that begin now, where nothing was saved */
  constructor(saved: SavedCounts | undefined, epoch: string) {
    this.#epoch = saved?.epoch ?? epoch;
    this.#totals = new Map(Object.entries(saved?.totals ?? {}));
    this.#kernel = new Map(Object.entries(saved?.kernel ?? {}));
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Counts begin at zero: nobody has what was published before. */
  restart(epoch: string): void {
    this.#epoch = epoch;
    this.#totals = new Map();
  }

  /** @param now RFC 3339: since when a rule that is new is counted */
  update(counts: ReadonlyMap<string, KernelCount>, now: string): void {
    for (const [key, count] of counts) {
      const more = added(count, this.#kernel.get(key));
      this.#kernel.set(key, count);
      if (more.killed + more.blocked + more.audited === 0) continue;
      const known = this.#totals.get(key) ?? { ...NOTHING, since: now };
      this.#totals.set(key, {
        ...known,
        killed: known.killed + more.killed,
        blocked: known.blocked + more.blocked,
        audited: known.audited + more.audited,
        lastTime: count.lastTime,
      });
    }
  }

  /** Totals of policies that are no more. */
  drop(isGone: (policyUid: string) => boolean): void {
    for (const key of this.#totals.keys()) if (isGone(policyOf(key))) this.#totals.delete(key);
  }

  totals(): Record<string, NodeTotal> {
    return Object.fromEntries(this.#totals);
  }

  saved(rows: readonly ViolationRow[]): SavedCounts {
    return { epoch: this.#epoch, totals: this.totals(), kernel: Object.fromEntries(this.#kernel), rows };
  }
}

function policyOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}
