import { beforeEach, describe, expect, it } from 'vitest';
import { denyPaths, path, pattern, policy } from '../../../test/support/ir.js';
import { CAPACITY, digest } from '../../../test/fuzz/compare.js';
import { MemoryMaps } from '../../../test/fuzz/maps.js';
import { RfRulesetCodec, RfWorkloadCodec, RfWorkloadFlag } from '../abi/abi.gen.js';
import { readApplied, refreshApplied } from './adopt.js';
import { type Applied, GENERATION_MARK, emptyApplied } from './applied.js';
import { encodeCgroups } from './cgroups.js';
import { type Wanted, abandonChange, diffEntries } from './diff.js';
import { sweepEntries } from './sweep.js';
import type { MapOp } from './ops.js';
import type { Page } from './page.js';
import { encodeLayer } from './ruleset.js';

function pageOf(name: string, ...paths: readonly string[]): Page {
  const items = paths.map((text) => path(text, 'file-read', 'file-rename'));
  const rules = ['r', 's', 't'].map((rule) => denyPaths(items, { name: `${name}-${rule}` }));
  const { pages } = encodeLayer([{ policy: policy(name, rules), refused: new Set() }], {
    digest,
    ruleKey: (_, rule) => rule.length,
  });
  return pages[0] as Page;
}

const A = pageOf('a', '/etc/shadow', '/etc/*.conf', '**/.ssh/**');
const B = pageOf('b', '/etc/shadow', '/opt/**', '/srv/*.conf');
const C = pageOf('c', '/home/*/x');
const CGROUPS = encodeCgroups([pattern('/a/**'), pattern('/a/b/**')], digest);

function wanted(workloads: Readonly<Record<number, readonly Page[]>>, extra: Partial<Wanted> = {}): Wanted {
  const pages = new Map(
    [...Object.values(workloads).flat(), A, B, C, CGROUPS.page as Page].map((page) => [page.id, page]),
  );
  return {
    page: (id) => pages.get(id),
    workloads: new Map(
      Object.entries(workloads).map(([id, own]) => [
        BigInt(id),
        { owner: BigInt(id), flags: 0, pages: own.map((page) => page.id) },
      ]),
    ),
    ...extra,
  };
}

function withCgroups(...pages: readonly Page[]): Pick<Wanted, 'cgroups'> {
  const workload = { owner: 0n, flags: RfWorkloadFlag.WORKLOAD_HOST, pages: pages.map((page) => page.id) };
  const templates = CGROUPS.combinations.map(({ sum }) => ({ sum, workload }));
  return { cgroups: { page: (CGROUPS.page as Page).id, templates } };
}

const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);

let maps: MemoryMaps;
let applied: Applied;

beforeEach(() => {
  maps = new MemoryMaps();
  applied = emptyApplied(CAPACITY);
});

function change(next: Wanted): readonly MapOp[] {
  const { ops, applied: after, problems } = diffEntries(next, applied);
  expect(problems).toEqual([]);
  maps.apply(ops);
  applied = after;
  return ops;
}

function sweep(): readonly MapOp[] {
  const { ops, applied: after } = sweepEntries(applied);
  maps.apply(ops);
  applied = after;
  return ops;
}

function rulesetsOf(cgroup: bigint): readonly number[] {
  const { pages, pageCount } = RfWorkloadCodec.decode(maps.lookup('workloads', u64(cgroup)) ?? new Uint8Array(56));
  return pages.slice(0, pageCount);
}

const sizes = () => ({
  objects: maps.size('objects'),
  rulesets: maps.size('rulesets'),
  templates: maps.size('templates'),
});
const names = (ops: readonly MapOp[]) => ops.map((op) => ('map' in op ? `${op.kind} ${op.map}` : op.kind));

describe('diffEntries', () => {
  it('writes everything before anything points at it, and flips workloads last', () => {
    expect(names(change(wanted({ 1: [A] }, withCgroups(A))))).toEqual([
      'write shapes',
      'write pattern_words',
      'write pattern_items',
      'write objects',
      'write rulesets',
      'write workloads',
      'write templates',
      'set-cgroup-ruleset',
      'write workloads',
    ]);
  });

  it('does nothing when everything is as wanted', () => {
    change(wanted({ 1: [A], 2: [A, B] }, withCgroups(B)));
    expect(change(wanted({ 1: [A], 2: [A, B] }, withCgroups(B)))).toEqual([]);
    expect(sweep()).toEqual([]);
  });

  it('workloads with the same pages share rulesets and a generation', () => {
    change(wanted({ 1: [A, B], 2: [A, B], 3: [B] }));
    expect(maps.size('rulesets')).toBe(2);
    const generations = [1n, 2n, 3n].map((id) => applied.workloads.get(id)?.generation);
    expect(generations[0]).toBe(generations[1]);
    expect(generations[2]).not.toBe(generations[0]);
  });

  it('pages with a shape in common share its id', () => {
    change(wanted({ 1: [A], 2: [B] }));
    expect(new Set(applied.shapes.values()).size).toBe(applied.shapes.size);
    expect(applied.shapes.size).toBe(2);
  });

  it('a workload that is not wanted any more is deleted', () => {
    change(wanted({ 1: [A], 2: [A] }));
    expect(names(change(wanted({ 1: [A] })))).toEqual(['delete workloads']);
  });

  it('what does not fit changes nothing', () => {
    const small = emptyApplied({ ...CAPACITY, pattern_words: 4 });
    const { ops, applied: after, problems } = diffEntries(wanted({ 1: [A] }), small);
    expect(ops).toEqual([]);
    expect(after).toBe(small);
    expect(problems).toMatchObject([{ code: 'KERNEL_MAP_FULL', expected: 'room in the map pattern_words' }]);
    expect(small.words.free).toBe(4);
  });

  it.each(['objects', 'rulesets', 'workloads', 'pattern_items', 'templates'] as const)('%s has a limit', (map) => {
    const small = emptyApplied({ ...CAPACITY, [map]: 1 });
    const { problems } = diffEntries(wanted({ 1: [C, A], 2: [B] }, withCgroups(A)), small);
    expect(problems).toMatchObject([{ code: 'KERNEL_MAP_FULL' }]);
  });
});

describe('sweepEntries', () => {
  it('takes away what nothing refers to, and only then gives its numbers out again', () => {
    change(wanted({ 1: [A] }));
    const free = emptyApplied(CAPACITY).words.free;
    change(wanted({ 1: [B] }));
    expect(maps.size('rulesets')).toBe(2);
    sweep();
    expect(maps.size('rulesets')).toBe(1);
    expect(applied.words.free).toBe(free - B.words.length / 8);
    change(wanted({}));
    sweep();
    expect(sizes()).toEqual({ objects: 0, rulesets: 0, templates: 0 });
    expect(applied.words.free).toBe(free);
    expect(applied.shapes.size).toBe(0);
  });

  it('forgets the inodes of a ruleset before its id could be given out again', () => {
    change(wanted({ 1: [A] }));
    change(wanted({ 1: [B] }));
    const ops = sweep();
    expect(names(ops)).toEqual(['keep-inodes-of', 'delete rulesets', 'delete objects']);
    expect(ops[0]).toEqual({ kind: 'keep-inodes-of', rulesets: new Set(rulesetsOf(1n)) });
  });

  it('keeps what a cgroup made by the kernel in the meantime refers to', () => {
    change(wanted({}, withCgroups(A)));
    const [template] = [...applied.templates.values()];
    maps.update('workloads', u64(77n), RfWorkloadCodec.encode(template?.workload as never));
    change(wanted({}, withCgroups(B)));
    applied = refreshApplied(applied, maps);
    sweep();
    expect(rulesetsOf(77n).map((id) => maps.lookup('rulesets', u32(id)) !== undefined)).toEqual([true]);
  });

  it('templates of a former cgroup ruleset go', () => {
    change(wanted({}, withCgroups(A)));
    change(wanted({ 1: [A] }));
    expect(applied.cgroupRuleset).toBe(0);
    sweep();
    expect(sizes()).toMatchObject({ templates: 0, rulesets: 1 });
  });
});

describe('readApplied', () => {
  it('finds in the maps what an agent before put there', () => {
    change(wanted({ 1: [A], 2: [A, B] }, withCgroups(C)));
    change(wanted({ 1: [B], 2: [A, C] }, withCgroups(C, A)));
    sweep();
    const read = readApplied(maps, digest, CAPACITY);
    expect(diffEntries(wanted({ 1: [B], 2: [A, C] }, withCgroups(C, A)), read).ops).toEqual([]);
    expect(sweepEntries(read).ops).toEqual([]);
    expect(read.words.free).toBe(applied.words.free);
    expect(read.items.free).toBe(applied.items.free);
    expect(read.shapes).toEqual(applied.shapes);
  });

  it('never gives a generation out again', () => {
    change(wanted({ 1: [A] }));
    change(wanted({ 1: [B] }));
    const highest = applied.nextGeneration - 1;
    change(wanted({}));
    sweep();
    expect(RfWorkloadCodec.decode(maps.lookup('workloads', u64(GENERATION_MARK)) as Uint8Array).generation).toBe(
      highest,
    );
    applied = readApplied(maps, digest, CAPACITY);
    change(wanted({ 1: [C] }));
    expect(applied.workloads.get(1n)?.generation).toBe(highest + 1);
  });

  it.each(Array.from({ length: 9 }, (_, index) => index))(
    'an agent that died after %i steps of a change leaves nothing behind',
    (steps) => {
      change(wanted({ 1: [A] }, withCgroups(A)));
      const { ops } = diffEntries(wanted({ 1: [B, C] }, withCgroups(B)), applied);
      maps.apply(ops.slice(0, steps));
      applied = readApplied(maps, digest, CAPACITY);
      change(wanted({ 1: [C] }, withCgroups(C)));
      sweep();
      expect(readApplied(maps, digest, CAPACITY).pages.size).toBe(2);
      const clean = new MemoryMaps();
      const fresh = diffEntries(wanted({ 1: [C] }, withCgroups(C)), emptyApplied(CAPACITY));
      clean.apply(fresh.ops);
      expect(sizes()).toEqual({
        objects: clean.size('objects'),
        rulesets: clean.size('rulesets'),
        templates: clean.size('templates'),
      });
      expect(applied.words.free).toBe(fresh.applied.words.free);
    },
  );

  it('does not take a page for whole whose entries were changed', () => {
    change(wanted({ 1: [A] }));
    const [[key, value] = [u32(0), u32(0)]] = [...maps.entries('rulesets')];
    const head = RfRulesetCodec.decode(value);
    maps.update('rulesets', key, RfRulesetCodec.encode({ ...head, classes: 0 }));
    applied = readApplied(maps, digest, CAPACITY);
    expect(names(change(wanted({ 1: [A] })))).toContain('write rulesets');
    sweep();
    expect(maps.size('rulesets')).toBe(1);
  });
});

describe('abandonChange', () => {
  it('nothing is put on pages that were written by halves', () => {
    change(wanted({ 1: [A] }));
    const half = diffEntries(wanted({ 1: [B] }), applied);
    maps.apply(half.ops.slice(0, 2));
    applied = refreshApplied(abandonChange(applied, half), maps);
    change(wanted({ 1: [B] }));
    sweep();
    expect(maps.size('rulesets')).toBe(1);
    expect(readApplied(maps, digest, CAPACITY).pages.has(B.id)).toBe(true);
  });
});
