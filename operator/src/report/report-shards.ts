// Which result goes into which of a workload's reports. A result stays where it is, so that a new one changes one report
// and not all. What has no room goes: passes first, then the oldest warnings, then what is least severe.

import type { ReportResult } from './objects.gen.js';
import type { ResultRecord } from './report-book.js';
import { SOURCE } from './result.js';

export const SHARDS_MAX = 4;
export const RESULTS_MAX = 256;
export const REPORT_BYTES_MAX = 256 * 1024;
/** Metadata, summary, and the entry that each result has in the annotations. */
const OVERHEAD_BYTES = 4096;
const ENTRY_BYTES = 96;

interface Sized {
  readonly record: ResultRecord;
  readonly result: ReportResult;
  readonly bytes: number;
}

export interface Packed {
  /** Results of each report. */
  readonly shards: readonly (readonly ReportResult[])[];
  /** Violations that had no room. */
  readonly dropped: readonly ResultRecord[];
}

interface Shard {
  readonly results: ReportResult[];
  bytes: number;
}

const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'];

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length + ENTRY_BYTES;
}

/** What is worth keeping most, first: failures before warnings, severe before mild, new before old; a warning's age counts before its severity. */
function byWorth(a: Sized, b: Sized): number {
  const warnings = Number(isWarning(a)) - Number(isWarning(b));
  if (warnings !== 0) return warnings;
  return (isWarning(a) ? 0 : severity(a) - severity(b)) || newestFirst(a, b);
}

function isWarning({ result }: Sized): boolean {
  return result.result === 'warn';
}

function severity({ result }: Sized): number {
  return SEVERITIES.indexOf(result.severity ?? 'info');
}

function newestFirst(a: Sized, b: Sized): number {
  return a.record.last < b.record.last ? 1 : Number(a.record.last > b.record.last) * -1;
}

function fits(shard: Shard, bytes: number, reserved: number): boolean {
  return shard.results.length + reserved < RESULTS_MAX && shard.bytes + bytes <= REPORT_BYTES_MAX - OVERHEAD_BYTES;
}

export interface Packing {
  readonly violations: readonly { readonly record: ResultRecord; readonly result: ReportResult }[];
  /** Results that have no count; they go before anything else does, errors last of them. */
  readonly states: readonly ReportResult[];
  /** Violations that had no room in the past. */
  readonly droppedBefore: number;
}

export function packShards({ violations, states, droppedBefore }: Packing): Packed {
  const shards = Array.from({ length: SHARDS_MAX }, (): Shard => ({ results: [], bytes: 0 }));
  const sized = violations.map((one) => ({ ...one, bytes: bytesOf(one.result) })).sort(byWorth);
  const dropped = sized.filter((one) => !place(shards, one)).map(({ record }) => record);
  const errors = states.filter(({ result }) => result === 'error');
  const others = states.filter(({ result }) => result !== 'error');
  const homeless = [...errors, ...others].filter((state) => !placeState(shards, state)).length;
  const missing = droppedBefore + dropped.length + homeless;
  if (missing > 0) shards[0]?.results.push(overflowResult(missing));
  return { shards: shards.map(({ results }) => [...results].sort(byId)), dropped };
}

/** The first report keeps one place for the result that says how many there was no room for. */
function place(shards: readonly Shard[], { record, result, bytes }: Sized): boolean {
  const order = [record.shard, ...shards.keys()].filter((index) => index >= 0 && index < shards.length);
  const index = order.find((candidate) => {
    const shard = shards[candidate];
    return shard !== undefined && fits(shard, bytes, Number(candidate === 0));
  });
  const shard = index === undefined ? undefined : shards[index];
  if (index === undefined || shard === undefined) return false;
  record.shard = index;
  shard.results.push(result);
  shard.bytes += bytes;
  return true;
}

function placeState(shards: readonly Shard[], state: ReportResult): boolean {
  const bytes = bytesOf(state);
  const [first] = shards;
  if (first === undefined || !fits(first, bytes, 1)) return false;
  first.results.push(state);
  first.bytes += bytes;
  return true;
}

function overflowResult(missing: number): ReportResult {
  return {
    source: SOURCE,
    policy: SOURCE,
    rule: 'overflow',
    category: 'Integrity',
    severity: 'medium',
    result: 'warn',
    scored: false,
    message: 'more results than the reports of one workload can hold',
    properties: { resultID: 'overflow', dropped: missing.toString() },
  };
}

function byId(a: ReportResult, b: ReportResult): number {
  const [one = '', two = ''] = [a.properties?.['resultID'], b.properties?.['resultID']];
  return one < two ? -1 : Number(one > two);
}
