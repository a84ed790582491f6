// Loads the object, attaches its programs and pins the set: all of it, or nothing that lasts. Runs in the loader process.

import { existsSync } from 'node:fs';
import { KernelFault } from '../errors.js';
import { missingEssentials } from './backends.js';
import type { ProgramFinding } from './backends.js';
import { examineProgram, kernelVariables } from './examine.js';
import { attempt } from './fault.js';
import { native } from './native.js';
import type { NativeMap, NativeObject, NativeObjectMap } from './native.js';
import {
  commitSet,
  engineSet,
  makeSet,
  mountPins,
  pinName,
  pinPath,
  removeSet,
  removeStaleSets,
  stagingSet,
  unmountPins,
} from './pins.js';
import { PER_CPU_ENTRIES, PRIVATE_MAPS, SEED_PROGRAMS } from './programs.js';
import type { BackendName, ProgramSpec } from './programs.js';
import { BUILD_VARIABLE, readHandshake, u64 } from './handshake.js';

export interface SetOptions {
  /** Mount point of our BPF file system. */
  readonly dir: string;
  readonly objectPath: string;
  readonly backend: BackendName;
  readonly programs: readonly ProgramSpec[];
  /** 16 hexadecimal digits each. */
  readonly layoutHash: string;
  readonly buildId: string;
  /** Read-only variables by name, as decimal numbers. */
  readonly variables: Readonly<Record<string, string>>;
  readonly mapEntries: Readonly<Record<string, number>>;
  /** False: the set stays in staging, attached, until Engine.commit. */
  readonly commit: boolean;
  /** Process in whose name the set is staged: it is stale when that one is gone. */
  readonly owner: number;
}

export interface SetResult {
  readonly findings: readonly ProgramFinding[];
  readonly set: string;
  readonly reusedMaps: readonly string[];
}

export function loadSet(options: SetOptions): SetResult {
  const mounted = mountPins(options.dir);
  const staging = stagingSet(options.dir, options.owner);
  try {
    removeStaleSets(options.dir);
    removeSet(staging);
    makeSet(staging);
    return fillSet(options, staging);
  } catch (error) {
    removeSet(staging);
    if (mounted) unmountPins(options.dir);
    throw error;
  }
}

function fillSet(options: SetOptions, staging: string): SetResult {
  const object = openObject(options.objectPath);
  try {
    checkLayout(object, options);
    const findings = selectPrograms(object, options);
    adjust(object, options);
    const reusedMaps = existsSync(engineSet(options.dir)) ? reuseMaps(object, options) : [];
    load(object);
    const names = findings.filter((finding) => finding.state === 'ok').map((finding) => finding.name);
    pinAll(object, staging, names, options.programs);
    if (reusedMaps.length > 0) seed(staging, names);
    if (!options.commit) return { findings, set: staging, reusedMaps };
    commitSet(options.dir, staging);
    return { findings, set: engineSet(options.dir), reusedMaps };
  } finally {
    object.close();
  }
}

function openObject(path: string): NativeObject {
  if (!existsSync(path)) throw new KernelFault('KERNEL_OBJECT_MISSING', 'find the BPF object', { object: path });
  const { BpfObject } = native();
  return attempt('KERNEL_OBJECT_MISSING', () => new BpfObject(path));
}

/** Before anything is created: object and codecs prove that they speak of the same layout. */
function checkLayout(object: NativeObject, { objectPath, layoutHash }: SetOptions): void {
  const { layoutHash: got } = readHandshake((name) => object.readOnlyVariable(name));
  if (got === layoutHash) return;
  throw new KernelFault(
    'KERNEL_LAYOUT_MISMATCH',
    `use a BPF object with the layout ${got ?? 'not stated'}, codecs have ${layoutHash}`,
    {
      object: objectPath,
    },
  );
}

/** Programs that this kernel takes are loaded; what the backend cannot do without must be among them. */
function selectPrograms(object: NativeObject, options: SetOptions): ProgramFinding[] {
  const { KernelTypes } = native();
  const types = attempt('KERNEL_NO_BTF', () => new KernelTypes());
  const specs = options.programs.filter((spec) => spec.backends.includes(options.backend));
  const findings = specs.map((spec) => examineProgram(types, spec));
  const [missing] = missingEssentials(specs, findings, options.backend);
  if (missing !== undefined) {
    const errno = missing.errno === undefined ? {} : { errno: missing.errno };
    throw new KernelFault('KERNEL_NO_BACKEND', `use the ${options.backend} backend without ${missing.hook}`, {
      object: missing.name,
      ...errno,
    });
  }
  const wanted = new Set(findings.filter((finding) => finding.state === 'ok').map((finding) => finding.name));
  for (const { name } of object.programs())
    attempt('KERNEL_LOAD_REJECTED', () => object.setAutoload(name, wanted.has(name)));
  for (const [name, value] of Object.entries(kernelVariables(types))) setVariable(object, name, value);
  return findings;
}

function adjust(object: NativeObject, options: SetOptions): void {
  const present = new Set(object.maps().map((map) => map.name));
  const cpus = native().possibleCpus();
  for (const [map, entries] of Object.entries(PER_CPU_ENTRIES)) {
    if (present.has(map)) attempt('KERNEL_LOAD_REJECTED', () => object.setMaxEntries(map, entries * cpus));
  }
  for (const [map, entries] of Object.entries(options.mapEntries)) {
    attempt('KERNEL_LOAD_REJECTED', () => object.setMaxEntries(map, entries));
  }
  for (const [name, value] of Object.entries(options.variables)) setVariable(object, name, BigInt(value));
  attempt('KERNEL_LAYOUT_MISMATCH', () =>
    object.setReadOnlyVariable(BUILD_VARIABLE, u64(BigInt(`0x${options.buildId}`))),
  );
}

/** Little-endian, in as many bytes as the variable has; a variable that the object does not have is not needed. */
function setVariable(object: NativeObject, name: string, value: bigint): void {
  const size = object.readOnlyVariable(name)?.length;
  if (size !== undefined)
    attempt('KERNEL_LOAD_REJECTED', () => object.setReadOnlyVariable(name, u64(value).subarray(0, size)));
}

/** The maps of the set in force that mean the same to the new programs: policies, counters and events go on. */
function reuseMaps(object: NativeObject, { dir, layoutHash }: SetOptions): string[] {
  const set = engineSet(dir);
  const rodata = openPinnedMap(set, 'rodata');
  const same = rodata !== undefined && readHandshake((name) => rodata.readVariable(name)).layoutHash === layoutHash;
  rodata?.close();
  if (!same) return [];
  const candidates = object.maps().filter((map) => !map.internal && !PRIVATE_MAPS.includes(map.name));
  return candidates.filter((map) => reuseMap(object, set, map)).map((map) => map.name);
}

function reuseMap(object: NativeObject, set: string, wanted: NativeObjectMap): boolean {
  const present = openPinnedMap(set, wanted.name);
  if (present === undefined) return false;
  const { type, keySize, valueSize, maxEntries } = present.info();
  const fits =
    type === wanted.type &&
    keySize === wanted.keySize &&
    valueSize === wanted.valueSize &&
    maxEntries === wanted.maxEntries;
  if (fits) attempt('KERNEL_LOAD_REJECTED', () => object.reuseMap(wanted.name, present));
  present.close();
  return fits;
}

function openPinnedMap(set: string, name: string): NativeMap | undefined {
  const path = pinPath(set, 'maps', name);
  return existsSync(path) ? attempt('KERNEL_ADOPT_FAILED', () => native().BpfMap.openPinned(path)) : undefined;
}

function load(object: NativeObject): void {
  try {
    attempt('KERNEL_LOAD_REJECTED', () => object.load());
  } catch (error) {
    if (!(error instanceof KernelFault)) throw error;
    const { verifierLog } = error.properties;
    const log = typeof verifierLog === 'string' ? verifierLog : '';
    const program = /prog '([^']+)': failed to load/.exec(log)?.[1];
    if (program === undefined) throw error;
    throw new KernelFault('KERNEL_LOAD_REJECTED', `load program ${program}`, {
      errno: error.errno ?? 'unknown',
      verifierLog: log,
    });
  }
}

function pinAll(object: NativeObject, set: string, names: readonly string[], specs: readonly ProgramSpec[]): void {
  for (const { name, autocreate } of object.maps()) {
    if (!autocreate) continue;
    const map = attempt('KERNEL_PIN_FAILED', () => object.map(name));
    attempt('KERNEL_PIN_FAILED', () => map.pin(pinPath(set, 'maps', pinName(name))));
    map.close();
  }
  const hooks = new Map(specs.map((spec) => [spec.name, spec.hook]));
  for (const name of names) pinProgram(object, set, name, hooks.get(name) ?? '');
}

/** An iterator's link runs nothing by itself: it is what the iterator is started from. */
function pinProgram(object: NativeObject, set: string, name: string, hook: string): void {
  const program = attempt('KERNEL_PIN_FAILED', () => object.program(name));
  attempt('KERNEL_PIN_FAILED', () => program.pin(pinPath(set, 'programs', name)));
  if (hook !== 'syscall') {
    const link = attempt('KERNEL_ATTACH_REFUSED', () => program.attach());
    attempt('KERNEL_PIN_FAILED', () => link.pin(pinPath(set, 'links', name)));
    link.close();
  }
  program.close();
}

/** Tasks are known to the new programs before the old ones go. */
function seed(set: string, names: readonly string[]): void {
  for (const name of SEED_PROGRAMS.filter((program) => names.includes(program))) {
    const link = attempt('KERNEL_ATTACH_REFUSED', () => native().BpfLink.openPinned(pinPath(set, 'links', name)));
    attempt('KERNEL_ATTACH_REFUSED', () => link.readIterator());
    link.close();
  }
}
