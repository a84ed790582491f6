// Records of the kernel, in the order it wrote them. The addon reads the ring in a thread of its own and stops taking
// records while batches wait here, so that a slow agent shows as lost detail in the kernel's count, never as memory.

import { attempt } from './fault.js';
import { native } from './native.js';
import type { NativeMap, NativeRingLimits } from './native.js';

export interface RingHandle {
  close(): void;
}

export function readRing(
  map: NativeMap,
  onBatch: (records: Uint8Array[]) => void,
  limits?: NativeRingLimits,
): RingHandle {
  const { RingReader } = native();
  return attempt(
    'KERNEL_RING_FAILED',
    () => new RingReader(map, (data, sizes) => onBatch(splitRecords(data, sizes)), limits),
  );
}

/** Records stand one after another, each beginning at a multiple of 8. */
export function splitRecords(data: Uint8Array, sizes: Uint32Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    records.push(data.subarray(at, at + size));
    at += Math.ceil(size / 8) * 8;
  }
  return records;
}
