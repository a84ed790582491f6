import { describe, expect, it } from 'vitest';
import { RfCounterCodec, RfCounterKeyCodec } from '../abi/abi.gen.js';
import type { MapHandle } from '../kernel/index.js';
import { CounterBook, highestSavedRule, readSavedCounters } from './counter-book.js';
import type { SavedCounters } from './counter-book.js';

const SECOND = 1_000_000_000n;
const HOUR = 3600n * SECOND;

interface Count {
  readonly rule: number;
  readonly workload: bigint;
  readonly killed: number;
  readonly lastNs?: bigint;
}

/** The kernel's map of counters, and the disk. */
class Bed {
  readonly entries = new Map<string, readonly [Uint8Array, Uint8Array]>();
  disk: SavedCounters | undefined;
  /** The agent dies at this write. */
  diesAt = Infinity;
  writes = 0;
  readonly takenOut: string[] = [];

  count({ rule, workload, killed, lastNs = SECOND }: Count): void {
    const key = RfCounterKeyCodec.encode({ rule, workload });
    const none = { blocked: 0n, audited: 0n, unresolved: 0n, windowNs: 0n, windowSent: 0n };
    const value = { total: BigInt(killed), killed: BigInt(killed), firstNs: SECOND, lastNs, ...none };
    this.entries.set(key.join(), [key, RfCounterCodec.encode(value)]);
  }

  book(gone: readonly bigint[] = []): CounterBook {
    const map = {
      entries: () => [...this.entries.values()],
      delete: (key: Uint8Array) => this.entries.delete(key.join()),
    } as unknown as MapHandle;
    return new CounterBook({
      maps: { map: () => map },
      bootID: 'boot',
      bootNs: () => HOUR,
      saved: this.disk,
      save: (counters) => {
        this.writes += 1;
        if (this.writes >= this.diesAt) return Promise.reject(new Error('killed'));
        this.disk = JSON.parse(JSON.stringify(counters)) as SavedCounters;
        return Promise.resolve();
      },
      isGone: (workload) => gone.includes(workload),
      onTakenOut: (counters) => this.takenOut.push(...counters.map(({ rule, workload }) => `${rule}/${workload}`)),
    });
  }
}

function sums(book: CounterBook): Record<number, number> {
  const byRule: Record<number, number> = {};
  for (const { rule, killed } of book.read()) byRule[rule] = (byRule[rule] ?? 0) + Number(killed);
  return byRule;
}

function filled(): Bed {
  const bed = new Bed();
  bed.count({ rule: 1, workload: 10n, killed: 3 });
  bed.count({ rule: 1, workload: 11n, killed: 4 });
  bed.count({ rule: 2, workload: 10n, killed: 5 });
  return bed;
}

const WHOLE = { 1: 7, 2: 5 };

describe('CounterBook', () => {
  it('takes counters of workloads that are gone out of the kernel, and no sum changes', async () => {
    const bed = filled();
    const book = bed.book([10n]);
    expect(await book.prune()).toBe(2);
    expect(bed.entries.size).toBe(1);
    expect(sums(book)).toEqual(WHOLE);
    expect(bed.takenOut.sort()).toEqual(['1/10', '2/10']);
    expect(await book.prune()).toBe(0);
    expect(bed.writes).toBe(2);
  });

  it('goes on where the agent before it ended', async () => {
    const bed = filled();
    await bed.book([10n]).prune();
    bed.count({ rule: 1, workload: 12n, killed: 1 });
    const book = bed.book([11n, 12n]);
    expect(sums(book)).toEqual({ 1: 8, 2: 5 });
    await book.prune();
    expect(bed.entries.size).toBe(0);
    expect(sums(bed.book())).toEqual({ 1: 8, 2: 5 });
  });

  it.each([1, 2])('counts nothing twice and loses nothing when the agent is killed at write %i', async (diesAt) => {
    const bed = filled();
    bed.diesAt = diesAt;
    await expect(bed.book([10n]).prune()).rejects.toThrow('killed');
    bed.diesAt = Infinity;
    const book = bed.book([10n]);
    expect(sums(book)).toEqual(WHOLE);
    await book.prune();
    expect(sums(book)).toEqual(WHOLE);
    expect(sums(bed.book())).toEqual(WHOLE);
  });

  it('counts nothing twice when the agent is killed between disk and kernel', async () => {
    const bed = filled();
    const before = new Map(bed.entries);
    bed.diesAt = 2;
    await expect(bed.book([10n]).prune()).rejects.toThrow('killed');
    bed.diesAt = Infinity;
    for (const [key, entry] of before) bed.entries.set(key, entry);
    const book = bed.book([10n]);
    expect(sums(book)).toEqual(WHOLE);
    await book.prune();
    expect(bed.entries.size).toBe(1);
    expect(sums(bed.book())).toEqual(WHOLE);
  });

  it('counts what comes after a counter was taken out', async () => {
    const bed = filled();
    const book = bed.book([10n]);
    await book.prune();
    bed.count({ rule: 2, workload: 10n, killed: 2 });
    expect(sums(book)).toEqual({ 1: 7, 2: 7 });
    expect(sums(bed.book())).toEqual({ 1: 7, 2: 7 });
  });

  it('leaves a counter that counted a moment ago', async () => {
    const bed = new Bed();
    bed.count({ rule: 1, workload: 10n, killed: 1, lastNs: HOUR - SECOND });
    expect(await bed.book([10n]).prune()).toBe(0);
    expect(bed.entries.size).toBe(1);
  });
});

it('what was saved is used in the same boot only, and its keys are taken', async () => {
  const bed = filled();
  await bed.book([10n]).prune();
  const saved = bed.disk as unknown as Record<string, unknown>;
  expect(readSavedCounters(saved, 'boot')).toEqual(bed.disk);
  expect(highestSavedRule(bed.disk)).toBe(2);
  expect(readSavedCounters(saved, 'another')).toBeUndefined();
  expect(readSavedCounters({ ...saved, rules: { 1: { total: 'x' } } }, 'boot')).toBeUndefined();
  expect(readSavedCounters(undefined, 'boot')).toBeUndefined();
  expect(highestSavedRule(undefined)).toBe(0);
});
