// Takes everything of ours out of the kernel, whatever state it is in, with no agent running. Enforcement ends with the
// links, which go first, so that no program ever runs without the maps it needs.

import { existsSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LOCK_FILE, lockRunDirectory } from './lock.js';
import { isMounted, removeSet, unmountPins } from './pins.js';

export interface UninstallReport {
  /** Paths of pins, mounts and folders that were removed, in order. */
  readonly removed: readonly string[];
  /** What is still there, with the reason. */
  readonly left: readonly string[];
}

/** Iterators that the kernel itself puts into every BPF file system; they go with the mount. */
const KERNEL_PINS: readonly string[] = ['maps.debug', 'progs.debug'];

/**
 * Throws AGENT_ALREADY_RUNNING while an agent holds the run folder, the parent of `dir`.
 * @param others takes away what the kernel does not hold, while no agent can start
 */
export function uninstall(dir: string, others: () => UninstallReport = nothing): UninstallReport {
  const runDir = dirname(dir);
  const removed: string[] = [];
  const left: string[] = [];
  if (!existsSync(runDir)) return others();
  const lock = lockRunDirectory(runDir);
  const step = (path: string, remove: () => readonly string[]): void => {
    try {
      removed.push(...remove());
    } catch (error) {
      left.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  try {
    if (isMounted(dir)) {
      for (const name of readdirSync(dir).filter((entry) => !KERNEL_PINS.includes(entry)))
        step(join(dir, name), () => removeOurs(dir, name));
      step(dir, () => (left.length === 0 && unmountPins(dir) ? [`mount ${dir}`] : []));
    }
    if (existsSync(dir) && !isMounted(dir)) step(dir, () => removeFolder(dir));
    const more = others();
    removed.push(...more.removed);
    left.push(...more.left);
    step(join(runDir, LOCK_FILE), () => removeFile(join(runDir, LOCK_FILE)));
  } finally {
    lock.release();
  }
  if (readdirSync(runDir).length === 0) step(runDir, () => removeFolder(runDir));
  return { removed, left };
}

function nothing(): UninstallReport {
  return { removed: [], left: [] };
}

/** Only sets are ours: another tool's pin in the same file system stays, and with it the mount. */
function removeOurs(dir: string, name: string): string[] {
  if (name !== 'engine' && !/^pins-\d+$/.test(name)) throw new Error('not made by ringfence');
  return [...removeSet(join(dir, name)), join(dir, name)];
}

function removeFolder(path: string): string[] {
  rmdirSync(path);
  return [path];
}

function removeFile(path: string): string[] {
  rmSync(path);
  return [path];
}
