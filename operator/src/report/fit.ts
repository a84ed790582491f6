// Keeps a node state within its limits: entries of each list, and bytes of the whole. What is left out is counted.

import type { NodeStateStatus, NodeTotal } from './objects.gen.js';
import { ROWS_MAX } from './rows.js';

export const NODE_STATE_BYTES_MAX = 400 * 1024;

/** Entries that lists may have; those of maps by the name of the field too. */
const LIMITS = {
  backends: 48,
  problems: 200,
  violations: ROWS_MAX,
  findings: 200,
  podProblems: 50,
  programmed: 3000,
  selected: 3000,
  predating: 1000,
  totals: 1000,
} as const;

type ListName = 'backends' | 'problems' | 'violations' | 'findings' | 'podProblems';
type MapName = 'programmed' | 'selected' | 'predating' | 'totals';
type Fields = Readonly<Partial<Record<string, unknown>>>;

/** Shortened in this order when the whole is too large: what the controller can do without first. */
const EXPENDABLE: readonly ListName[] = ['findings', 'podProblems', 'violations', 'problems'];

function isZero(total: NodeTotal): boolean {
  return total.killed + total.blocked + total.audited === 0;
}

/**
 * Entries that were published stay while they are there at all: a count that went in and out of the list would be
 * taken for one that begins again.
 */
function fitMap<T>(map: Readonly<Record<string, T>>, max: number, published: ReadonlySet<string>): Record<string, T> {
  const entries = Object.entries(map);
  if (entries.length <= max) return { ...map };
  const known = entries.filter(([key]) => published.has(key));
  const others = entries.filter(([key]) => !published.has(key));
  return Object.fromEntries([...known, ...others].slice(0, max));
}

function fitMaps(status: NodeStateStatus, previous: NodeStateStatus | undefined): [Fields, Record<string, number>] {
  const { programmed = {}, selected = {}, predating = {}, totals = {} } = status;
  const counted = Object.fromEntries(Object.entries(totals).filter(([, total]) => !isZero(total)));
  const maps: Record<MapName, Readonly<Record<string, unknown>>> = { programmed, selected, predating, totals: counted };
  const fields: Record<string, unknown> = {};
  const omitted: Record<string, number> = {};
  for (const name of Object.keys(maps) as MapName[]) {
    const all = maps[name];
    const kept = fitMap(all, LIMITS[name], new Set(Object.keys(previous?.[name] ?? {})));
    fields[name] = kept;
    omitted[name] = Object.keys(all).length - Object.keys(kept).length;
  }
  return [fields, omitted];
}

function fitLists(status: NodeStateStatus): [Fields, Record<string, number>] {
  const fields: Record<string, unknown> = {};
  const omitted: Record<string, number> = {};
  for (const name of ['backends', 'problems', 'violations', 'findings', 'podProblems'] satisfies ListName[]) {
    const list: readonly unknown[] = status[name] ?? [];
    // Newest last: the oldest go.
    fields[name] = list.slice(Math.max(0, list.length - LIMITS[name]));
    omitted[name] = Math.max(0, list.length - LIMITS[name]);
  }
  return [fields, omitted];
}

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/**
 * Nothing that is empty: the server makes null of a map that loses its last entry to an apply, and then refuses the null.
 */
function withOmitted(status: NodeStateStatus, omitted: Readonly<Record<string, number>>): NodeStateStatus {
  const some = Object.fromEntries(Object.entries(omitted).filter(([, count]) => count > 0));
  const all = Object.entries({ ...status, omitted: some });
  return Object.fromEntries(all.filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

/** @param previous what was published before */
export function fitNodeState(status: NodeStateStatus, previous?: NodeStateStatus): NodeStateStatus {
  const [maps, mapsOmitted] = fitMaps(status, previous);
  const [lists, listsOmitted] = fitLists(status);
  const omitted: Record<string, number> = { ...mapsOmitted, ...listsOmitted };
  let fitted: NodeStateStatus = { ...status, ...maps, ...lists };
  for (const name of EXPENDABLE) {
    while (bytesOf(withOmitted(fitted, omitted)) > NODE_STATE_BYTES_MAX && (fitted[name]?.length ?? 0) > 0) {
      const list = fitted[name] ?? [];
      const gone = Math.ceil(list.length / 4);
      fitted = { ...fitted, [name]: list.slice(gone) };
      omitted[name] = (omitted[name] ?? 0) + gone;
    }
  }
  return withOmitted(fitted, omitted);
}
