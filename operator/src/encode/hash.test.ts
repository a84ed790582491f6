import { describe, expect, it } from 'vitest';
import { RfHash } from '../abi/abi.gen.js';
import type { ComponentIR } from '../compile/ir.js';
import { hashPath } from './hash.js';

const SEED = (BigInt(RfHash.SEED_HI) << 32n) | BigInt(RfHash.SEED_LO);
const MULTIPLIER = (BigInt(RfHash.MUL_HI) << 32n) | BigInt(RfHash.MUL_LO);
const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);

function wordsOf(text: string): bigint[] {
  const bytes = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8, '\0'), 'latin1');
  return Array.from({ length: bytes.length / 8 }, (_, index) => bytes.readBigUInt64LE(index * 8));
}

function textsOf(component: ComponentIR): string[] {
  return 'literal' in component ? [`/${component.literal}`] : [`/${component.prefix}`, `*${component.suffix}`];
}

/** The contract's text in plain bigint arithmetic. */
function reference(components: readonly ComponentIR[]): bigint {
  return components.reduce((path, component) => {
    let hash = SEED;
    for (const word of textsOf(component).flatMap(wordsOf)) {
      hash = wrap((hash ^ word) * MULTIPLIER);
      hash ^= hash >> 29n;
    }
    const next = wrap((wrap((path << 7n) | (path >> 57n)) ^ hash) * MULTIPLIER);
    return next ^ (next >> 32n);
  }, SEED);
}

const literal = (text: string): ComponentIR => ({ literal: text });

describe('hashPath', () => {
  it.each<[string, ComponentIR[]]>([
    ['the root', []],
    ['a short component', [literal('etc')]],
    ['texts that fill words exactly', [literal('abcdefg'), literal('abcdefghijklmno')]],
    ['bytes above 127', [literal('\u00ff\u00e9\u0080'), literal('\u00ff'.repeat(255))]],
    ['a glob', [literal('etc'), { prefix: 'conf.', suffix: '.yaml' }]],
    ['a star alone', [{ prefix: '', suffix: '' }]],
  ])('follows the contract for %s', (_, components) => {
    expect(hashPath(components).hash).toBe(reference(components));
  });

  it('follows the contract for many random components', () => {
    let state = 1n;
    const next = (bound: number): number => {
      state = wrap(state * 6364136223846793005n + 1442695040888963407n);
      return Number((state >> 33n) % BigInt(bound));
    };
    for (let round = 0; round < 2000; round += 1) {
      const text = (most: number) =>
        Array.from({ length: next(most) }, () => String.fromCharCode(48 + next(200))).join('');
      const components = [literal(`a${text(40)}`), { prefix: text(20), suffix: text(20) }, literal(`b${text(20)}`)];
      expect(hashPath(components).hash).toBe(reference(components));
    }
  });

  it('gives the words of all components, zero-padded one by one', () => {
    const { words } = hashPath([literal('etc'), { prefix: 'a', suffix: 'abcdefgh' }]);
    expect(Buffer.from(words).toString('latin1')).toBe('/etc\0\0\0\0' + '/a\0\0\0\0\0\0' + '*abcdefgh\0\0\0\0\0\0\0');
  });

  it('keeps a literal star apart from a glob', () => {
    expect(hashPath([literal('a*b')]).hash).not.toBe(hashPath([{ prefix: 'a', suffix: 'b' }]).hash);
  });
});
