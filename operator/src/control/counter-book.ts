// The kernel's counters, one for each rule and workload, and what those of workloads that are gone have counted: these are
// added up by rule and taken out of the kernel, which has room for so many. No sum ever changes by that, whenever the agent is
// killed: what is to be taken out is on disk with its sum before it goes, and is not read twice.

import { RfCounterKeyCodec } from '../abi/abi.gen.js';
import type { RfCounter } from '../abi/abi.gen.js';
import { readCounters } from './kernel-maps.js';
import type { Maps, RuleCounter } from './kernel-maps.js';

/** A workload's tasks may have been moved out of its cgroup and still be its own: only what was idle so long is taken out. */
const IDLE_NS = 300_000_000_000n;

type Sum = Pick<RfCounter, 'total' | 'killed' | 'blocked' | 'audited' | 'unresolved' | 'firstNs' | 'lastNs'>;

/** What outlives the agent, as long as the kernel's maps do. */
export interface SavedCounters {
  readonly bootID: string;
  /** By the rule's key: numbers as text. */
  readonly rules: Readonly<Record<string, Readonly<Record<keyof Sum, string>>>>;
  /** `rule/workload` of counters that are in these sums and may still be in the kernel. */
  readonly going: readonly string[];
}

export interface CounterBookParts {
  readonly maps: Maps;
  readonly bootID: string;
  readonly bootNs: () => bigint;
  readonly saved: SavedCounters | undefined;
  readonly save: (counters: SavedCounters) => Promise<void>;
  readonly isGone: (workload: bigint) => boolean;
  /** Absent: five minutes. */
  readonly idleNs?: bigint;
  readonly onTakenOut: (counters: readonly RuleCounter[]) => void;
}

const FIELDS = [
  'total',
  'killed',
  'blocked',
  'audited',
  'unresolved',
  'firstNs',
  'lastNs',
] as const satisfies (keyof Sum)[];
const NO_WORKLOAD = 0n;

/** Undefined where it is something else, or of another boot. */
export function readSavedCounters(
  saved: Readonly<Record<string, unknown>> | undefined,
  bootID: string,
): SavedCounters | undefined {
  const { rules, going } = saved ?? {};
  if (saved?.['bootID'] !== bootID || typeof rules !== 'object' || rules === null || !Array.isArray(going))
    return undefined;
  const isSum = (sum: unknown): boolean =>
    typeof sum === 'object' &&
    sum !== null &&
    FIELDS.every((field) => isNumber((sum as Record<string, unknown>)[field]));
  const sums: readonly unknown[] = Object.values(rules);
  return sums.every(isSum) ? (saved as unknown as SavedCounters) : undefined;
}

function isNumber(value: unknown): boolean {
  return typeof value === 'string' && /^\d+$/.test(value);
}

/** The highest key that a rule has in what was saved. */
export function highestSavedRule(saved: SavedCounters | undefined): number {
  return Object.keys(saved?.rules ?? {}).reduce((highest, rule) => Math.max(highest, Number(rule)), 0);
}

export class CounterBook {
  readonly #parts: CounterBookParts;
  readonly #sums: Map<number, Sum>;
  #going: ReadonlySet<string>;

  constructor(parts: CounterBookParts) {
    this.#parts = parts;
    this.#going = new Set(parts.saved?.going);
    const sums = Object.entries(parts.saved?.rules ?? {});
    this.#sums = new Map(sums.map(([rule, sum]) => [Number(rule), numbersOf(sum)]));
  }

  /** All there is; what was taken out stands under workload 0. */
  read(): RuleCounter[] {
    const inKernel = readCounters(this.#parts.maps).filter((counter) => !this.#going.has(nameOf(counter)));
    const window = { windowNs: 0n, windowSent: 0n };
    return [...inKernel, ...[...this.#sums].map(([rule, sum]) => ({ rule, workload: NO_WORKLOAD, ...sum, ...window }))];
  }

  /** Takes out what belongs to workloads that are gone. @returns how many */
  async prune(): Promise<number> {
    const { maps, bootNs, isGone, onTakenOut, idleNs = IDLE_NS } = this.#parts;
    const idle = bootNs() - idleNs;
    const counters = readCounters(maps);
    const left = counters.filter((counter) => this.#going.has(nameOf(counter)));
    const gone = counters.filter(
      (counter) => counter.lastNs < idle && isGone(counter.workload) && !this.#going.has(nameOf(counter)),
    );
    if (left.length + gone.length === 0) return 0;
    await this.#takeOver(gone, left);
    for (const { rule, workload } of [...left, ...gone]) {
      maps.map('counters').delete(RfCounterKeyCodec.encode({ rule, workload }));
    }
    this.#going = new Set();
    await this.#parts.save(this.#saved(this.#sums, this.#going));
    onTakenOut(gone);
    return gone.length;
  }

  async #takeOver(gone: readonly RuleCounter[], left: readonly RuleCounter[]): Promise<void> {
    const sums = new Map(this.#sums);
    for (const counter of gone) sums.set(counter.rule, add(sums.get(counter.rule), counter));
    const going = new Set([...left, ...gone].map(nameOf));
    await this.#parts.save(this.#saved(sums, going));
    for (const [rule, sum] of sums) this.#sums.set(rule, sum);
    this.#going = going;
  }

  #saved(sums: ReadonlyMap<number, Sum>, going: ReadonlySet<string>): SavedCounters {
    const rules = Object.fromEntries([...sums].map(([rule, sum]) => [rule, textsOf(sum)]));
    return { bootID: this.#parts.bootID, rules, going: [...going] };
  }
}

function nameOf({ rule, workload }: Pick<RuleCounter, 'rule' | 'workload'>): string {
  return `${rule}/${workload}`;
}

function add(sum: Sum | undefined, counter: Sum): Sum {
  if (sum === undefined) return pick((field) => counter[field]);
  const firstNs = sum.firstNs < counter.firstNs ? sum.firstNs : counter.firstNs;
  const lastNs = sum.lastNs > counter.lastNs ? sum.lastNs : counter.lastNs;
  return { ...pick((field) => sum[field] + counter[field]), firstNs, lastNs };
}

function pick(of: (field: keyof Sum) => bigint): Sum {
  return Object.fromEntries(FIELDS.map((field) => [field, of(field)])) as unknown as Sum;
}

function numbersOf(texts: Readonly<Record<keyof Sum, string>>): Sum {
  return pick((field) => BigInt(texts[field]));
}

function textsOf(sum: Sum): Record<keyof Sum, string> {
  return Object.fromEntries(FIELDS.map((field) => [field, String(sum[field])])) as Record<keyof Sum, string>;
}
