// What this machine offers, found by trying: each program of the engine is loaded in its smallest form, nothing is attached.

import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { arch, release } from 'node:os';
import { KernelFault } from '../errors.js';
import { chooseBackend, classTable } from './backends.js';
import type { ClassTable, ProgramFinding } from './backends.js';
import { examineProgram, kernelVariables, overlayUpperOffset } from './examine.js';
import { isNativeError } from './fault.js';
import { cgroup2Root, memoryCgroup1Root, readMounts } from './mounts.js';
import { native } from './native.js';
import type { NativeTypes } from './native.js';
import { isFullyPreemptible } from './preempt.js';
import { ENGINE_PROGRAMS } from './programs.js';
import type { BackendName, ProgramSpec } from './programs.js';

export interface ProbeReport {
  readonly release: string;
  readonly arch: string;
  readonly root: boolean;
  readonly libbpf: string;
  readonly cpus: number;
  /** Type information of the kernel; without it no program can be fitted to it. */
  readonly btf: boolean;
  /** LSMs in force, in order; empty when the kernel does not say. */
  readonly lsms: readonly string[];
  /** Lockdown in force: none, integrity or confidentiality; undefined when the kernel does not say. */
  readonly lockdown: string | undefined;
  /** Whether addresses of kernel symbols can be read. */
  readonly symbols: 'readable' | 'hidden' | 'missing';
  readonly cgroup2: string | undefined;
  /** Mount point of the version 1 memory controller on hybrid hosts. */
  readonly memoryCgroup1: string | undefined;
  /** Typed loads from kernel addresses, from Linux 6.2: cheaper reads. */
  readonly typedLoads: boolean;
  /** rf_node.ovl_upper_off; 0: not known now. */
  readonly overlayUpperOffset: number;
  readonly programs: readonly ProgramFinding[];
  /** The best backend that works here. */
  readonly backend: BackendName | undefined;
  /** What each backend would hold. */
  readonly classes: Readonly<Record<BackendName, ClassTable>>;
}

export function probeKernel(specs: readonly ProgramSpec[] = ENGINE_PROGRAMS): ProbeReport {
  const mounts = readMounts();
  const types = readTypes();
  const typedLoads = types !== undefined && kernelVariables(types)['rf_can_cast'] === 1n;
  const programs = types === undefined ? [] : examinePrograms(types, specs, typedLoads);
  return {
    release: release(),
    arch: arch(),
    root: process.geteuid?.() === 0,
    libbpf: native().libbpfVersion,
    cpus: native().possibleCpus(),
    btf: types !== undefined,
    lsms: readText('/sys/kernel/security/lsm')?.trim().split(',') ?? [],
    lockdown: /\[(\w+)\]/.exec(readText('/sys/kernel/security/lockdown') ?? '')?.[1],
    symbols: symbolsReadable(readStart('/proc/kallsyms', SYMBOLS_READ)),
    cgroup2: cgroup2Root(mounts),
    memoryCgroup1: memoryCgroup1Root(mounts),
    typedLoads,
    overlayUpperOffset: types === undefined ? 0 : overlayUpperOffset(types),
    programs,
    backend: chooseBackend(specs, programs),
    classes: { lsm: classTable(specs, programs, 'lsm'), tracepoint: classTable(specs, programs, 'tracepoint') },
  };
}

/** Up to 6.1, to which typed loads did not come, a kernel that preempts leaves LSM programs out: they can promise nothing. */
function examinePrograms(types: NativeTypes, specs: readonly ProgramSpec[], typedLoads: boolean): ProgramFinding[] {
  const found = specs.map((spec) => examineProgram(types, spec));
  return !typedLoads && isPreemptible() ? found.map(leftOut) : found;
}

function isPreemptible(): boolean {
  return isFullyPreemptible({
    version: readText('/proc/version') ?? '',
    model: readText('/sys/kernel/debug/sched/preempt'),
    commandLine: readText('/proc/cmdline') ?? '',
  });
}

function leftOut(finding: ProgramFinding): ProgramFinding {
  if (!finding.hook.startsWith('lsm/') || finding.state !== 'ok') return finding;
  return { ...finding, state: 'refused', errno: 'preempt=full' };
}

/** Throws the fault that keeps the engine from running on this machine at all; returns the backend to use. */
export function requireBackend(report: ProbeReport): BackendName {
  if (!report.root) throw new KernelFault('KERNEL_NOT_ROOT', 'load BPF programs', { errno: 'EPERM' });
  if (!report.btf) throw new KernelFault('KERNEL_NO_BTF', 'read /sys/kernel/btf/vmlinux');
  if (report.cgroup2 === undefined) throw new KernelFault('KERNEL_NO_CGROUP2', 'find a cgroup v2 mount');
  if (report.backend !== undefined) return report.backend;
  const refused = report.programs.filter((program) => program.state !== 'ok');
  throw new KernelFault('KERNEL_NO_BACKEND', 'find a backend', { programs: refused });
}

function readTypes(): NativeTypes | undefined {
  const { KernelTypes } = native();
  try {
    return new KernelTypes();
  } catch (error) {
    if (isNativeError(error)) return undefined;
    throw error;
  }
}

/** The first symbols are per-CPU ones, whose addresses are small or zero for everybody. */
const SYMBOLS_READ = 512 * 1024;

/** To those who may not see them every address reads as zero. */
function symbolsReadable(text: string | undefined): ProbeReport['symbols'] {
  if (text === undefined || text === '') return 'missing';
  return /^(?!0+ )[0-9a-f]+ /m.test(text) ? 'readable' : 'hidden';
}

function readStart(path: string, bytes: number): string | undefined {
  if (!existsSync(path)) return undefined;
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(bytes);
    let length = 0;
    for (let got = -1; got !== 0 && length < bytes; length += got)
      got = readSync(file, buffer, length, bytes - length, null);
    return buffer.toString('latin1', 0, length);
  } finally {
    closeSync(file);
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
