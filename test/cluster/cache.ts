// Where the cluster bed keeps what it built or fetched: <cache>/ringfence/kubernetes/<version>/, shared by every checkout of a user.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { userCache } from '../support/user-cache.js';

/** The bed cannot be made here; the message says what is missing. Tests turn it into a skip. */
export class ClusterUnavailable extends Error {
  override readonly name = 'ClusterUnavailable';
}

export const KUBERNETES_VERSION = 'v1.34.4';

export function clusterCache(): string {
  const folder = userCache('kubernetes', KUBERNETES_VERSION);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Makes <cache>/<name> once: filled under a temporary name and published by rename, so that a killed run leaves no half-made one. */
export async function cachedFolder(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const finished = join(clusterCache(), name);
  if (existsSync(finished)) return finished;
  const making = join(clusterCache(), `.making-${process.pid.toString()}-${name}`);
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  try {
    await fill(making);
    // Another run may have been quicker; both made the same.
    if (!existsSync(finished)) renameSync(making, finished);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return finished;
}
