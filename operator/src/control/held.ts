// What is held on this node, as the engine's programs were read back from the kernel: the ground of every guarantee that
// `probe` and `status` print.

import { hookOfClass } from '../compile/classes.js';
import { CLASS_NAMES } from '../event/names.js';
import { classTable, ENGINE_PROGRAMS } from '../kernel/index.js';
import type { AttachedProgram, BackendName, ClassTable, ProgramFinding } from '../kernel/index.js';
import type { Backend, Backends } from '../report/guarantee.js';

/** By decision point of the policy language. */
export function backendsOf(table: ClassTable): Backends {
  const backends = new Map<ReturnType<typeof hookOfClass>, Backend>();
  for (const { class: number, hook, denies, signals } of table.held) {
    const name = CLASS_NAMES[number];
    if (name !== undefined) backends.set(hookOfClass(name), { hook, denies, signals });
  }
  return backends;
}

/** A program that could be loaded and is not attached holds nothing. */
export function heldTable(
  attached: readonly AttachedProgram[],
  probed: readonly ProgramFinding[],
  backend: BackendName,
): ClassTable {
  const names = new Set(attached.map((program) => program.name));
  const findings = probed.map((finding): ProgramFinding => {
    if (names.has(finding.name)) return { ...finding, state: 'ok' };
    return finding.state === 'ok' ? { ...finding, state: 'refused' } : finding;
  });
  return classTable(ENGINE_PROGRAMS, findings, backend);
}
