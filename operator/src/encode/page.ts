// A page: the whole content of one ruleset before the node has given it numbers. Rules of one layer, or the patterns that
// names of new cgroups are matched with. Content-addressed: the same content is the same ruleset for every workload.

import {
  RfItemCodec,
  RfItemFlag,
  RfObjectCodec,
  RfObjectKeyCodec,
  RfRulesetCodec,
  RfRulesetOffset,
  RfTable,
} from '../abi/abi.gen.js';
import type { RfItem, RfRuleset } from '../abi/abi.gen.js';
import type { PlacedItem } from './place.js';
import type { EncodedPattern } from './pattern.js';

/** Collision-resistant text of some bytes. Injected: pure rooms have no cryptography of their own. */
export type Digest = (bytes: Uint8Array) => string;

export interface PageBytes {
  /** Encoded rf_ruleset with shape ids of 0. */
  readonly ruleset: Uint8Array;
  /** Encoded rf_shape each, in order of their bytes. */
  readonly shapes: readonly Uint8Array[];
  /** Encoded rf_object_key each, ruleset 0, tables of shapes counted from RF_TABLE_SHAPE in the order of `shapes`. */
  readonly keys: Uint8Array;
  /** Encoded rf_object each, with `words` and `more` counted from the start of this page's. */
  readonly values: Uint8Array;
  readonly words: Uint8Array;
  readonly items: Uint8Array;
}

export interface Page extends PageBytes {
  /** Digest of the bytes. */
  readonly id: string;
  /** Mask of RfClass that any of its rules governs. */
  readonly classes: number;
  /** UIDs of the policies in it. */
  readonly policies: readonly string[];
}

export type RulesetHead = Omit<
  RfRuleset,
  | 'depthCount'
  | 'depths'
  | 'shapeCount'
  | 'shapes'
  | 'basenameFilter'
  | 'exactFilter'
  | 'hasAny'
  | 'hasAncestor'
  | 'hasInode'
  | 'hasGivenName'
>;

export const WORD_SIZE = 8;

interface PageObject {
  readonly pattern: EncodedPattern;
  readonly shape: string;
  readonly words: string;
  readonly items: RfItem[];
}

/** Bytes as text, one unit each, for keys and for comparing. */
export function bytesText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function textBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The digest of a page, computed alike from what is wanted and from what was read back from the kernel. */
export function pageId(page: PageBytes, digest: Digest): string {
  const lengths = Uint32Array.of(page.shapes.length, page.keys.length, page.words.length, page.items.length);
  const head = new Uint8Array(lengths.buffer);
  return digest(concat([head, page.ruleset, ...page.shapes, page.keys, page.values, page.words, page.items]));
}

/** Text of all runs, each a substring: a pattern that begins like another shares its words. Returns where each begins. */
function sharedText(runs: Iterable<string>, unit: number): { text: string; at: ReadonlyMap<string, number> } {
  const at = new Map<string, number>();
  let text = '';
  let last = '';
  for (const run of [...new Set(runs)].sort().reverse()) {
    if (!last.startsWith(run)) {
      text += run;
      last = run;
    }
    at.set(run, (text.length - last.length) / unit);
  }
  return { text, at };
}

function compareObjects(a: PageObject, b: PageObject): number {
  if (a.pattern.table !== b.pattern.table) return a.pattern.table - b.pattern.table;
  if (a.shape !== b.shape) return a.shape < b.shape ? -1 : 1;
  if (a.pattern.hash === b.pattern.hash) return 0;
  return a.pattern.hash < b.pattern.hash ? -1 : 1;
}

function encodeItems(items: readonly RfItem[]): Uint8Array {
  const bytes = new Uint8Array(items.length * RfItemCodec.size);
  items.forEach((item, index) => RfItemCodec.encode(item, bytes, index * RfItemCodec.size));
  return bytes;
}

function compareItems(a: RfItem, b: RfItem): number {
  return a.kind - b.kind || a.index - b.index || a.origins - b.origins || a.flags - b.flags || a.classes - b.classes;
}

export class PageBuilder {
  readonly #objects = new Map<string, PageObject>();

  /** False when another pattern has the same hash: it would take the place of this one. */
  add({ pattern, item }: PlacedItem): boolean {
    const words = bytesText(pattern.words);
    const shape = pattern.shape === undefined ? '' : bytesText(pattern.shape);
    const key = `${pattern.table} ${pattern.hash} ${shape}`;
    const known = this.#objects.get(key);
    if (known === undefined) {
      this.#objects.set(key, { pattern, shape, words, items: [{ ...item }] });
      return true;
    }
    if (known.words !== words) return false;
    addItem(known.items, item);
    return true;
  }

  finish(head: RulesetHead, policies: readonly string[], digest: Digest): Page {
    const objects = [...this.#objects.values()].sort(compareObjects);
    for (const { items } of objects) items.sort(compareItems);
    const shapeTexts = [...new Set(objects.map(({ shape }) => shape))].filter((shape) => shape !== '').sort();
    const bytes: PageBytes = {
      ruleset: RfRulesetCodec.encode({ ...head, ...tablesOf(objects), shapeCount: shapeTexts.length, shapes: [] }),
      shapes: shapeTexts.map(textBytes),
      ...encodeObjects(objects, shapeTexts),
    };
    return { ...bytes, id: pageId(bytes, digest), classes: head.classes, policies };
  }
}

/** Items that differ in their classes only are one. */
function addItem(items: RfItem[], item: RfItem): void {
  const same = items.find(
    (known) =>
      known.kind === item.kind &&
      known.index === item.index &&
      known.origins === item.origins &&
      known.flags === item.flags,
  );
  if (same === undefined) items.push({ ...item });
  else same.classes |= item.classes;
}

function tablesOf(objects: readonly PageObject[]) {
  const depths = [...new Set(objects.flatMap(({ pattern }) => pattern.depth ?? []))].sort((a, b) => a - b);
  const has = (table: number): number => (objects.some(({ pattern }) => pattern.table === table) ? 1 : 0);
  const filter = (table: number): bigint =>
    objects.reduce((bits, { pattern }) => (pattern.table === table ? bits | (1n << (pattern.hash & 63n)) : bits), 0n);
  const hasFlag = (flag: number): number =>
    objects.some(({ items }) => items.some((item) => (item.flags & flag) !== 0)) ? 1 : 0;
  return {
    depthCount: depths.length,
    depths: Uint8Array.from(depths),
    basenameFilter: filter(RfTable.BASENAME),
    exactFilter: filter(RfTable.EXACT),
    hasAny: has(RfTable.ANY),
    hasAncestor: has(RfTable.ANCESTOR),
    hasInode: hasFlag(RfItemFlag.ITEM_BY_INODE),
    hasGivenName: hasFlag(RfItemFlag.ITEM_GIVEN_NAME),
  };
}

function encodeObjects(
  objects: readonly PageObject[],
  shapeTexts: readonly string[],
): Pick<PageBytes, 'keys' | 'values' | 'words' | 'items'> {
  const moreTexts = objects.map(({ items }) => bytesText(encodeItems(items.slice(1))));
  const words = sharedText(
    objects.map((object) => object.words),
    WORD_SIZE,
  );
  const more = sharedText(moreTexts, RfItemCodec.size);
  const keys = new Uint8Array(objects.length * RfObjectKeyCodec.size);
  const values = new Uint8Array(objects.length * RfObjectCodec.size);
  objects.forEach(({ pattern, shape, words: text, items }, index) => {
    const table = pattern.table + Math.max(0, shapeTexts.indexOf(shape));
    RfObjectKeyCodec.encode({ ruleset: 0, table, hash: pattern.hash }, keys, index * RfObjectKeyCodec.size);
    const moreText = moreTexts[index] ?? '';
    const value = {
      words: text === '' ? 0 : (words.at.get(text) ?? 0),
      wordCount: text.length / WORD_SIZE,
      moreCount: items.length - 1,
      more: moreText === '' ? 0 : (more.at.get(moreText) ?? 0),
      first: items[0] as RfItem,
    };
    RfObjectCodec.encode(value, values, index * RfObjectCodec.size);
  });
  return { keys, values, words: textBytes(words.text), items: textBytes(more.text) };
}

/** Where the kernel's number of shape `index` stands in an encoded rf_ruleset. */
export function shapeIdOffset(index: number): number {
  return RfRulesetOffset.shapes + 2 * index;
}
