import { expect, test } from 'vitest';
import { nameOf, nearMiss, randomPattern } from '../../../test/fuzz/names.js';
import { Random } from '../../../test/fuzz/random.js';
import { parsePattern } from '../policy/pattern.js';
import { covers, guardedDirectories, overlaps } from '../policy/pattern-relation.js';
import type { PatternIR } from './ir.js';
import { isGuardedAncestor, matchesPattern } from './match-path.js';
import { canonicalComponents } from './names.js';

// The policy room reasons about patterns (parsing, findings), this one about names. They must mean the same.

const SEEDS = Array.from({ length: 4_000 }, (_value, seed) => seed);

/** A name that the pattern matches, canonical; undefined where that name would be another by its canonical spelling. */
function canonicalName(random: Random, pattern: PatternIR): readonly string[] | undefined {
  const name = nameOf(random, pattern);
  const canonical = canonicalComponents(name);
  return canonical.length === name.length && canonical.every((part, index) => part === name[index]) ? name : undefined;
}

test('the text of a pattern is read as that pattern', () => {
  let read = 0;
  for (const seed of SEEDS) {
    const pattern = randomPattern(new Random(seed));
    const result = parsePattern(pattern.text);
    if ('problem' in result) {
      // /lib* and the like could never match, and are refused
      expect(result.problem.code).toBe('PATTERN_NOT_NORMAL');
      continue;
    }
    expect(result.pattern).toEqual(pattern);
    read += 1;
  }
  expect(read).toBeGreaterThan(SEEDS.length * 0.9);
});

test('a name of the narrower pattern is one of the wider', () => {
  let covered = 0;
  for (const seed of SEEDS) {
    const random = new Random(seed);
    const [wide, narrow] = [randomPattern(random), randomPattern(random)];
    const name = canonicalName(random, narrow);
    if (name === undefined) continue;
    expect(matchesPattern(narrow, name)).toBe(true);
    if (!covers(wide, narrow)) continue;
    covered += 1;
    expect(matchesPattern(wide, name)).toBe(true);
  }
  expect(covered).toBeGreaterThan(20);
});

test('patterns that meet in a name overlap', () => {
  let met = 0;
  for (const seed of SEEDS) {
    const random = new Random(seed);
    const [one, other] = [randomPattern(random), randomPattern(random)];
    const near = nearMiss(random, nameOf(random, one));
    for (const name of [nameOf(random, one), near]) {
      if (!matchesPattern(one, name) || !matchesPattern(other, name)) continue;
      met += 1;
      expect(overlaps(one, other)).toBe(true);
    }
  }
  expect(met).toBeGreaterThan(20);
});

test('the directories that findings know as guarded are those that the evaluator guards', () => {
  for (const seed of SEEDS) {
    const random = new Random(seed);
    const pattern = randomPattern(random);
    const guarded = guardedDirectories(pattern);
    const name = nameOf(random, pattern);
    for (let length = 0; length <= name.length; length += 1) {
      const directory = name.slice(0, length);
      const listed = guarded.some((one) => matchesPattern(one, directory));
      expect(isGuardedAncestor(pattern, directory)).toBe(listed);
    }
  }
});
