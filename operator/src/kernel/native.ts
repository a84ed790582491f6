// The addon, typed. This file is its only importer; the rest of the room goes through it.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { KernelFault } from '../errors.js';

export interface NativeMapInfo {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  /** Bytes of one value in a system call: for per-CPU maps a part for each possible CPU. */
  readonly valueBytes: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly memoryBytes: number;
}

export interface NativeBatch {
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly count: number;
  readonly cursor: Uint8Array | undefined;
}

export interface NativeMap {
  info(): NativeMapInfo;
  lookup(key: Uint8Array): Uint8Array | undefined;
  update(key: Uint8Array, value: Uint8Array): void;
  updateBatch(keys: Uint8Array, values: Uint8Array, count: number): void;
  delete(key: Uint8Array): boolean;
  nextKey(key: Uint8Array | undefined): Uint8Array | undefined;
  readBatch(cursor: Uint8Array | undefined, limit: number): NativeBatch;
  readVariable(name: string): Uint8Array | undefined;
  pin(path: string): void;
  close(): void;
}

export interface NativeProgram {
  info(): { id: number; name: string; type: number; attachBtfId: number; verifiedInstructions: number };
  attach(): NativeLink;
  testRun(context: Uint8Array): { returnValue: number; context: Uint8Array };
  pin(path: string): void;
  close(): void;
}

export interface NativeLink {
  info(): { id: number; type: number; programId: number; attachType?: number; targetBtfId?: number };
  readIterator(): Uint8Array;
  pin(path: string): void;
  close(): void;
}

export interface NativeObjectMap {
  readonly name: string;
  readonly internal: boolean;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly autocreate: boolean;
}

export interface NativeObject {
  maps(): NativeObjectMap[];
  programs(): { name: string; section: string; type: number; autoload: boolean }[];
  readOnlyVariable(name: string): Uint8Array | undefined;
  setReadOnlyVariable(name: string, value: Uint8Array): void;
  setMaxEntries(map: string, count: number): void;
  setAutocreate(map: string, create: boolean): void;
  setAutoload(program: string, load: boolean): void;
  reuseMap(name: string, map: NativeMap): void;
  load(): void;
  map(name: string): NativeMap;
  program(name: string): NativeProgram;
  close(): void;
}

export interface NativeRefusal {
  readonly errno: string;
  readonly log: string;
}

export interface NativeTypes {
  targetId(section: string): number;
  targetArity(section: string): number | undefined;
  hasFunction(name: string): boolean;
  memberOffset(struct: string, member: string, module?: string): number | undefined;
  tryProgram(section: string): NativeRefusal | undefined;
}

export interface NativeRingLimits {
  readonly batchRecords?: number;
  readonly flushMs?: number;
  readonly batchesWaiting?: number;
}

/** Opens paths without waiting for them, see native/opener.h. */
export interface NativeOpener {
  take(): number | undefined;
  waitingMs(): number;
  close(): void;
}

export interface Native {
  readonly BpfObject: new (path: string) => NativeObject;
  readonly BpfMap: { openPinned(path: string): NativeMap };
  readonly BpfProgram: { openPinned(path: string): NativeProgram };
  readonly BpfLink: { openPinned(path: string): NativeLink };
  readonly KernelTypes: new () => NativeTypes;
  readonly FileLock: new (path: string) => { close(): void };
  readonly PathOpener: new (paths: readonly Uint8Array[]) => NativeOpener;
  readonly RingReader: new (
    map: NativeMap,
    onBatch: (data: Uint8Array, sizes: Uint32Array) => void,
    limits?: NativeRingLimits,
  ) => { close(): void };
  mountBpffs(path: string): void;
  unmount(path: string): void;
  isBpffs(path: string): boolean;
  exchangePaths(one: string, other: string): void;
  listIds(kind: 'map' | 'program' | 'link'): number[];
  possibleCpus(): number;
  bootTimeNs(): bigint;
  readonly libbpfVersion: string;
}

/** A file that the build makes, found from the compiled product and from its sources alike. */
export function builtFile(path: string): string {
  const places = [`../../../${path}`, `../../../build/${path}`].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new KernelFault('KERNEL_OBJECT_MISSING', 'find a built file', { object: path });
  return found;
}

let loaded: Native | undefined;

export function native(): Native {
  if (loaded !== undefined) return loaded;
  const path = builtFile('Release/ringfence.node');
  try {
    loaded = createRequire(import.meta.url)(path) as Native;
  } catch (cause) {
    throw new KernelFault('KERNEL_OBJECT_MISSING', 'load the addon', { object: path, cause });
  }
  return loaded;
}

/** The clock of event times, which counts while the machine sleeps. */
export function bootTimeNs(): bigint {
  return native().bootTimeNs();
}

/** Ids of all BPF objects of one kind on the machine, ours or not. */
export function listIds(kind: 'map' | 'program' | 'link'): number[] {
  return native().listIds(kind);
}

/** Opens paths without following a link at their end, elsewhere than in this thread: a file system may never answer. */
export function openPaths(paths: readonly Uint8Array[]): NativeOpener {
  const { PathOpener } = native();
  return new PathOpener(paths);
}
