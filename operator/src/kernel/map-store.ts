// Maps as bytes: what encode made goes in, what the kernel counted comes out.

import { attemptOnMap, isNativeError } from './fault.js';
import type { NativeBatch, NativeMap } from './native.js';

export interface MapHandle {
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** Kernel memory the map is charged for now. */
  memoryBytes(): number;
  lookup(key: Uint8Array): Uint8Array | undefined;
  /** Of a per-CPU map: the value of each possible CPU. */
  lookupPerCpu(key: Uint8Array): Uint8Array[];
  update(key: Uint8Array, value: Uint8Array): void;
  /** `keys` and `values` one after another. On failure those before the failing one have been written. */
  updateBatch(keys: Uint8Array, values: Uint8Array, count: number): void;
  /** False when there was no such entry. */
  delete(key: Uint8Array): boolean;
  /** A walk over a map that is written to meanwhile may miss or repeat what changes. */
  entries(): Iterable<[Uint8Array, Uint8Array]>;
}

const BATCH = 1024;
const BATCH_LIMIT = 1 << 20;
/** errno names of kernels and map types without batch reads. */
const NO_BATCH: readonly string[] = ['ENOTSUPP', 'EOPNOTSUPP', 'EINVAL'];

export function openMap(map: NativeMap): MapHandle {
  const { keySize, valueSize, valueBytes, maxEntries } = map.info();
  return {
    keySize,
    valueSize,
    maxEntries,
    memoryBytes: () => map.info().memoryBytes,
    lookup: (key) => attemptOnMap(() => map.lookup(key)),
    lookupPerCpu: (key) =>
      splitCpus(
        attemptOnMap(() => map.lookup(key)),
        valueSize,
      ),
    update: (key, value) => {
      attemptOnMap(() => {
        map.update(key, value);
      });
    },
    updateBatch: (keys, values, count) => {
      attemptOnMap(() => {
        map.updateBatch(keys, values, count);
      });
    },
    delete: (key) => attemptOnMap(() => map.delete(key)),
    entries: () => readEntries(map, keySize, valueBytes),
  };
}

function splitCpus(value: Uint8Array | undefined, valueSize: number): Uint8Array[] {
  if (value === undefined) return [];
  const stride = Math.ceil(valueSize / 8) * 8;
  return Array.from({ length: value.length / stride }, (_, cpu) =>
    value.subarray(cpu * stride, cpu * stride + valueSize),
  );
}

function* readEntries(map: NativeMap, keySize: number, valueBytes: number): Generator<[Uint8Array, Uint8Array]> {
  let cursor: Uint8Array | undefined;
  do {
    const batch = readBatch(map, cursor);
    if (batch === undefined) {
      yield* readOneByOne(map);
      return;
    }
    for (let index = 0; index < batch.count; index++) {
      yield [
        batch.keys.subarray(index * keySize, (index + 1) * keySize),
        batch.values.subarray(index * valueBytes, (index + 1) * valueBytes),
      ];
    }
    cursor = batch.cursor;
  } while (cursor !== undefined);
}

/** Undefined when the map cannot be read in batches. A bucket with more entries than asked for needs a larger batch. */
function readBatch(map: NativeMap, cursor: Uint8Array | undefined): NativeBatch | undefined {
  for (let limit = BATCH; ; limit *= 2) {
    try {
      return map.readBatch(cursor, limit);
    } catch (error) {
      if (!isNativeError(error)) throw error;
      if (cursor === undefined && NO_BATCH.includes(error.errno)) return undefined;
      if (error.errno !== 'ENOSPC' || limit >= BATCH_LIMIT) {
        attemptOnMap(() => {
          throw error;
        });
      }
    }
  }
}

function* readOneByOne(map: NativeMap): Generator<[Uint8Array, Uint8Array]> {
  const next = (key: Uint8Array | undefined): Uint8Array | undefined => attemptOnMap(() => map.nextKey(key));
  for (let key = next(undefined); key !== undefined; key = next(key)) {
    const at = key;
    const value = attemptOnMap(() => map.lookup(at));
    if (value !== undefined) yield [at, value];
  }
}
