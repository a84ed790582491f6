// Which sets of patterns one name can match together. The kernel adds up what the name of a new cgroup matches, and finds
// under the sum what the cgroup becomes; so every sum that can occur must be known before. Found by walking all patterns
// at once, component by component, along names made up to match as many different sets of them as there are.

import type { ComponentIR, PatternIR } from '../compile/ir.js';

export interface Combination {
  /** Indexes of the patterns, rising. */
  readonly matched: readonly number[];
  /** A name that matches these and no others. */
  readonly witness: string;
}

/** How far each pattern has come: pattern * STRIDE + components matched. */
type Progress = readonly number[];

const STRIDE = 128;
const STATES_MAX = 4096;
const NAME_MAX = 255;

function matches(wanted: ComponentIR, name: string): boolean {
  if ('literal' in wanted) return name === wanted.literal;
  const { prefix, suffix } = wanted;
  return name.length >= prefix.length + suffix.length && name.startsWith(prefix) && name.endsWith(suffix);
}

function isGlob(component: ComponentIR): component is { readonly prefix: string; readonly suffix: string } {
  return !('literal' in component);
}

function patternAt(
  patterns: readonly PatternIR[],
  entry: number,
): { pattern: PatternIR; next: ComponentIR | undefined } {
  const pattern = patterns[Math.floor(entry / STRIDE)] as PatternIR;
  return { pattern, next: pattern.components[entry % STRIDE] };
}

function advanced(pattern: PatternIR, entry: number, name: string): number[] {
  const next = pattern.components[entry % STRIDE];
  if (next === undefined) return pattern.subtree ? [entry] : [];
  const stays = pattern.floating && entry % STRIDE === 0 ? [entry] : [];
  return matches(next, name) ? [...stays, entry + 1] : stays;
}

function step(patterns: readonly PatternIR[], progress: Progress, name: string): Progress {
  const after = new Set(progress.flatMap((entry) => advanced(patternAt(patterns, entry).pattern, entry, name)));
  return [...after].sort((a, b) => a - b);
}

function matchedBy(patterns: readonly PatternIR[], progress: Progress): number[] {
  return progress
    .filter((entry) => patternAt(patterns, entry).next === undefined)
    .map((entry) => Math.floor(entry / STRIDE));
}

/** A byte that no pattern uses, so that a name with it is no accident. */
function unusedByte(patterns: readonly PatternIR[]): string {
  const used = patterns.map(({ components }) => JSON.stringify(components)).join('');
  for (let code = 0xff; code > 0; code -= 1) {
    const byte = String.fromCharCode(code);
    if (!used.includes(byte)) return byte;
  }
  return '\x01';
}

/** Names that begin with one text and end with another: with something between, and with every overlap of the two. */
function joined(prefix: string, suffix: string, filler: string): string[] {
  const names = [prefix + filler + suffix];
  for (let overlap = 0; overlap <= Math.min(prefix.length, suffix.length); overlap += 1) {
    if (prefix.endsWith(suffix.slice(0, overlap))) names.push(prefix + suffix.slice(overlap));
  }
  return names;
}

/** A name is told apart by its longest known beginning and end; these names have each pair of them. */
function namesFor(wanted: readonly ComponentIR[], filler: string): string[] {
  const globs = wanted.filter(isGlob);
  const prefixes = new Set(['', ...globs.map(({ prefix }) => prefix)]);
  const suffixes = new Set(['', ...globs.map(({ suffix }) => suffix)]);
  const names = new Set(wanted.flatMap((component) => (isGlob(component) ? [] : [component.literal])));
  for (const prefix of prefixes) {
    for (const suffix of suffixes) joined(prefix, suffix, filler).forEach((name) => names.add(name));
  }
  return [...names].filter((name) => name !== '' && name !== '.' && name !== '..' && name.length <= NAME_MAX);
}

/** Undefined when there are too many. */
export function findCombinations(patterns: readonly PatternIR[]): Combination[] | undefined {
  const filler = unusedByte(patterns);
  const start: Progress = patterns.map((_, index) => index * STRIDE);
  const seen = new Map<string, { progress: Progress; witness: string }>([
    [start.join(), { progress: start, witness: '' }],
  ]);
  const found = new Map<string, Combination>();
  for (const { progress, witness } of seen.values()) {
    const matched = matchedBy(patterns, progress);
    const key = matched.join();
    if (!found.has(key)) found.set(key, { matched, witness: witness === '' ? '/' : witness });
    const wanted = progress.flatMap((entry) => patternAt(patterns, entry).next ?? []);
    for (const name of namesFor(wanted, filler)) {
      const after = step(patterns, progress, name);
      const state = after.join();
      if (!seen.has(state)) seen.set(state, { progress: after, witness: `${witness}/${name}` });
    }
    if (seen.size > STATES_MAX) return undefined;
  }
  return [...found.values()];
}
