// Where the test beds keep what they fetched: kernels, QEMU and busybox. One folder per user, shared by every checkout.
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { userCache } from '../support/user-cache.js';

export class GuestUnavailable extends Error {
  override readonly name = 'GuestUnavailable';
}

export function cacheFolder(): string {
  const folder = userCache('guest');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Names below the cache folder that begin with `prefix`, newest version last. Half-made folders have another prefix. */
export function cached(prefix: string): string[] {
  const byVersion = new Intl.Collator('en', { numeric: true });
  return readdirSync(cacheFolder())
    .filter((name) => name.startsWith(prefix))
    .sort((a, b) => byVersion.compare(a, b));
}

/** Fills a folder under a temporary name and publishes it by rename, so that a killed run never leaves a half-made one. */
export async function publish(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const finished = join(cacheFolder(), name);
  const making = join(cacheFolder(), `.making-${process.pid.toString()}-${name}`);
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  try {
    await fill(making);
    rmSync(finished, { recursive: true, force: true });
    renameSync(making, finished);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return finished;
}
