// Names as the contract (enum rf_table of bpf/abi.h) says they are cut, spelled and hashed. Written from the contract
// with plain bigint arithmetic: it shares nothing with the encoder.

import { RfHash } from '../../operator/src/abi/abi.gen.js';

export interface ShapeComponent {
  readonly prefixLen: number;
  readonly suffixLen: number;
}

export interface Hashed {
  readonly hash: bigint;
  readonly words: readonly bigint[];
}

const SEED = (BigInt(RfHash.SEED_HI) << 32n) | BigInt(RfHash.SEED_LO);
const MULTIPLIER = (BigInt(RfHash.MUL_HI) << 32n) | BigInt(RfHash.MUL_LO);
const MASK = (1n << 64n) - 1n;
const LITERAL = 255;
const MERGED = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

const texts = new Map<string, Hashed>();

function wordsOf(text: string): bigint[] {
  const words: bigint[] = [];
  for (let at = 0; at < text.length; at += 8) {
    let word = 0n;
    for (let byte = 7; byte >= 0; byte -= 1) word = (word << 8n) | BigInt(text.charCodeAt(at + byte) || 0);
    words.push(word);
  }
  return words;
}

function hashTexts(parts: readonly string[]): Hashed {
  const name = parts.join('\0');
  const known = texts.get(name);
  if (known !== undefined) return known;
  const words = parts.flatMap(wordsOf);
  let hash = SEED;
  for (const word of words) {
    hash = ((hash ^ word) * MULTIPLIER) & MASK;
    hash ^= hash >> 29n;
  }
  const hashed = { hash, words };
  texts.set(name, hashed);
  return hashed;
}

/** A component as a shape looks at it; undefined when it is too short. */
function hashComponent(name: string, shape: ShapeComponent | undefined): Hashed | undefined {
  if (shape === undefined || shape.prefixLen === LITERAL) return hashTexts([`/${name}`]);
  if (name.length < shape.prefixLen + shape.suffixLen) return undefined;
  const suffix = name.slice(name.length - shape.suffixLen);
  return hashTexts([`/${name.slice(0, shape.prefixLen)}`, `*${suffix}`]);
}

export function hashNames(names: readonly string[], shape?: readonly ShapeComponent[]): Hashed | undefined {
  let hash = SEED;
  const words: bigint[] = [];
  for (const [index, name] of names.entries()) {
    const component = hashComponent(name, shape?.[index]);
    if (component === undefined) return undefined;
    words.push(...component.words);
    hash = ((((hash << 7n) & MASK) | (hash >> 57n)) ^ component.hash) & MASK;
    hash = (hash * MULTIPLIER) & MASK;
    hash ^= hash >> 32n;
  }
  return { hash, words };
}

function canonical(names: readonly string[]): readonly string[] {
  const [first = '', second] = names;
  if (MERGED.includes(first)) return ['usr', ...names];
  if (first !== 'var') return names;
  if (second === 'run') return names.slice(1);
  return second === 'lock' ? ['run', ...names.slice(1)] : names;
}

/** Components of a text; undefined where it has `..`, which text alone cannot resolve. */
export function cutText(text: string): readonly string[] | undefined {
  const names = text.split('/').filter((name) => name !== '' && name !== '.');
  return names.includes('..') ? undefined : canonical(names);
}

/** Cgroup names have no directories that are one. */
export function cutCgroup(text: string): readonly string[] {
  return text.split('/').filter((name) => name !== '');
}
