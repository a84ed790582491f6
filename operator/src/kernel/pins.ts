// Where things live on in the kernel without the agent: a BPF file system of our own, not the shared one, so that a
// hostPath of that shows nothing of ours. Below its mount point <dir>:
//   engine/{maps,programs,links}/<name>   the set in force; a link is what attaches its program
//   pins-<pid>/...                        a set that process <pid> is making, or the one it has just replaced
// A set is renamed into its place whole: whoever looks finds the old or the new one, never a part.

import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { KernelFault } from '../errors.js';
import { attempt } from './fault.js';
import { readMounts } from './mounts.js';
import { native } from './native.js';

export const DEFAULT_DIR = '/run/ringfence/bpf';
/** Shown as the source of the mount. */
export const MOUNT_SOURCE = 'ringfence';

const FOLDERS = ['links', 'programs', 'maps'] as const;
export type PinFolder = (typeof FOLDERS)[number];

/** The set in force. */
export function engineSet(dir: string): string {
  return join(dir, 'engine');
}

/** The set that a process is making. */
export function stagingSet(dir: string, pid: number): string {
  return join(dir, `pins-${pid}`);
}

/** BPF knows `.` as reserved in names of pins: `.rodata` is pinned as `rodata`. */
export function pinName(map: string): string {
  return map.replace(/^\./, '');
}

export function pinPath(set: string, folder: PinFolder, name: string): string {
  return join(set, folder, name);
}

export function pinnedNames(set: string, folder: PinFolder): string[] {
  const path = join(set, folder);
  return existsSync(path) ? readdirSync(path).sort() : [];
}

/** Mounts the file system unless it is there; true when it was mounted now. */
export function mountPins(dir: string): boolean {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new KernelFault('KERNEL_NO_BPFFS', 'make the mount point of the BPF file system', {
      object: dir,
      errno,
      cause,
    });
  }
  return attempt('KERNEL_NO_BPFFS', () => {
    if (native().isBpffs(dir)) return false;
    native().mountBpffs(dir);
    return true;
  });
}

export function isMounted(dir: string): boolean {
  return readMounts().some((mount) => mount.point === dir && mount.type === 'bpf');
}

/** Unmounts what mountPins mounted; a file system that others mounted stays. */
export function unmountPins(dir: string): boolean {
  const ours = readMounts().some(
    (mount) => mount.point === dir && mount.type === 'bpf' && mount.source === MOUNT_SOURCE,
  );
  if (ours) attempt('KERNEL_NO_BPFFS', () => native().unmount(dir));
  return ours;
}

export function makeSet(set: string): void {
  for (const folder of FOLDERS) mkdirSync(join(set, folder), { recursive: true, mode: 0o700 });
}

/** Removes the pins of a set, links first: enforcement by it has ended before anything it needs goes. Returns their paths. */
export function removeSet(set: string): string[] {
  const removed: string[] = [];
  for (const folder of FOLDERS) {
    for (const name of pinnedNames(set, folder)) {
      const path = pinPath(set, folder, name);
      unlinkSync(path);
      removed.push(path);
    }
    if (existsSync(join(set, folder))) rmdirSync(join(set, folder));
  }
  if (existsSync(set)) rmdirSync(set);
  return removed;
}

/** Puts a finished set into force. The replaced set, when there is one, ends after the new one has begun. */
export function commitSet(dir: string, staging: string): void {
  const target = engineSet(dir);
  if (!existsSync(target)) {
    renameSync(staging, target);
    return;
  }
  attempt('KERNEL_PIN_FAILED', () => native().exchangePaths(staging, target));
  removeSet(staging);
}

/** Sets that were being made, or were being removed, by processes that are gone or by this one. */
export function removeStaleSets(dir: string): string[] {
  if (!existsSync(dir)) return [];
  const stale = readdirSync(dir).filter((name) => {
    const pid = Number(/^pins-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
    return !Number.isNaN(pid) && (pid === process.pid || !isAlive(pid));
  });
  return stale.flatMap((name) => removeSet(join(dir, name)));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
