// Hashes and words of names, as the kernel computes them: see enum rf_table of bpf/abi.h. 64-bit numbers are kept in two
// 32-bit halves, since a bigint for each step would cost seconds at the 200,000 patterns that a node can hold.

import { RfHash } from '../abi/abi.gen.js';
import type { ComponentIR } from '../compile/ir.js';

/** Hash of one component, and its text as little-endian 64-bit words. */
interface HashedComponent {
  readonly hi: number;
  readonly lo: number;
  readonly words: Uint32Array;
}

export interface HashedPath {
  readonly hash: bigint;
  /** Words of all components in order, 8 bytes each: what a hit is confirmed with. */
  readonly words: Uint8Array;
}

/** Bounds the memory of the cache; component names repeat far more often than this. */
const CACHE_MAX = 65536;
const cache = new Map<string, HashedComponent>();

let hi = 0;
let lo = 0;

function seed(): void {
  hi = RfHash.SEED_HI | 0;
  lo = RfHash.SEED_LO | 0;
}

function multiply(): void {
  const low = lo & 0xffff;
  const high = lo >>> 16;
  const mulLow = RfHash.MUL_LO & 0xffff;
  const mulHigh = RfHash.MUL_LO >>> 16;
  const middle = high * mulLow + ((low * mulLow) >>> 16);
  const carry = low * mulHigh + (middle & 0xffff);
  const upper = high * mulHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000);
  hi = (upper + Math.imul(lo, RfHash.MUL_HI) + Math.imul(hi, RfHash.MUL_LO)) | 0;
  lo = Math.imul(lo, RfHash.MUL_LO);
}

function addWord(wordHi: number, wordLo: number): void {
  hi ^= wordHi;
  lo ^= wordLo;
  multiply();
  lo ^= (lo >>> 29) | (hi << 3);
  hi ^= hi >>> 29;
}

function addComponent(componentHi: number, componentLo: number): void {
  const rotatedHi = (hi << 7) | (lo >>> 25);
  lo = ((lo << 7) | (hi >>> 25)) ^ componentLo;
  hi = rotatedHi ^ componentHi;
  multiply();
  lo ^= hi;
}

/** NaN, which charCodeAt gives past the end, becomes the zero padding of the last word. */
function wordAt(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}

function hashTexts(texts: readonly string[]): HashedComponent {
  const words = new Uint32Array(texts.reduce((sum, text) => sum + 2 * Math.ceil(text.length / 8), 0));
  let used = 0;
  seed();
  for (const text of texts) {
    for (let at = 0; at < text.length; at += 8) {
      const wordLo = wordAt(text, at);
      const wordHi = wordAt(text, at + 4);
      words[used++] = wordLo;
      words[used++] = wordHi;
      addWord(wordHi, wordLo);
    }
  }
  return { hi, lo, words };
}

/** Every text begins with "/" or "*" and none but these holds "/": one key for each component. */
function textsOf(component: ComponentIR): string[] {
  if ('literal' in component) return [`/${component.literal}`];
  return [`/${component.prefix}`, `*${component.suffix}`];
}

function hashComponent(component: ComponentIR): HashedComponent {
  const texts = textsOf(component);
  const key = texts.join('/');
  const known = cache.get(key);
  if (known !== undefined) return known;
  const hashed = hashTexts(texts);
  if (cache.size >= CACHE_MAX) cache.clear();
  cache.set(key, hashed);
  return hashed;
}

/** Of one text by itself; a unit for each byte. */
export function hashText(text: string): bigint {
  const hashed = hashTexts([text]);
  return (BigInt(hashed.hi >>> 0) << 32n) | BigInt(hashed.lo >>> 0);
}

export function hashPath(components: readonly ComponentIR[]): HashedPath {
  const hashed = components.map(hashComponent);
  const words = new Uint32Array(hashed.reduce((sum, component) => sum + component.words.length, 0));
  let used = 0;
  seed();
  for (const component of hashed) {
    words.set(component.words, used);
    used += component.words.length;
    addComponent(component.hi, component.lo);
  }
  return { hash: (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0), words: new Uint8Array(words.buffer) };
}
