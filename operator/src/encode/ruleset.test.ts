import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  RfAction,
  RfClass,
  RfHash,
  RfItemCodec,
  RfItemFlag,
  RfItemKind,
  RfObjectCodec,
  RfObjectKeyCodec,
  RfOrigin,
  RfRulesetCodec,
  RfSession,
  RfTable,
} from '../abi/abi.gen.js';
import type { RfItem } from '../abi/abi.gen.js';
import type { PolicyIR } from '../compile/ir.js';
import {
  allowBinaries,
  allowPaths,
  binary,
  denyBinaries,
  denyPaths,
  path,
  pattern,
  policy,
} from '../../../test/support/ir.js';
import type { Page } from './page.js';
import { encodePattern } from './pattern.js';
import { encodeLayer, joinLayers } from './ruleset.js';

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function encode(policies: readonly PolicyIR[], refused: readonly string[] = []) {
  const keys = new Map<string, number>();
  const ruleKey = (uid: string, rule: string): number => {
    const name = `${uid}/${rule}`;
    keys.set(name, keys.get(name) ?? keys.size + 1);
    return keys.get(name) ?? 0;
  };
  return encodeLayer(
    policies.map((own) => ({ policy: own, refused: new Set(refused) })),
    { digest, ruleKey },
  );
}

function onePage(policies: readonly PolicyIR[], refused: readonly string[] = []): Page {
  const { pages, problems } = encode(policies, refused);
  expect(problems).toEqual([]);
  expect(pages).toHaveLength(1);
  return pages[0] as Page;
}

const headOf = (page: Page) => RfRulesetCodec.decode(page.ruleset);

function itemsOf(page: Page, table: number, text?: string): RfItem[] {
  const hash = text === undefined ? 0n : encodePattern(pattern(text)).hash;
  for (let index = 0; index * RfObjectKeyCodec.size < page.keys.length; index += 1) {
    const key = RfObjectKeyCodec.decode(page.keys, index * RfObjectKeyCodec.size);
    if (key.table !== table || key.hash !== hash) continue;
    const object = RfObjectCodec.decode(page.values, index * RfObjectCodec.size);
    const more = Array.from({ length: object.moreCount }, (_, at) =>
      RfItemCodec.decode(page.items, (object.more + at) * RfItemCodec.size),
    );
    return [object.first, ...more];
  }
  return [];
}

const bit = (of: number): number => 1 << of;
const EXEC_AND_MAP = bit(RfClass.EXEC) | bit(RfClass.MAP);

describe('items', () => {
  it('items of several rules with one pattern share its entry', () => {
    const page = onePage([
      policy('a', [denyPaths([path('/etc/x', 'file-read')]), denyPaths([path('/etc/x', 'file-write')], { name: 's' })]),
    ]);
    expect(itemsOf(page, RfTable.EXACT, '/etc/x').map(({ index, classes }) => [index, classes])).toEqual([
      [0, bit(RfClass.READ)],
      [1, bit(RfClass.WRITE)],
    ]);
  });

  it('items of one rule with one pattern are one item of all their classes', () => {
    const page = onePage([policy('a', [denyPaths([path('/etc/x', 'file-read'), path('/etc/x', 'file-write')])])]);
    expect(itemsOf(page, RfTable.EXACT, '/etc/x')).toMatchObject([
      { classes: bit(RfClass.READ) | bit(RfClass.WRITE), origins: RfOrigin.ALL },
    ]);
  });

  it('an exact deny pattern holds by inode, and in binaries for the given name too', () => {
    const page = onePage([
      policy('a', [
        denyBinaries([binary('/usr/bin/nc'), binary('/opt/**')], { name: 'b' }),
        denyPaths([path('/etc/x', 'file-read'), path('/etc/y/*', 'file-read')], { name: 'p' }),
        allowPaths([path('/etc/z', 'file-read')], { name: 'q' }),
      ]),
    ]);
    const flagsOf = (table: number, text: string) => itemsOf(page, table, text)[0]?.flags;
    expect(flagsOf(RfTable.EXACT, '/usr/bin/nc')).toBe(RfItemFlag.ITEM_BY_INODE | RfItemFlag.ITEM_GIVEN_NAME);
    expect(flagsOf(RfTable.SUBTREE, '/opt/**')).toBe(RfItemFlag.ITEM_GIVEN_NAME);
    expect(flagsOf(RfTable.EXACT, '/etc/x')).toBe(RfItemFlag.ITEM_BY_INODE);
    expect(flagsOf(RfTable.SHAPE, '/etc/y/*')).toBe(0);
    expect(flagsOf(RfTable.EXACT, '/etc/z')).toBe(0);
    expect(headOf(page)).toMatchObject({ hasInode: 1, hasGivenName: 1, basenameFilter: 0n, hasAny: 0 });
  });

  it('an item without a path stands for every object of its origins', () => {
    const page = onePage([policy('a', [denyBinaries([binary(undefined, { origins: ['Anonymous', 'Unknown'] })])])]);
    expect(itemsOf(page, RfTable.ANY)).toMatchObject([
      { kind: RfItemKind.ITEM_RULE, origins: RfOrigin.ANONYMOUS | RfOrigin.UNKNOWN, classes: EXEC_AND_MAP },
    ]);
    expect(headOf(page).denyNamed[RfClass.EXEC]).toBe(0n);
  });

  it('an item with path and origins says for which origins the name matters', () => {
    const page = onePage([
      policy('a', [denyBinaries([binary('/a', { origins: ['Image'] }), binary('/b/**', { origins: ['Unknown'] })])]),
    ]);
    expect(itemsOf(page, RfTable.ANY)).toMatchObject([
      { kind: RfItemKind.ITEM_NAMED, origins: RfOrigin.IMAGE, flags: 0, classes: EXEC_AND_MAP },
      { kind: RfItemKind.ITEM_NAMED, origins: RfOrigin.UNKNOWN, flags: RfItemFlag.ITEM_DEEP, classes: EXEC_AND_MAP },
    ]);
    expect(headOf(page).denyNamed[RfClass.EXEC]).toBe(0n);
  });

  it('directories above a pattern that guards Rename or Link are guarded against both', () => {
    const page = onePage([policy('a', [denyPaths([path('/a/b/c', 'file-rename'), path('/r/s', 'file-read')])])]);
    const moves = bit(RfClass.RENAME) | bit(RfClass.LINK);
    expect(itemsOf(page, RfTable.ANCESTOR, '/a')).toMatchObject([{ classes: moves, index: 0 }]);
    expect(itemsOf(page, RfTable.ANCESTOR, '/a/b')).toHaveLength(1);
    expect(itemsOf(page, RfTable.ANCESTOR, '/r')).toEqual([]);
    expect(headOf(page)).toMatchObject({ hasAncestor: 1, classes: moves | bit(RfClass.READ) });
  });
});

describe('masks', () => {
  it('allow rules stand under the classes that they govern', () => {
    const page = onePage([
      policy('a', [allowPaths([path('/a', 'file-write')]), denyPaths([path('/b')], { name: 's' })]),
    ]);
    const { allow, denyNamed, deep, denyLink } = headOf(page);
    expect(allow[RfClass.WRITE]).toBe(1n);
    expect(allow[RfClass.READ]).toBe(0n);
    expect(denyNamed[RfClass.WRITE]).toBe(3n);
    expect(denyNamed[RfClass.READ]).toBe(2n);
    expect(deep.every((mask) => mask === 0n)).toBe(true);
    expect(denyLink).toBe(2n);
  });

  it.each(['/a/**', '**/a', '**/a/**', '/**'])('%s is not of fixed depth', (text) => {
    const page = onePage([policy('a', [denyPaths([path(text, 'file-read')])])]);
    expect(headOf(page).deep[RfClass.READ]).toBe(1n);
  });

  it('rules of pods are in force in the sessions of their scope, and never on the host', () => {
    const scope = { scope: 'Pods', podSelector: { matchLabels: {}, matchExpressions: [] } } as const;
    const page = onePage([
      policy('a', [denyPaths([path('/a')])], { scope: { ...scope, sessions: ['Main', 'Probe'] } }),
      policy('b', [denyPaths([path('/a')])]),
    ]);
    const { sessions } = headOf(page);
    expect(sessions[RfSession.MAIN]).toBe(3n);
    expect(sessions[RfSession.EXEC]).toBe(2n);
    expect(sessions[RfSession.PROBE]).toBe(3n);
    expect(sessions[RfSession.HOST]).toBe(0n);
  });

  it('rules of host policies are in force on the host only', () => {
    const scope = { scope: 'Host', cgroups: [pattern('/a/**')] } as const;
    const { sessions } = headOf(onePage([policy('a', [denyPaths([path('/a')])], { scope, layer: 'host' })]));
    expect(sessions).toEqual([0n, 0n, 0n, 0n, 1n]);
  });
});

describe('actions', () => {
  const rules = [denyPaths([path('/a')], { action: 'Kill' })];

  it.each<[string, Partial<PolicyIR>, string[], object]>([
    [
      'the rule',
      { unresolved: 'Kill' },
      [],
      { action: RfAction.KILL, mainAction: RfAction.KILL, unresolved: RfAction.KILL },
    ],
    ['mainProcess', { mainProcess: 'Block' }, [], { mainAction: RfAction.BLOCK, action: RfAction.KILL }],
    ['unresolved', { unresolved: 'Audit' }, [], { unresolved: RfAction.AUDIT, action: RfAction.KILL }],
    [
      'Monitor',
      { mode: 'Monitor' },
      [],
      { action: RfAction.AUDIT, mainAction: RfAction.AUDIT, unresolved: RfAction.AUDIT },
    ],
    ['refusal', {}, ['r'], { action: RfAction.AUDIT, mainAction: RfAction.AUDIT, unresolved: RfAction.AUDIT }],
  ])('%s bounds the action, and what was asked stays known', (_, fields, refused, expected) => {
    const { rules: encoded } = headOf(onePage([policy('a', rules, fields)], refused));
    expect(encoded[0]).toMatchObject({ ...expected, asked: RfAction.KILL, key: 1 });
  });
});

describe('exceptions', () => {
  it('exceptions of one kind and the same sessions share a slot; those with both conditions do not', () => {
    const page = onePage([
      policy('a', [
        denyPaths([path('/a')], {
          except: [
            { binaries: [{ path: pattern('/p') }] },
            { binaries: [{ path: pattern('/q') }] },
            { binaries: [{ path: pattern('/q') }], sessions: ['Main'] },
            { paths: [pattern('/a/1')] },
            { paths: [pattern('/a/2')] },
            { binaries: [{ path: pattern('/r') }], paths: [pattern('/a/3')] },
            { binaries: [{ path: pattern('/s') }], paths: [pattern('/a/4')] },
            { sessions: ['Exec'] },
            { sessions: ['Probe'] },
          ],
        }),
      ]),
    ]);
    const head = headOf(page);
    expect(head.slotCount).toBe(6);
    expect(head.slotNeedsProgram).toBe(0b011011n);
    expect(head.slotNeedsObject).toBe(0b011100n);
    expect(head.slotSessions).toEqual([0b011111n, 0b111101n, 0b111101n, 0b011101n, 0b011101n]);
    expect(itemsOf(page, RfTable.EXACT, '/q').map(({ kind, index }) => [kind, index])).toEqual([
      [RfItemKind.ITEM_EXCEPT_PROGRAM, 0],
      [RfItemKind.ITEM_EXCEPT_PROGRAM, 1],
    ]);
    expect(itemsOf(page, RfTable.EXACT, '/a/4').map(({ kind, index }) => [kind, index])).toEqual([
      [RfItemKind.ITEM_EXCEPT_OBJECT, 4],
    ]);
  });

  it('each slot names the rule that it excepts', () => {
    const rule = (name: string) => denyPaths([path('/a')], { name, except: [{ paths: [pattern(`/a/${name}`)] }] });
    expect([...headOf(onePage([policy('a', [rule('y'), rule('x')])])).slotRule.slice(0, 2)]).toEqual([0, 1]);
  });
});

describe('pages', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => denyPaths([path('/a', 'file-read')], { name: `r${index}` }));

  it('the same policies in another order are the same page', () => {
    const [a, b] = [policy('a', many(2)), policy('b', [allowBinaries([binary('/x')])])];
    expect(onePage([a, b]).id).toBe(onePage([b, a]).id);
  });

  it.each<[string, PolicyIR]>([
    ['its action', policy('a', [denyPaths([path('/a')], { action: 'Audit' })])],
    ['its pattern', policy('a', [denyPaths([path('/b')])])],
    ['its mode', policy('a', [denyPaths([path('/a')])], { mode: 'Monitor' })],
  ])('a policy that differs in %s is another page', (_, changed) => {
    expect(onePage([changed]).id).not.toBe(onePage([policy('a', [denyPaths([path('/a')])])]).id);
  });

  it('a policy stays whole: what does not fit beside others goes to the next page', () => {
    const { pages } = encode([policy('a', many(40)), policy('b', many(40)), policy('c', many(10))]);
    expect(pages.map((page) => [page.policies, headOf(page).ruleCount])).toEqual([
      [['uid-a'], 40],
      [['uid-b', 'uid-c'], 50],
    ]);
  });

  it('a policy whose exceptions need more slots than a page has is split between rules', () => {
    const except = Array.from({ length: 16 }, (_, index) => ({
      binaries: [{ path: pattern(`/p${index}`) }],
      paths: [pattern(`/a/${index}`)],
    }));
    const rules = Array.from({ length: 6 }, (_, index) => denyPaths([path('/a')], { name: `r${index}`, except }));
    expect(encode([policy('a', rules)]).pages.map((page) => headOf(page).slotCount)).toEqual([48, 48]);
  });

  it('the policy that needs one shape too many is the problem, in the order given', () => {
    const shape = (length: number) =>
      policy(`p${length}`, [denyPaths([path(`/etc/${'x'.repeat(length)}*`, 'file-read')])]);
    const policies = Array.from({ length: 9 }, (_, index) => shape(9 - index));
    const { pages, problems } = encode(policies);
    expect(pages).toEqual([]);
    expect(problems).toMatchObject([{ code: 'AGENT_TOO_MANY_SHAPES', policies: ['uid-p1'], got: 'also /etc/x*' }]);
  });

  it('eight depths fit, nine do not', () => {
    const depth = (count: number) => path(`${'/d'.repeat(count)}/**`, 'file-read');
    const depths = (count: number) => Array.from({ length: count }, (_, index) => depth(index));
    expect(headOf(onePage([policy('a', [denyPaths(depths(8))])]))).toMatchObject({
      depthCount: 8,
      depths: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7),
    });
    expect(encode([policy('a', [denyPaths(depths(9))])]).problems).toHaveLength(1);
  });

  it('more pages than a workload can have are a problem of the policies beyond', () => {
    const { pages } = encode(Array.from({ length: 9 }, (_, index) => policy(`p${index}`, many(64))));
    expect(joinLayers([pages.slice(0, 3), pages.slice(3, 8)]).pages).toHaveLength(8);
    expect(joinLayers([pages.slice(0, 3), pages.slice(3)])).toMatchObject({
      pages: [],
      problems: [{ code: 'AGENT_TOO_MANY_RULESETS', policies: ['uid-p8'], got: '9' }],
    });
  });
});

describe('a hash collision', () => {
  const multiplier = (BigInt(RfHash.MUL_HI) << 32n) | BigInt(RfHash.MUL_LO);
  const seed = (BigInt(RfHash.SEED_HI) << 32n) | BigInt(RfHash.SEED_LO);
  const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
  const rotate = (value: bigint): bigint => wrap((value << 7n) | (value >> 57n));

  function inverse(): bigint {
    let x = multiplier;
    for (let round = 0; round < 6; round += 1) x = wrap(x * (2n - wrap(multiplier * x)));
    return x;
  }

  /** The component whose text is one word with this hash, if there is one. */
  function componentOf(hash: bigint): string | undefined {
    const mixed = hash ^ (hash >> 29n) ^ (hash >> 58n);
    const word = wrap(mixed * inverse()) ^ seed;
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(word);
    const text = bytes.toString('latin1');
    return text.startsWith('/') && !/[/\0]/.test(text.slice(1)) ? text.slice(1) : undefined;
  }

  function hashOf(name: string): bigint {
    const bytes = Buffer.alloc(8);
    bytes.write(`/${name}`, 'latin1');
    const hash = wrap((seed ^ bytes.readBigUInt64LE()) * multiplier);
    return hash ^ (hash >> 29n);
  }

  function prefixHash(name: string): bigint {
    const hash = wrap((rotate(seed) ^ hashOf(name)) * multiplier);
    return hash ^ (hash >> 32n);
  }

  function collision(): [string, string][] {
    for (let index = 0; index < 100_000; index += 1) {
      const [one, other] = ['a', `b${index.toString(36)}`];
      const last = componentOf(hashOf('x') ^ rotate(prefixHash(one)) ^ rotate(prefixHash(other)));
      if (last !== undefined)
        return [
          [one, 'x'],
          [other, last],
        ];
    }
    throw new Error('no collision found');
  }

  it('of two patterns is a problem, and neither takes the place of the other', () => {
    const patterns = collision().map((names) => ({
      ...pattern('/x'),
      components: names.map((literal) => ({ literal })),
    }));
    expect(new Set(patterns.map((own) => encodePattern(own).hash)).size).toBe(1);
    const items = patterns.map((own) => ({ hooks: ['file-read' as const], path: own }));
    expect(encode([policy('a', [denyPaths(items)])])).toMatchObject({
      pages: [],
      problems: [{ code: 'AGENT_HASH_COLLISION', policies: ['uid-a'] }],
    });
  });
});
