// Changes of the maps, in the order in which they are made. Keys and values are packed, as batch updates take them.

import type { EncodedMap } from './applied.js';

export type MapOp =
  | {
      readonly kind: 'write';
      readonly map: EncodedMap;
      readonly keys: Uint8Array;
      readonly values: Uint8Array;
      readonly count: number;
    }
  | { readonly kind: 'delete'; readonly map: EncodedMap; readonly keys: Uint8Array; readonly count: number }
  /** Sets rf_node.cgroup_ruleset and leaves the other switches as they are. */
  | { readonly kind: 'set-cgroup-ruleset'; readonly ruleset: number }
  /** Deletes every entry of `inodes` whose ruleset is not one of these. */
  | { readonly kind: 'keep-inodes-of'; readonly rulesets: ReadonlySet<number> };

const FIRST_SIZE = 1024;

/** Bytes that grow. */
class Packed {
  #bytes = new Uint8Array(FIRST_SIZE);
  #length = 0;

  add(part: Uint8Array): void {
    if (this.#length + part.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * (this.#length + part.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(part, this.#length);
    this.#length += part.length;
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

export class Batch {
  readonly #map: EncodedMap;
  readonly #keys = new Packed();
  readonly #values = new Packed();
  #count = 0;

  constructor(map: EncodedMap) {
    this.#map = map;
  }

  /** One entry, or several packed ones. Deletes have no values. */
  add(keys: Uint8Array, values: Uint8Array = new Uint8Array(0), count = 1): void {
    this.#keys.add(keys);
    this.#values.add(values);
    this.#count += count;
  }

  /** Neighbouring entries of an array map. */
  addRun(at: number, values: Uint8Array, size: number): void {
    const count = values.length / size;
    const keys = Uint32Array.from({ length: count }, (_, index) => at + index);
    this.add(new Uint8Array(keys.buffer), values, count);
  }

  write(): MapOp[] {
    if (this.#count === 0) return [];
    const { keys, values } = { keys: this.#keys.bytes(), values: this.#values.bytes() };
    return [{ kind: 'write', map: this.#map, keys, values, count: this.#count }];
  }

  delete(): MapOp[] {
    if (this.#count === 0) return [];
    return [{ kind: 'delete', map: this.#map, keys: this.#keys.bytes(), count: this.#count }];
  }
}

export function u32Key(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

export function u64Key(value: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(value).buffer);
}
