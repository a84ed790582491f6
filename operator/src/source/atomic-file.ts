// Files that are whole or not there: written beside, synced, renamed over, and the folder synced.

import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const UNFINISHED = '.tmp';

/** Left by a process that was killed while it wrote. */
export function isUnfinished(name: string): boolean {
  return name.endsWith(UNFINISHED);
}

export async function writeAtomic(path: string, text: string): Promise<void> {
  const beside = `${path}${UNFINISHED}`;
  try {
    const handle = await open(beside, 'w', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
