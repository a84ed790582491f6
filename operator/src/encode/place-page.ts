// A page -> entries of the maps, once it has a ruleset id, shape ids and runs. Nothing refers to them before a workload
// does, so that they can be written while every program runs.

import {
  RfItemCodec,
  RfLimits,
  RfObjectCodec,
  RfObjectKeyCodec,
  RfObjectKeyOffset,
  RfObjectOffset,
  RfTable,
} from '../abi/abi.gen.js';
import type { Applied, AppliedPage, EncodedMap } from './applied.js';
import { Batch, type MapOp, u32Key } from './ops.js';
import { type Page, WORD_SIZE, bytesText, shapeIdOffset } from './page.js';
import type { RunPool } from './runs.js';

const MAPS = ['shapes', 'pattern_words', 'pattern_items', 'objects', 'rulesets'] as const satisfies EncodedMap[];

/** The numbers of the node being given out; a copy, so that a set that does not fit changes nothing. */
export class Placement {
  readonly pages: Map<string, AppliedPage>;
  readonly shapes: Map<string, number>;
  readonly words: RunPool;
  readonly items: RunPool;
  nextRuleset: number;
  /** Map that had no room. */
  full: EncodedMap | undefined;
  readonly #capacity: Applied['capacity'];
  readonly #shapeIds: Set<number>;
  readonly #batches = { ...Object.fromEntries(MAPS.map((map) => [map, new Batch(map)])) } as Record<
    (typeof MAPS)[number],
    Batch
  >;
  #objects: number;

  constructor(applied: Applied) {
    this.pages = new Map(applied.pages);
    this.shapes = new Map(applied.shapes);
    this.words = applied.words.clone();
    this.items = applied.items.clone();
    this.nextRuleset = applied.nextRuleset;
    this.#capacity = applied.capacity;
    this.#shapeIds = new Set(applied.shapes.values());
    this.#objects = [...applied.pages.values()].reduce((sum, { keys }) => sum + keys.length / RfObjectKeyCodec.size, 0);
  }

  /** Places the page unless something is full. */
  add(page: Page): void {
    const shapes = page.shapes.map((shape) => this.#shapeId(shape));
    const words = this.words.allocate(page.words.length / WORD_SIZE);
    const items = this.items.allocate(page.items.length / RfItemCodec.size);
    if (words === undefined) this.full = 'pattern_words';
    if (items === undefined) this.full = 'pattern_items';
    this.#objects += page.keys.length / RfObjectKeyCodec.size;
    if (this.#objects > this.#capacity.objects) this.full = 'objects';
    if (this.pages.size >= this.#capacity.rulesets) this.full = 'rulesets';
    if (this.full !== undefined || words === undefined || items === undefined) return;
    const ruleset = this.nextRuleset++;
    const keys = placedKeys(page.keys, ruleset, shapes);
    this.pages.set(page.id, { ruleset, classes: page.classes, keys, shapes, words, items });
    this.#batches.pattern_words.addRun(words.at, page.words, WORD_SIZE);
    this.#batches.pattern_items.addRun(items.at, page.items, RfItemCodec.size);
    this.#batches.objects.add(keys, placedValues(page.values, words.at, items.at), keys.length / RfObjectKeyCodec.size);
    this.#batches.rulesets.add(u32Key(ruleset), placedRuleset(page.ruleset, shapes));
  }

  numbers(): Pick<Applied, 'pages' | 'shapes' | 'words' | 'items' | 'nextRuleset'> {
    const { pages, shapes, words, items, nextRuleset } = this;
    return { pages, shapes, words, items, nextRuleset };
  }

  ops(): MapOp[] {
    return MAPS.flatMap((map) => this.#batches[map].write());
  }

  #shapeId(shape: Uint8Array): number {
    const text = bytesText(shape);
    const known = this.shapes.get(text);
    if (known !== undefined) return known;
    let id = 0;
    while (this.#shapeIds.has(id)) id += 1;
    if (id >= RfLimits.SHAPE_TOTAL) {
      this.full = 'shapes';
      return 0;
    }
    this.#shapeIds.add(id);
    this.shapes.set(text, id);
    this.#batches.shapes.add(u32Key(id), shape);
    return id;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function placedKeys(keys: Uint8Array, ruleset: number, shapes: readonly number[]): Uint8Array {
  const placed = keys.slice();
  const view = viewOf(placed);
  for (let at = 0; at < placed.length; at += RfObjectKeyCodec.size) {
    view.setUint32(at + RfObjectKeyOffset.ruleset, ruleset, true);
    const table = view.getUint32(at + RfObjectKeyOffset.table, true);
    const shape = shapes[table - RfTable.SHAPE];
    if (shape !== undefined) view.setUint32(at + RfObjectKeyOffset.table, RfTable.SHAPE + shape, true);
  }
  return placed;
}

function placedValues(values: Uint8Array, words: number, items: number): Uint8Array {
  const placed = values.slice();
  const view = viewOf(placed);
  const shift = (at: number, by: number): void => view.setUint32(at, view.getUint32(at, true) + by, true);
  for (let at = 0; at < placed.length; at += RfObjectCodec.size) {
    if (view.getUint16(at + RfObjectOffset.wordCount, true) > 0) shift(at + RfObjectOffset.words, words);
    if (view.getUint16(at + RfObjectOffset.moreCount, true) > 0) shift(at + RfObjectOffset.more, items);
  }
  return placed;
}

function placedRuleset(ruleset: Uint8Array, shapes: readonly number[]): Uint8Array {
  const placed = ruleset.slice();
  shapes.forEach((id, index) => viewOf(placed).setUint16(shapeIdOffset(index), id, true));
  return placed;
}
