// The maps of the engine in memory, for the model of the matcher and for tests of the encoder.

import type { EncodedMap } from '../../operator/src/encode/applied.js';
import type { MapReader } from '../../operator/src/encode/adopt.js';
import type { MapOp } from '../../operator/src/encode/ops.js';
import { RfInodeKeyCodec, RfNodeCodec } from '../../operator/src/abi/abi.gen.js';

type MapName = EncodedMap | 'node' | 'inodes';
type Entry = readonly [Uint8Array, Uint8Array];

const NODE = Uint8Array.of(0, 0, 0, 0);

function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}

export class MemoryMaps implements MapReader {
  readonly #maps = new Map<MapName, Map<string, Entry>>();

  constructor() {
    this.update('node', NODE, new Uint8Array(RfNodeCodec.size));
  }

  lookup = (map: MapName, key: Uint8Array): Uint8Array | undefined => this.#map(map).get(keyText(key))?.[1];

  entries = (map: MapName): Iterable<Entry> => [...this.#map(map).values()];

  update(map: MapName, key: Uint8Array, value: Uint8Array): void {
    this.#map(map).set(keyText(key), [key.slice(), value.slice()]);
  }

  size(map: MapName): number {
    return this.#map(map).size;
  }

  apply(ops: readonly MapOp[]): void {
    for (const op of ops) this.#apply(op);
  }

  #map(name: MapName): Map<string, Entry> {
    const map = this.#maps.get(name) ?? new Map<string, Entry>();
    this.#maps.set(name, map);
    return map;
  }

  #apply(op: MapOp): void {
    if (op.kind === 'set-cgroup-ruleset') {
      const node = RfNodeCodec.decode(this.lookup('node', NODE) ?? new Uint8Array(RfNodeCodec.size));
      this.update('node', NODE, RfNodeCodec.encode({ ...node, cgroupRuleset: op.ruleset }));
      return;
    }
    if (op.kind === 'keep-inodes-of') {
      for (const [key] of this.entries('inodes')) {
        if (!op.rulesets.has(RfInodeKeyCodec.decode(key).ruleset)) this.#map('inodes').delete(keyText(key));
      }
      return;
    }
    const keySize = op.keys.length / op.count;
    for (let index = 0; index < op.count; index += 1) {
      const key = op.keys.subarray(index * keySize, (index + 1) * keySize);
      if (op.kind === 'delete') {
        this.#map(op.map).delete(keyText(key));
        continue;
      }
      const size = op.values.length / op.count;
      this.update(op.map, key, op.values.subarray(index * size, (index + 1) * size));
    }
  }
}
