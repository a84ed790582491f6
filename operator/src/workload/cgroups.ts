// Which cgroups there are. cgroup id -> path from the cgroup v2 root. The id is the inode number of the directory, as the
// kernel programs know it. Changes with the kernel's cgroup events, and with a scan that finds what events missed.
// A cgroup that is gone stays until it is forgotten: tasks that were moved out of it are still its workload's.

import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentFault, Fault, KernelFault } from '../errors.js';
import { findCgroup2 } from './mountinfo.js';

export interface Cgroup {
  readonly id: bigint;
  /** From the cgroup v2 root, which is `/`. */
  readonly path: string;
  /** Absent for the root. */
  readonly parent?: bigint;
  readonly gone?: true;
}

/** Gone cgroups remembered at most; the oldest are forgotten first. */
const GONE_MAX = 4096;

/** @throws KernelFault KERNEL_NO_CGROUP2 */
export async function cgroup2Mount(mountinfoPath = '/proc/self/mountinfo'): Promise<string> {
  const point = findCgroup2(await readFile(mountinfoPath, 'utf8'));
  if (point === undefined) throw new KernelFault('KERNEL_NO_CGROUP2', 'find the cgroup v2 mount');
  return point;
}

export class CgroupIndex {
  #cgroups = new Map<bigint, Cgroup>();

  constructor(readonly mount: string) {}

  all(): ReadonlyMap<bigint, Cgroup> {
    return this.#cgroups;
  }

  path(id: bigint): string | undefined {
    return this.#cgroups.get(id)?.path;
  }

  /** Id of the cgroup at a path from the cgroup v2 root. */
  async idOf(path: string): Promise<bigint | undefined> {
    const seen = await lstat(join(this.mount, path), { bigint: true }).catch(() => undefined);
    return seen?.isDirectory() ? seen.ino : undefined;
  }

  /**
   * Reads the whole tree.
   * @returns whether anything differs from what was known
   * @throws AgentFault AGENT_CGROUP_UNREADABLE; what was known stays
   */
  async rescan(): Promise<boolean> {
    const found = new Map<bigint, Cgroup>();
    await this.#walk('/', undefined, found);
    const before = this.#cgroups;
    const gone = [...before.values()].filter(({ id }) => !found.has(id)).map(markGone);
    const changed = [...found.values()].some((cgroup) => !isSame(before.get(cgroup.id), cgroup));
    this.#cgroups = new Map([...gone.slice(-GONE_MAX).map((cgroup) => [cgroup.id, cgroup] as const), ...found]);
    return changed || gone.some(({ id }) => before.get(id)?.gone === undefined);
  }

  /** A cgroup that the kernel reported. Its directory may not be visible yet, or be gone already. */
  add(id: bigint, path: string): boolean {
    const parent = this.#idOfPath(path.slice(0, path.lastIndexOf('/')) || '/');
    const cgroup: Cgroup = { id, path, ...(parent === undefined ? {} : { parent }) };
    if (isSame(this.#cgroups.get(id), cgroup)) return false;
    this.#cgroups.set(id, cgroup);
    return true;
  }

  remove(id: bigint): boolean {
    const known = this.#cgroups.get(id);
    if (known === undefined || known.gone) return false;
    this.#cgroups.set(id, markGone(known));
    return true;
  }

  /** Gone cgroups that nothing refers to any more. */
  forget(isHeld: (id: bigint) => boolean): void {
    for (const { id, gone } of this.#cgroups.values()) if (gone && !isHeld(id)) this.#cgroups.delete(id);
  }

  #idOfPath(path: string): bigint | undefined {
    for (const { id, path: known, gone } of this.#cgroups.values()) if (known === path && !gone) return id;
    return undefined;
  }

  async #walk(path: string, parent: bigint | undefined, found: Map<bigint, Cgroup>): Promise<void> {
    const folder = join(this.mount, path);
    try {
      const { ino } = await lstat(folder, { bigint: true });
      const entries = await readdir(folder, { withFileTypes: true });
      found.set(ino, { id: ino, path, ...(parent === undefined ? {} : { parent }) });
      for (const entry of entries) {
        if (entry.isDirectory()) await this.#walk(join(path, entry.name), ino, found);
      }
    } catch (error) {
      if (path !== '/' && isGone(error)) return;
      if (error instanceof Fault) throw error;
      throw new AgentFault('AGENT_CGROUP_UNREADABLE', 'read cgroup', { object: folder, cause: error });
    }
  }
}

/** Removed between listing and reading: ENOENT before, ENODEV once the kernel has let it go. */
function isGone(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return error.code === 'ENOENT' || error.code === 'ENODEV';
}

function markGone(cgroup: Cgroup): Cgroup {
  return { ...cgroup, gone: true };
}

function isSame(known: Cgroup | undefined, cgroup: Cgroup): boolean {
  return known?.path === cgroup.path && known.gone === cgroup.gone;
}
