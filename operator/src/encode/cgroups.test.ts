import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pattern } from '../../../test/support/ir.js';
import { MemoryMaps } from '../../../test/fuzz/maps.js';
import { EncodedRuleset, combinationOf } from '../../../test/fuzz/model-match.js';
import { cutCgroup } from '../../../test/fuzz/model-name.js';
import { CAPACITY } from '../../../test/fuzz/compare.js';
import type { PatternIR } from '../compile/ir.js';
import { matchesPattern } from '../compile/match-path.js';
import { emptyApplied } from './applied.js';
import { encodeCgroups, selectorWeight } from './cgroups.js';
import type { EncodedCgroups } from './cgroups.js';
import { diffEntries } from './diff.js';
import { RESERVED_CGROUPS, PROTECTED_UNITS, unitPattern } from './protected.js';

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Without the directories that are one for files. */
function plain(text: string): PatternIR {
  const own = pattern(text);
  const parts = text.split('/').filter((part) => part !== '' && part !== '**');
  return { ...own, components: parts.map((part) => pattern(`/x/${part}`).components[1] ?? { literal: part }) };
}

const encode = (...texts: readonly string[]): EncodedCgroups => encodeCgroups(texts.map(plain), digest);

/** The sum that the kernel comes to for a cgroup. */
function sumOf({ page }: EncodedCgroups, cgroup: string): bigint {
  if (page === undefined) throw new Error('no page');
  const wanted = { page: () => page, workloads: new Map(), cgroups: { page: page.id, templates: [] } };
  const { ops, applied } = diffEntries(wanted, emptyApplied(CAPACITY));
  const maps = new MemoryMaps();
  maps.apply(ops);
  const { items } = new EncodedRuleset(maps, applied.cgroupRuleset).look(cutCgroup(cgroup));
  return combinationOf(items, selectorWeight);
}

describe('combinations', () => {
  it.each<[string, string[], number[][]]>([
    ['directories within each other', ['/a/**', '/a/b/**', '/c/**'], [[], [0], [0, 1], [2]]],
    ['a directory and what is in it', ['/a', '/a/*'], [[], [0], [1]]],
    ['wildcards that can meet', ['/a/x*', '/a/*y'], [[], [0], [1], [0, 1]]],
    ['wildcards that cannot', ['/a/x*', '/a/y*'], [[], [0], [1]]],
    ['a name that only fits both by overlapping', ['/ab*', '/*ba', '/ab*ba'], [[], [0], [1], [0, 1], [0, 1, 2]]],
    ['names in any directory', ['/a/**', '**/x', '**/y'], [[], [0], [1], [2], [0, 1], [0, 2]]],
    ['directories anywhere', ['**/x/**', '**/y/**'], [[], [0], [1], [0, 1]]],
    ['everything', ['/**', '/a'], [[0], [0, 1]]],
    ['equal patterns', ['/a/**', '/a/**'], [[], [0, 1]]],
  ])('of %s are those that can occur', (_, texts, expected) => {
    const sorted = (sets: readonly (readonly number[])[]) => sets.map((set) => set.join()).sort();
    expect(sorted(encode(...texts).combinations.map(({ matched }) => matched))).toEqual(sorted(expected));
  });

  const SETS = [
    [
      '/system.slice/**',
      '/system.slice/nginx.service/**',
      '/system.slice/*.service',
      '**/nginx.service/**',
      '/user.slice/**',
    ],
    ['/**', '**/app-*', '/a/**', '**/a/**', '/a/app-*.scope'],
    ['/bin/**', '/var/run/**', '/usr/bin/**'],
  ];

  it.each(SETS)('the witness of each has the sum that the kernel finds: %s', (...texts) => {
    const encoded = encode(...texts);
    expect(encoded.problems).toEqual([]);
    for (const { sum, matched, witness } of encoded.combinations) {
      const by = texts.flatMap((text, index) => (matchesPattern(plain(text), cutCgroup(witness)) ? [index] : []));
      expect({ witness, matched: by, sum: sumOf(encoded, witness) }).toEqual({ witness, matched, sum });
    }
  });

  it('a pattern that matches a name in several places counts once', () => {
    const encoded = encode('**/x/**');
    const known = encoded.combinations.map(({ sum }) => sum);
    expect(known).toContain(sumOf(encoded, '/x/y/x'));
  });

  it('names of cgroups have no directories that are one', () => {
    const encoded = encode('/bin/**');
    expect(sumOf(encoded, '/bin/x')).not.toBe(0n);
    expect(sumOf(encoded, '/usr/bin/x')).toBe(0n);
  });
});

describe('encodeCgroups', () => {
  it('the order of patterns makes no difference to the page', () => {
    expect(encode('/a/**', '/b/*').page?.id).toBe(encode('/b/*', '/a/**').page?.id);
  });

  it('without patterns there is nothing to match', () => {
    expect(encode()).toEqual({ combinations: [], problems: [] });
  });

  it('patterns that overlap in too many ways are a problem', () => {
    const texts = Array.from({ length: 14 }, (_, index) => `**/x${index}/**`);
    expect(encode(...texts)).toMatchObject({ combinations: [], problems: [{ code: 'AGENT_TOO_MANY_SELECTORS' }] });
  });

  it('more than eight shapes are a problem', () => {
    const texts = Array.from({ length: 9 }, (_, index) => `/${'x'.repeat(index)}*`);
    expect(encode(...texts)).toMatchObject({ combinations: [], problems: [{ code: 'AGENT_TOO_MANY_SHAPES' }] });
  });

  it('protected units, login sessions and pods need no shape', () => {
    const { page, problems } = encodeCgroups([...RESERVED_CGROUPS, ...PROTECTED_UNITS.map(unitPattern)], digest);
    expect(problems).toEqual([]);
    expect(page?.shapes).toEqual([]);
  });

  it.each([
    ['sshd.service', '/system.slice/sshd.service/**'],
    ['getty@.service', '/system.slice/system-getty.slice/**'],
    ['serial-getty@.service', '/system.slice/system-serial\\x2dgetty.slice/**'],
  ])('the unit %s is in %s', (unit, text) => {
    expect(unitPattern(unit).text).toBe(text);
  });
});
