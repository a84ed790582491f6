// Asks the kernel about each program: does it have the hook, would it load a program for it. Nothing is attached.

import type { ProgramFinding } from './backends.js';
import type { NativeTypes } from './native.js';
import type { ProgramSpec } from './programs.js';

export function examineProgram(types: NativeTypes, spec: ProgramSpec): ProgramFinding {
  const { name, hook } = spec;
  if (hook === 'syscall') return tried(types, spec);
  if (types.targetId(hook) === 0) return { name, hook, state: 'absent' };
  if (spec.arity !== undefined && types.targetArity(hook) !== spec.arity) return { name, hook, state: 'absent' };
  return tried(types, spec);
}

function tried(types: NativeTypes, { name, hook }: ProgramSpec): ProgramFinding {
  const refusal = types.tryProgram(hook);
  return refusal === undefined ? { name, hook, state: 'ok' } : { name, hook, state: 'refused', errno: refusal.errno };
}

/** Read-only variables that tell the programs what this kernel has; set where the object declares them. */
export function kernelVariables(types: NativeTypes): Readonly<Record<string, bigint>> {
  return { rf_can_cast: types.hasFunction('bpf_rdonly_cast') ? 1n : 0n };
}

/**
 * Value of rf_node.ovl_upper_off: bytes from an overlay inode's struct inode to its upper dentry, plus 1. 0 while the
 * overlay module is not loaded, or when its types are not known.
 */
export function overlayUpperOffset(types: NativeTypes): number {
  const inode = types.memberOffset('ovl_inode', 'vfs_inode', 'overlay') ?? types.memberOffset('ovl_inode', 'vfs_inode');
  const upper =
    types.memberOffset('ovl_inode', '__upperdentry', 'overlay') ?? types.memberOffset('ovl_inode', '__upperdentry');
  return inode === undefined || upper === undefined ? 0 : upper - inode + 1;
}
