import { expect, it } from 'vitest';
import { matchesPattern } from '../../operator/src/compile/match-path.js';
import { emptyApplied } from '../../operator/src/encode/applied.js';
import { encodeCgroups, selectorWeight } from '../../operator/src/encode/cgroups.js';
import { diffEntries } from '../../operator/src/encode/diff.js';
import { CAPACITY, digest } from './compare.js';
import { MemoryMaps } from './maps.js';
import { EncodedRuleset, combinationOf } from './model-match.js';
import { cutCgroup } from './model-name.js';
import { PatternBudget, nameComponents, nameOf, nearMiss, textOf } from './names.js';
import { Random } from './random.js';

const SETS = 150;
const NAMES = 30;

it('every cgroup has a combination that is known before, and it is that of the patterns that match', () => {
  let [names, tooMany] = [0, 0];
  for (let seed = 1; seed <= SETS; seed += 1) {
    const random = new Random(seed);
    const budget = new PatternBudget();
    const patterns = random.times(1, 8, () => budget.take(random));
    const { page, combinations } = encodeCgroups(patterns, digest);
    if (page === undefined) {
      tooMany += 1;
      continue;
    }
    const wanted = { page: () => page, workloads: new Map(), cgroups: { page: page.id, templates: [] } };
    const { ops, applied } = diffEntries(wanted, emptyApplied(CAPACITY));
    const maps = new MemoryMaps();
    maps.apply(ops);
    const ruleset = new EncodedRuleset(maps, applied.cgroupRuleset);
    for (let count = 0; count < NAMES; count += 1) {
      const name = random.percent(20) ? nameComponents(random) : nameOf(random, random.pick(patterns));
      const cgroup = cutCgroup(textOf(random.percent(40) ? nearMiss(random, name) : name));
      const sum = combinationOf(ruleset.look(cgroup).items, selectorWeight);
      const matched = patterns.flatMap((pattern, index) => (matchesPattern(pattern, cgroup) ? [index] : []));
      expect({ seed, cgroup, matched: combinations.find((own) => own.sum === sum)?.matched }).toEqual({
        seed,
        cgroup,
        matched,
      });
      names += 1;
    }
  }
  expect({ tooMany, names }).toEqual({ tooMany: 0, names: SETS * NAMES });
});
