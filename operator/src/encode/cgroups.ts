// The ruleset that the kernel matches the name of a new cgroup with. Every pattern is a selector; the sum of what a name
// matches is the key under which the kernel finds what the cgroup becomes (enum rf_item_kind, struct rf_template_key).
// Which policies that are, and whether a Workloads item wins over them, the caller decides for each combination.

import { RfAnchor, RfHash, RfItemKind, RfLimits, RfOrigin, RfShapeCodec } from '../abi/abi.gen.js';
import type { PatternIR } from '../compile/ir.js';
import { findCombinations } from './combinations.js';
import { ShapeBudget, needsOf, shapeProblem } from './pack.js';
import { type Digest, type Page, PageBuilder, type RulesetHead } from './page.js';
import { type EncodedPattern, encodePattern } from './pattern.js';
import type { EncodeProblem } from './problem.js';

export interface CgroupCombination {
  /** rf_template_key.combination. */
  readonly sum: bigint;
  /** Indexes in the list of patterns, equal patterns included. */
  readonly matched: readonly number[];
  /** A cgroup that matches these and no others. */
  readonly witness: string;
}

/** With problems there is no page. Without a pattern there is none either: new cgroups need not be looked at. */
export interface EncodedCgroups {
  readonly page?: Page;
  readonly combinations: readonly CgroupCombination[];
  readonly problems: readonly EncodeProblem[];
}

/** rf_item.index of a selector that one name can match several times, below RF_SLOTS_MAX: it counts once. */
const COUNTS_EACH_TIME = 255;
const U64 = 64;

const NO_RULES: RulesetHead = {
  allow: [],
  denyNamed: [],
  deep: [],
  denyLink: 0n,
  sessions: [],
  slotSessions: [],
  slotNeedsProgram: 0n,
  slotNeedsObject: 0n,
  slotRule: new Uint8Array(0),
  rules: [],
  classes: 0,
  ruleCount: 0,
  slotCount: 0,
};

/** What one selector adds to the sum. */
export function selectorWeight(id: number): bigint {
  const multiplier = (BigInt(RfHash.MUL_HI) << 32n) | BigInt(RfHash.MUL_LO);
  const mixed = BigInt.asUintN(U64, BigInt(id) * multiplier);
  return mixed ^ (mixed >> 32n);
}

function failed(code: EncodeProblem['code'], expected: string, got: string): EncodedCgroups {
  return { combinations: [], problems: [{ code, policies: [], expected, got }] };
}

function contentOf({ floating, components, subtree }: PatternIR): string {
  return JSON.stringify([floating, subtree, components]);
}

function matchesSeveralTimes({ shape }: EncodedPattern): boolean {
  return shape !== undefined && RfShapeCodec.decode(shape).anchor === RfAnchor.FLOAT;
}

function buildPage(patterns: readonly PatternIR[], digest: Digest): Page | undefined {
  const builder = new PageBuilder();
  let floats = 0;
  for (const [id, pattern] of patterns.entries()) {
    const encoded = encodePattern(pattern);
    const index = matchesSeveralTimes(encoded) ? floats++ : COUNTS_EACH_TIME;
    const item = { index, kind: RfItemKind.ITEM_SELECT, origins: RfOrigin.ALL, flags: 0, classes: id + 1 };
    if (floats > RfLimits.SLOTS_MAX || !builder.add({ pattern: encoded, item })) return undefined;
  }
  return builder.finish(NO_RULES, [], digest);
}

/** Patterns in an order of their own, so that the same set is the same page; ids count from 1 in it. */
function distinctPatterns(patterns: readonly PatternIR[]): { distinct: PatternIR[]; indexes: number[][] } {
  const byContent = new Map<string, { pattern: PatternIR; indexes: number[] }>();
  patterns.forEach((pattern, index) => {
    const content = contentOf(pattern);
    const known = byContent.get(content);
    if (known === undefined) byContent.set(content, { pattern, indexes: [index] });
    else known.indexes.push(index);
  });
  const sorted = [...byContent].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  return { distinct: sorted.map(({ pattern }) => pattern), indexes: sorted.map(({ indexes }) => indexes) };
}

export function encodeCgroups(patterns: readonly PatternIR[], digest: Digest): EncodedCgroups {
  if (patterns.length === 0) return { combinations: [], problems: [] };
  const { distinct, indexes } = distinctPatterns(patterns);
  const beyond = new ShapeBudget().take(needsOf(distinct));
  if (beyond.length > 0) return { combinations: [], problems: [shapeProblem([], beyond)] };
  const found = findCombinations(distinct);
  if (found === undefined) {
    return failed('AGENT_TOO_MANY_SELECTORS', 'cgroup patterns that overlap little', `${distinct.length} patterns`);
  }
  const combinations = found.map(({ matched, witness }) => ({
    sum: BigInt.asUintN(
      U64,
      matched.reduce((sum, id) => sum + selectorWeight(id + 1), 0n),
    ),
    matched: matched.flatMap((id) => indexes[id] ?? []).sort((a, b) => a - b),
    witness,
  }));
  const page = buildPage(distinct, digest);
  if (page === undefined || new Set(combinations.map(({ sum }) => sum)).size < combinations.length) {
    return failed('AGENT_HASH_COLLISION', 'cgroup patterns of different hashes', 'two of one hash');
  }
  return { page, combinations, problems: [] };
}
