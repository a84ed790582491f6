// Which cgroups there are. cgroup id -> path from the cgroup v2 root. The id is the inode number of the directory, as the
// kernel programs know it. Changes with the kernel's cgroup events, and with a scan that finds what events missed.

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
}

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
    const changed = !sameCgroups(this.#cgroups, found);
    if (changed) this.#cgroups = found;
    return changed;
  }

  /** A cgroup that the kernel reported. Its directory may not be visible yet, or be gone already. */
  add(id: bigint, path: string): boolean {
    if (this.#cgroups.get(id)?.path === path) return false;
    const parent = this.#idOfPath(path.slice(0, path.lastIndexOf('/')) || '/');
    this.#cgroups.set(id, { id, path, ...(parent === undefined ? {} : { parent }) });
    return true;
  }

  remove(id: bigint): boolean {
    return this.#cgroups.delete(id);
  }

  #idOfPath(path: string): bigint | undefined {
    for (const cgroup of this.#cgroups.values()) if (cgroup.path === path) return cgroup.id;
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

function sameCgroups(before: ReadonlyMap<bigint, Cgroup>, now: ReadonlyMap<bigint, Cgroup>): boolean {
  if (before.size !== now.size) return false;
  for (const [id, cgroup] of now) if (before.get(id)?.path !== cgroup.path) return false;
  return true;
}
