// When to look at the policy folder: at once when the kernel says that something changed, and every two seconds in any
// case, because notification is lost on some file systems. A change counts when two looks in a row find the same, so that
// a file being written in place is not taken half; a folder that never rests is taken as it is after half a second.

import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import type { Clock } from './clock.js';
import type { FolderScan } from './folder.js';

const RESCAN_MS = 2000;
const SETTLE_MS = 25;
const UNSETTLED_MAX_MS = 500;

export interface Scanner {
  scan(): Promise<FolderScan>;
}

export interface WatcherOptions {
  readonly folder: Scanner;
  readonly clock: Clock;
  readonly onScan: (scan: FolderScan) => void;
  readonly onFault: (error: unknown) => void;
}

export class FolderWatcher {
  readonly #options: WatcherOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #cancel: (() => void) | undefined;
  #dueMs = 0;
  #scanning = false;
  #again = false;
  #stopped = false;
  #unsettledSince: number | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  /** The first scan is delivered as it is: at start there is nothing older to wait with. */
  async start(): Promise<void> {
    const scan = await this.#options.folder.scan();
    this.#watchFolders(scan.folders);
    this.#options.onScan(scan);
    this.#schedule(RESCAN_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** A look that is due sooner stays: a stream of notifications must not put it off for ever. */
  #schedule(delayMs: number): void {
    const { clock, onFault } = this.#options;
    const dueMs = clock.now() + delayMs;
    if (this.#stopped || (this.#cancel !== undefined && this.#dueMs <= dueMs)) return;
    this.#cancel?.();
    this.#dueMs = dueMs;
    this.#cancel = clock.after(delayMs, () => {
      this.#cancel = undefined;
      this.#look().catch(onFault);
    });
  }

  async #look(): Promise<void> {
    if (this.#scanning) {
      this.#again = true;
      return;
    }
    this.#scanning = true;
    try {
      const scan = await this.#options.folder.scan();
      if (this.#stopped) return;
      this.#watchFolders(scan.folders);
      this.#judge(scan);
    } finally {
      this.#scanning = false;
      this.#schedule(this.#again || this.#unsettledSince !== undefined ? SETTLE_MS : RESCAN_MS);
      this.#again = false;
    }
  }

  #judge(scan: FolderScan): void {
    const now = this.#options.clock.now();
    if (scan.changed) this.#unsettledSince ??= now;
    if (this.#unsettledSince === undefined) return;
    if (scan.changed && now - this.#unsettledSince < UNSETTLED_MAX_MS) return;
    this.#unsettledSince = undefined;
    this.#options.onScan(scan);
  }

  #watchFolders(folders: readonly string[]): void {
    for (const [path, watcher] of this.#watchers) {
      if (folders.includes(path)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    for (const path of folders) if (!this.#watchers.has(path)) this.#watchFolder(path);
  }

  /** Where notification cannot be had (too many watches, a file system without it) the rescan finds changes. */
  #watchFolder(path: string): void {
    try {
      const watcher = watch(path, { persistent: false }, () => {
        this.#schedule(SETTLE_MS);
      });
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(path);
      });
      this.#watchers.set(path, watcher);
    } catch {
      this.#watchers.delete(path);
    }
  }
}
