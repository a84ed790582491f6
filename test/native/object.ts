// Compiles the test object and describes its programs.

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RfClass } from '../../operator/src/abi/abi.gen.js';
import type { ProgramSpec } from '../../operator/src/kernel/programs.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** rf_layout_hash of the test object. */
export const TEST_LAYOUT = '1122334455667788';

export function compileTestObject(name: string, ...defines: string[]): string {
  const object = `${root}/build/test-objects/${name}.bpf.o`;
  mkdirSync(dirname(object), { recursive: true });
  const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-Wall', '-Wextra', '-Wno-unused-parameter', '-Werror'];
  execFileSync('clang', [...flags, ...defines, '-c', `${root}/test/native/probe.bpf.c`, '-o', object], {
    stdio: 'inherit',
  });
  return object;
}

const common = { backends: ['tracepoint'], classes: [], denies: false, signals: false, absent: 'fatal' } as const;

export const TEST_PROGRAMS: readonly ProgramSpec[] = [
  { ...common, name: 'exec_seen', hook: 'tp_btf/sched_process_exec', classes: [RfClass.EXEC], signals: true },
  { ...common, name: 'tasks', hook: 'iter/task' },
  { ...common, name: 'test_send', hook: 'syscall' },
  { ...common, name: 'open_seen', hook: 'lsm/file_open', backends: ['lsm'] },
];

export function u32(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

export function u64(...values: bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}

export function firstU64(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
}

export async function waitFor(condition: () => boolean, timeoutMs = 5000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not become true in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
