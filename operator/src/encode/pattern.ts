// Where a pattern stands in the tables of the objects map. A name is looked up once for each table, depth and shape of a
// ruleset, so the cost of a decision depends on how many kinds of patterns there are, never on how many patterns.

import { RfAnchor, RfShapeCodec, RfTable } from '../abi/abi.gen.js';
import type { RfShapeComp } from '../abi/abi.gen.js';
import type { ComponentIR, PatternIR } from '../compile/ir.js';
import { hashPath } from './hash.js';

export interface EncodedPattern {
  /** Member of RfTable; RfTable.SHAPE is the table of `shape`. */
  readonly table: number;
  readonly hash: bigint;
  readonly words: Uint8Array;
  /** Components of a pattern in RfTable.SUBTREE. */
  readonly depth?: number;
  /** Encoded rf_shape of a pattern in RfTable.SHAPE. */
  readonly shape?: Uint8Array;
}

/** The kernel keeps the hash of the first 64 components (and the canonical one before them): a deeper subtree is a shape. */
const SUBTREE_DEPTH_MAX = 64;
const LITERAL_COMPONENT: RfShapeComp = { prefixLen: 255, suffixLen: 0 };

export function isLiteral(component: ComponentIR): component is { readonly literal: string } {
  return 'literal' in component;
}

/** Neither stars nor `**`: the name of one file. */
export function isExact(pattern: PatternIR): boolean {
  return !pattern.floating && !pattern.subtree && pattern.components.every(isLiteral);
}

function anchorOf(pattern: PatternIR): number {
  if (!pattern.floating) return RfAnchor.START;
  return pattern.subtree ? RfAnchor.FLOAT : RfAnchor.END;
}

function shapeOf(pattern: PatternIR): Uint8Array {
  const anchor = anchorOf(pattern);
  return RfShapeCodec.encode({
    anchor,
    subtree: anchor === RfAnchor.START && pattern.subtree ? 1 : 0,
    compCount: pattern.components.length,
    comps: pattern.components.map((component) =>
      isLiteral(component)
        ? LITERAL_COMPONENT
        : { prefixLen: component.prefix.length, suffixLen: component.suffix.length },
    ),
  });
}

function literalTableOf(pattern: PatternIR): number | undefined {
  const count = pattern.components.length;
  if (pattern.floating) return count === 1 && !pattern.subtree ? RfTable.BASENAME : undefined;
  if (!pattern.subtree) return RfTable.EXACT;
  return count < SUBTREE_DEPTH_MAX ? RfTable.SUBTREE : undefined;
}

/** Policies are encoded again with each of their neighbours that changes. */
const encodings = new WeakMap<PatternIR, EncodedPattern>();

export function encodePattern(pattern: PatternIR): EncodedPattern {
  const known = encodings.get(pattern) ?? encode(pattern);
  encodings.set(pattern, known);
  return known;
}

function encode(pattern: PatternIR): EncodedPattern {
  const { hash, words } = hashPath(pattern.components);
  const table = pattern.components.every(isLiteral) ? literalTableOf(pattern) : undefined;
  if (table === undefined) return { table: RfTable.SHAPE, hash, words, shape: shapeOf(pattern) };
  if (table === RfTable.SUBTREE) return { table, hash, words, depth: pattern.components.length };
  return { table, hash, words };
}

/**
 * Directories that hold what the pattern guards, as patterns of RfTable.ANCESTOR: renaming or moving one of them would
 * give the guarded names another spelling. The last literal directory is one of them where the pattern goes on.
 */
export function encodeAncestors(pattern: PatternIR): EncodedPattern[] {
  if (pattern.floating) return [];
  const firstGlob = pattern.components.findIndex((component) => !isLiteral(component));
  const literals = firstGlob === -1 ? pattern.components.length : firstGlob;
  const goesOn = pattern.subtree || firstGlob !== -1;
  return Array.from({ length: Math.max(0, goesOn ? literals : literals - 1) }, (_, index) => {
    const { hash, words } = hashPath(pattern.components.slice(0, index + 1));
    return { table: RfTable.ANCESTOR, hash, words };
  });
}
