// Which items of one ruleset a name answers to, read from the encoded maps as the contract describes the lookups.

import {
  RfAnchor,
  RfItemCodec,
  RfItemKind,
  RfObjectCodec,
  RfObjectKeyCodec,
  RfRulesetCodec,
  RfShapeCodec,
  RfTable,
} from '../../operator/src/abi/abi.gen.js';
import type { RfItem, RfObject, RfRuleset, RfShape } from '../../operator/src/abi/abi.gen.js';
import type { MapReader } from '../../operator/src/encode/adopt.js';
import { type Hashed, hashNames } from './model-name.js';

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

export interface Looked {
  /** Items of every pattern that answered, once for each place of the name where it did. */
  readonly items: readonly RfItem[];
  /** Items of RF_TABLE_ANCESTOR. */
  readonly ancestors: readonly RfItem[];
  /** Items of RF_TABLE_ANY. */
  readonly any: readonly RfItem[];
}

export class EncodedRuleset {
  readonly head: RfRuleset;
  readonly #maps: MapReader;
  readonly #id: number;
  readonly #shapes: readonly { readonly id: number; readonly shape: RfShape }[];

  constructor(maps: MapReader, id: number) {
    const bytes = maps.lookup('rulesets', u32(id));
    if (bytes === undefined) throw new Error(`ruleset ${id} is not in the map`);
    this.#maps = maps;
    this.#id = id;
    this.head = RfRulesetCodec.decode(bytes);
    this.#shapes = this.head.shapes.slice(0, this.head.shapeCount).map((shape) => {
      const found = maps.lookup('shapes', u32(shape));
      if (found === undefined) throw new Error(`shape ${shape} is not in the map`);
      return { id: shape, shape: RfShapeCodec.decode(found) };
    });
  }

  look(name: readonly string[] | undefined): Looked {
    const any = this.head.hasAny > 0 ? this.#itemsAt(RfTable.ANY, { hash: 0n, words: [] }) : [];
    if (name === undefined) return { items: [], ancestors: [], any };
    const whole = hashNames(name);
    const last = name.slice(-1);
    return {
      items: [
        ...(this.head.exactFilter !== 0n ? this.#itemsAt(RfTable.EXACT, whole) : []),
        ...(this.head.basenameFilter !== 0n && last.length > 0 ? this.#itemsAt(RfTable.BASENAME, hashNames(last)) : []),
        ...this.#subtreeItems(name),
        ...this.#shapes.flatMap(({ id, shape }) => this.#shapeItems(id, shape, name)),
      ],
      ancestors: this.head.hasAncestor > 0 ? this.#itemsAt(RfTable.ANCESTOR, whole) : [],
      any,
    };
  }

  #subtreeItems(name: readonly string[]): RfItem[] {
    return [...this.head.depths.slice(0, this.head.depthCount)]
      .filter((depth) => depth <= name.length)
      .flatMap((depth) => this.#itemsAt(RfTable.SUBTREE, hashNames(name.slice(0, depth))));
  }

  #shapeItems(id: number, shape: RfShape, name: readonly string[]): RfItem[] {
    const count = shape.compCount;
    const last = name.length - count;
    if (last < 0) return [];
    const comps = shape.comps.slice(0, count);
    const at = (start: number): RfItem[] =>
      this.#itemsAt(RfTable.SHAPE + id, hashNames(name.slice(start, start + count), comps));
    if (shape.anchor === RfAnchor.END) return at(last);
    if (shape.anchor === RfAnchor.FLOAT) return Array.from({ length: last + 1 }, (_, start) => at(start)).flat();
    return last === 0 || shape.subtree === 1 ? at(0) : [];
  }

  #itemsAt(table: number, hashed: Hashed | undefined): RfItem[] {
    if (hashed === undefined) return [];
    const bytes = this.#maps.lookup(
      'objects',
      RfObjectKeyCodec.encode({ ruleset: this.#id, table, hash: hashed.hash }),
    );
    if (bytes === undefined) return [];
    const object = RfObjectCodec.decode(bytes);
    return this.#isPattern(object, hashed.words) ? [object.first, ...this.#moreItems(object)] : [];
  }

  #isPattern(object: RfObject, words: readonly bigint[]): boolean {
    if (object.wordCount !== words.length) return false;
    return words.every((word, index) => {
      const bytes = this.#maps.lookup('pattern_words', u32(object.words + index));
      return bytes !== undefined && new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true) === word;
    });
  }

  #moreItems(object: RfObject): RfItem[] {
    return Array.from({ length: object.moreCount }, (_, index) => {
      const bytes = this.#maps.lookup('pattern_items', u32(object.more + index));
      if (bytes === undefined) throw new Error(`item ${object.more + index} is not in the map`);
      return RfItemCodec.decode(bytes);
    });
  }
}

/** rf_template_key.combination of a cgroup: a selector that says so (index below 64) counts once. */
export function combinationOf(items: readonly RfItem[], weight: (id: number) => bigint): bigint {
  const selected = items.filter(({ kind }) => kind === RfItemKind.ITEM_SELECT);
  const once = new Map(selected.filter(({ index }) => index < 64).map((item) => [item.index, item]));
  const all = [...selected.filter(({ index }) => index >= 64), ...once.values()];
  return BigInt.asUintN(
    64,
    all.reduce((sum, { classes }) => sum + weight(classes), 0n),
  );
}
