// The engine as the agent holds it: the pinned set, opened. Closing it ends nothing in the kernel.

import { existsSync } from 'node:fs';
import { RF_LAYOUT_HASH } from '../abi/abi.gen.js';
import { KernelFault } from '../errors.js';
import { backendOf } from './backends.js';
import type { ProgramFinding } from './backends.js';
import { attempt } from './fault.js';
import { buildIdOf, readHandshake } from './handshake.js';
import type { SetOptions } from './load-set.js';
import { runLoader } from './loader.js';
import { openMap } from './map-store.js';
import type { MapHandle } from './map-store.js';
import { native } from './native.js';
import type { NativeMap } from './native.js';
import { commitSet, engineSet, isMounted, pinnedNames, pinPath, removeStaleSets } from './pins.js';
import { ENGINE_PROGRAMS, isRunByHand } from './programs.js';
import type { BackendName, ProgramSpec } from './programs.js';
import { readRing } from './ring.js';
import type { RingHandle } from './ring.js';

export interface LoadOptions {
  readonly dir: string;
  readonly objectPath: string;
  readonly backend: BackendName;
  /** Read-only variables by name. */
  readonly variables?: Readonly<Record<string, bigint>>;
  /** Sizes other than those of the object. */
  readonly mapEntries?: Readonly<Record<string, number>>;
  /** False: the set is attached beside the one in force, for the caller to fill; Engine.commit puts it into force. */
  readonly commit?: boolean;
  /** Programs and layout of another object than the engine's. */
  readonly programs?: readonly ProgramSpec[];
  readonly layoutHash?: string;
}

/** One attachment, as the kernel tells it now. */
export interface AttachedProgram {
  readonly name: string;
  readonly hook: string;
  readonly programId: number;
  readonly linkId: number;
}

export interface Engine {
  readonly backend: BackendName | undefined;
  map(name: string): MapHandle;
  /** Programs that the kernel calls by itself, read back from the kernel. */
  attached(): AttachedProgram[];
  startEvents(onBatch: (records: Uint8Array[]) => void): void;
  stopEvents(): void;
  /** Runs a SEC("syscall") program; the context as the program left it. */
  testRun(program: string, context: Uint8Array): Uint8Array;
  /** Runs an iterator over everything it visits; what it printed. */
  runIterator(program: string): Uint8Array;
  commit(): void;
  close(): void;
}

/** Loads and attaches a new set. Where one is in force it is replaced at once, keeping the maps that mean the same. */
export function loadEngine(options: LoadOptions): {
  engine: Engine;
  findings: readonly ProgramFinding[];
  reusedMaps: readonly string[];
} {
  const { findings, set, reusedMaps } = runLoader(setOptions(options));
  return { engine: new PinnedEngine(options.dir, set, options.programs ?? ENGINE_PROGRAMS), findings, reusedMaps };
}

/** The set in force when it is whole and was made by the same build with the same settings; else undefined. */
export function adoptEngine(options: LoadOptions): Engine | undefined {
  const { dir } = options;
  if (!isMounted(dir)) return undefined;
  removeStaleSets(dir);
  const set = engineSet(dir);
  if (!existsSync(set)) return undefined;
  const wanted = setOptions(options);
  const found = setHandshake(set);
  if (found.layoutHash !== wanted.layoutHash || found.buildId !== wanted.buildId) return undefined;
  const engine = new PinnedEngine(dir, set, wanted.programs);
  const whole = pinnedNames(set, 'programs').filter((name) => !isRunByHand(hookOf(wanted.programs, name)));
  if (engine.attached().length === whole.length && whole.length > 0) return engine;
  engine.close();
  return undefined;
}

/** The set in force, of whatever build, for its maps; undefined when there is none. Those of another layout are refused. */
export function openEngineInForce(dir: string): Engine | undefined {
  const set = engineSet(dir);
  if (!isMounted(dir) || !existsSync(set)) return undefined;
  const { layoutHash } = setHandshake(set);
  if (layoutHash === RF_LAYOUT_HASH) return new PinnedEngine(dir, set, ENGINE_PROGRAMS);
  const attempted = `use maps with the layout ${layoutHash ?? 'not stated'}, codecs have ${RF_LAYOUT_HASH}`;
  throw new KernelFault('KERNEL_LAYOUT_MISMATCH', attempted, { object: set });
}

/** Layout and build that the set in force was made with. */
export function setHandshake(set: string): { layoutHash: string | undefined; buildId: string | undefined } {
  const path = pinPath(set, 'maps', 'rodata');
  if (!existsSync(path)) return { layoutHash: undefined, buildId: undefined };
  const rodata = attempt('KERNEL_ADOPT_FAILED', () => native().BpfMap.openPinned(path));
  try {
    return attempt('KERNEL_ADOPT_FAILED', () => readHandshake((name) => rodata.readVariable(name)));
  } finally {
    rodata.close();
  }
}

function setOptions(options: LoadOptions): SetOptions {
  const { dir, objectPath, backend, mapEntries = {}, commit = true } = options;
  const programs = options.programs ?? ENGINE_PROGRAMS;
  const layoutHash = options.layoutHash ?? RF_LAYOUT_HASH;
  const variables = Object.fromEntries(
    Object.entries(options.variables ?? {}).map(([name, value]) => [name, String(value)]),
  );
  if (!existsSync(objectPath))
    throw new KernelFault('KERNEL_OBJECT_MISSING', 'find the BPF object', { object: objectPath });
  const buildId = buildIdOf(objectPath, { backend, programs, variables, mapEntries });
  return { dir, objectPath, backend, programs, layoutHash, buildId, variables, mapEntries, commit, owner: process.pid };
}

function hookOf(programs: readonly ProgramSpec[], name: string): string {
  return programs.find((spec) => spec.name === name)?.hook ?? '';
}

class PinnedEngine implements Engine {
  private readonly maps = new Map<string, { native: NativeMap; handle: MapHandle }>();
  private ring: RingHandle | undefined;

  constructor(
    private readonly dir: string,
    private set: string,
    private readonly programs: readonly ProgramSpec[],
  ) {}

  get backend(): BackendName | undefined {
    return backendOf(this.programs, new Set(pinnedNames(this.set, 'links')));
  }

  map(name: string): MapHandle {
    return this.openMap(name).handle;
  }

  attached(): AttachedProgram[] {
    return pinnedNames(this.set, 'links')
      .filter((name) => !isRunByHand(hookOf(this.programs, name)))
      .map((name) => this.readBack(name));
  }

  startEvents(onBatch: (records: Uint8Array[]) => void): void {
    this.stopEvents();
    this.ring = readRing(this.openMap('events').native, onBatch);
  }

  stopEvents(): void {
    this.ring?.close();
    this.ring = undefined;
  }

  testRun(program: string, context: Uint8Array): Uint8Array {
    const handle = attempt('KERNEL_TEST_RUN_FAILED', () =>
      native().BpfProgram.openPinned(pinPath(this.set, 'programs', program)),
    );
    try {
      return attempt('KERNEL_TEST_RUN_FAILED', () => handle.testRun(context).context);
    } finally {
      handle.close();
    }
  }

  runIterator(program: string): Uint8Array {
    const link = attempt('KERNEL_TEST_RUN_FAILED', () =>
      native().BpfLink.openPinned(pinPath(this.set, 'links', program)),
    );
    try {
      return attempt('KERNEL_TEST_RUN_FAILED', () => link.readIterator());
    } finally {
      link.close();
    }
  }

  commit(): void {
    const target = engineSet(this.dir);
    if (this.set === target) return;
    commitSet(this.dir, this.set);
    this.set = target;
  }

  close(): void {
    this.stopEvents();
    for (const { native: map } of this.maps.values()) map.close();
    this.maps.clear();
  }

  private openMap(name: string): { native: NativeMap; handle: MapHandle } {
    const open = this.maps.get(name);
    if (open !== undefined) return open;
    const map = attempt('KERNEL_ADOPT_FAILED', () => native().BpfMap.openPinned(pinPath(this.set, 'maps', name)));
    const entry = { native: map, handle: openMap(map) };
    this.maps.set(name, entry);
    return entry;
  }

  private readBack(name: string): AttachedProgram {
    const link = attempt('KERNEL_ADOPT_FAILED', () => native().BpfLink.openPinned(pinPath(this.set, 'links', name)));
    try {
      const { id, programId } = attempt('KERNEL_ADOPT_FAILED', () => link.info());
      return { name, hook: hookOf(this.programs, name), programId, linkId: id };
    } finally {
      link.close();
    }
  }
}
