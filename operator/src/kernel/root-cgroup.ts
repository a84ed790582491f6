// Kernel memory of a map is charged, for as long as the map lives, to the cgroup of whoever made it. Made by the agent's
// own cgroup, maps would fail to grow when its pod is near its memory limit, at fork time of others. So the loader, a
// process of its own that lives for a second, moves to the root cgroup first.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroup2Root, memoryCgroup1Root, readMounts } from './mounts.js';

export interface Charge {
  /** Mount points of the hierarchies whose root this process is in now. */
  readonly moved: readonly string[];
  /** Why not, by mount point. */
  readonly failed: readonly string[];
}

export function moveToRootCgroup(): Charge {
  const mounts = readMounts();
  const roots = [cgroup2Root(mounts), memoryCgroup1Root(mounts)].filter((root) => root !== undefined);
  const moved: string[] = [];
  const failed: string[] = [];
  for (const root of roots) {
    try {
      writeFileSync(join(root, 'cgroup.procs'), String(process.pid));
      moved.push(root);
    } catch (error) {
      failed.push(`${root}: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`);
    }
  }
  return { moved, failed };
}

/** Cgroups of this process, one a hierarchy, as the kernel prints them: `0::/user.slice`. */
export function ownCgroups(): string[] {
  return readFileSync('/proc/self/cgroup', 'utf8').split('\n').filter(Boolean);
}
