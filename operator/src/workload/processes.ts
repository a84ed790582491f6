// What runs in a cgroup, from /proc. A process that ends meanwhile is none; one that cannot be read neither.

import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Start times are told in hundredths of a second. */
export const START_TICK_NS = 10_000_000n;

/** Field 22 of proc(5) stat, the twentieth after the command in brackets. */
const START_FIELD = 19;
const DELETED = ' (deleted)';

export interface RunningProgram {
  /** From the root of its mount namespace. */
  readonly path: string;
  readonly arguments: readonly string[];
}

async function procs(folder: string): Promise<number[]> {
  const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number);
}

/** Process ids of the cgroup and all below it; `folder` is its directory. */
export async function processesBelow(folder: string): Promise<number[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await procs(folder);
  for (const entry of entries) if (entry.isDirectory()) found.push(...(await processesBelow(join(folder, entry.name))));
  return found;
}

/** Boot time at which the process started, ns, not later than it was; undefined where it is no more. */
export async function startOf(pid: number): Promise<bigint | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_FIELD];
  return ticks === undefined ? undefined : BigInt(ticks) * START_TICK_NS;
}

/** Undefined where it has none, has a file that was deleted, or is no more. */
export async function programOf(pid: number): Promise<RunningProgram | undefined> {
  const path = await readlink(`/proc/${pid}/exe`, 'latin1').catch(() => '');
  if (!path.startsWith('/') || path.endsWith(DELETED)) return undefined;
  const text = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
  return { path, arguments: text.split('\0').slice(0, -1) };
}
