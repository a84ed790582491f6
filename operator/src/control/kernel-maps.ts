// The engine's maps as the loops use them: changes are written, counters, switches and causes of loss are read.

import { RfCounterCodec, RfCounterKeyCodec, RfNodeCodec, RfProgramCodec, RfStat } from '../abi/abi.gen.js';
import type { RfCounter, RfNode } from '../abi/abi.gen.js';
import type { MapReader } from '../encode/adopt.js';
import type { Capacity, EncodedMap } from '../encode/applied.js';
import type { MapOp } from '../encode/ops.js';
import { u32Key, u64Key } from '../encode/ops.js';
import type { MapHandle } from '../kernel/index.js';

/** What the loops need of an engine's maps. */
export interface Maps {
  map(name: string): MapHandle;
}

/** Added to the epoch with each write of the node's switches: the kernel counts it up meanwhile, and it must not go back. */
const EPOCH_STEP = 1n << 20n;
const INODES_RULESET_OFFSET = 0;

export function readerOf(maps: Maps): MapReader {
  return {
    lookup: (map, key) => maps.map(map).lookup(key),
    entries: (map) => maps.map(map).entries(),
  };
}

export function capacityOf(maps: Maps): Capacity {
  const size = (name: EncodedMap): number => maps.map(name).maxEntries;
  return {
    objects: size('objects'),
    shapes: size('shapes'),
    pattern_words: size('pattern_words'),
    pattern_items: size('pattern_items'),
    rulesets: size('rulesets'),
    workloads: size('workloads'),
    templates: size('templates'),
    pods: size('pods'),
    handlers: size('handlers'),
  };
}

/** @throws KernelFault; the ops before the failing one are in force, which is safe in their order */
export function applyOps(maps: Maps, ops: readonly MapOp[]): void {
  try {
    for (const op of ops) applyOp(maps, op);
  } finally {
    // also after a failure: what was flipped before it counts
    if (ops.some(changesWorkloads)) updateNode(maps, {});
  }
}

function changesWorkloads(op: MapOp): boolean {
  return (op.kind === 'write' || op.kind === 'delete') && op.map === 'workloads';
}

function applyOp(maps: Maps, op: MapOp): void {
  switch (op.kind) {
    case 'write':
      maps.map(op.map).updateBatch(op.keys, op.values, op.count);
      return;
    case 'delete':
      deleteKeys(maps.map(op.map), op.keys, op.count);
      return;
    case 'set-cgroup-ruleset':
      updateNode(maps, { cgroupRuleset: op.ruleset });
      return;
    case 'keep-inodes-of':
      deleteInodes(maps.map('inodes'), op.rulesets);
  }
}

function deleteKeys(map: MapHandle, keys: Uint8Array, count: number): void {
  for (let index = 0; index < count; index += 1) {
    map.delete(keys.subarray(index * map.keySize, (index + 1) * map.keySize));
  }
}

function deleteInodes(map: MapHandle, kept: ReadonlySet<number>): void {
  const gone = [...map.entries()].map(([key]) => key.slice()).filter((key) => !kept.has(rulesetOf(key)));
  for (const key of gone) map.delete(key);
}

function rulesetOf(inodeKey: Uint8Array): number {
  return new DataView(inodeKey.buffer, inodeKey.byteOffset).getUint32(INODES_RULESET_OFFSET, true);
}

export function readNode(maps: Maps): RfNode {
  const bytes = maps.map('node').lookup(u32Key(0));
  return RfNodeCodec.decode(bytes ?? new Uint8Array(RfNodeCodec.size));
}

/**
 * Changes some switches of the node, or none, and leaves the others. Verdicts cached before are not used again, and tasks look
 * their workload up anew.
 */
export function updateNode(maps: Maps, change: Partial<Omit<RfNode, 'epoch'>>): void {
  const node = readNode(maps);
  const next = { ...node, ...change, epoch: BigInt.asUintN(64, node.epoch + EPOCH_STEP) };
  maps.map('node').update(u32Key(0), RfNodeCodec.encode(next));
}

export interface RuleCounter extends RfCounter {
  readonly rule: number;
  readonly workload: bigint;
}

export function readCounters(maps: Maps): RuleCounter[] {
  return [...maps.map('counters').entries()].map(([key, value]) => {
    const { rule, workload } = RfCounterKeyCodec.decode(key);
    return { rule, workload, ...RfCounterCodec.decode(value) };
  });
}

/** What could not be done or reported, by cause: `RING_FULL` -> how often. */
export function readStats(maps: Maps): Record<string, number> {
  const stats = maps.map('stats');
  const causes = Object.entries(RfStat).filter(([name]) => name !== 'COUNT');
  return Object.fromEntries(
    causes.map(([name, index]) => [
      name,
      stats.lookupPerCpu(u32Key(index)).reduce((sum, bytes) => sum + Number(firstU64(bytes)), 0),
    ]),
  );
}

function firstU64(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}

/** Path of a program by its key, as bytes. */
export function readProgram(maps: Maps, key: bigint): Uint8Array | undefined {
  const bytes = maps.map('programs').lookup(u64Key(key));
  if (bytes === undefined) return undefined;
  const { len, path } = RfProgramCodec.decode(bytes);
  return path.subarray(0, len);
}
