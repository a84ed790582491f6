// Policies of a folder of files, watched.

import type { Log } from '../log.js';
import type { Clock } from '../source/clock.js';
import { PolicyFolder } from '../source/folder.js';
import type { FolderScan } from '../source/folder.js';
import type { ObjectState } from '../source/merge.js';
import type { PolicySource } from '../source/policy-source.js';
import type { StoredObject } from '../source/state.js';
import { FolderWatcher } from '../source/watcher.js';
import type { FaultBoard } from './fault-board.js';
import type { PolicyFeed } from './policy-feed.js';

export interface FolderFeedOptions {
  readonly path: string;
  readonly source: PolicySource;
  readonly clock: Clock;
  readonly log: Log;
  readonly faults: FaultBoard;
  readonly onChange: () => void;
}

export class FolderFeed implements PolicyFeed {
  readonly #options: FolderFeedOptions;
  readonly #folder: PolicyFolder;
  #objects: ReadonlyMap<string, ObjectState> = new Map();
  #strayIssues: readonly unknown[] = [];
  #isRead = false;
  #isHolding = false;
  #watcher: FolderWatcher | undefined;

  constructor(options: FolderFeedOptions) {
    this.#options = options;
    this.#folder = new PolicyFolder(options.path);
  }

  objects(): ReadonlyMap<string, ObjectState> {
    return this.#objects;
  }

  strayIssues(): readonly unknown[] {
    return this.#strayIssues;
  }

  isHolding(): boolean {
    return this.#isHolding;
  }

  missing(): readonly string[] {
    return this.#isRead ? [] : ['the policy folder has not been read yet'];
  }

  /** What an earlier run left behind as good. */
  restore(stored: readonly StoredObject[]): void {
    this.#objects = this.#options.source.restore(stored).objects;
  }

  /**
   * The folder as it is now, for an agent that takes over what another left in the kernel: nothing may be taken back for
   * a moment. Where it cannot be read and nothing is remembered, the kernel keeps what it has.
   */
  async takeOver(remembers: boolean): Promise<void> {
    const scan = await this.#folder.scan();
    this.#take(scan);
    this.#isHolding = scan.faults.length > 0 && !remembers;
  }

  async start(): Promise<void> {
    const { clock, log, onChange } = this.#options;
    this.#watcher = new FolderWatcher({
      folder: this.#folder,
      clock,
      onScan: (scan) => {
        this.#take(scan);
        onChange();
      },
      onFault: (error) => log.error('policy folder could not be read', { reason: String(error) }),
    });
    await this.#watcher.start();
  }

  stop(): void {
    this.#watcher?.stop();
  }

  #take(scan: FolderScan): void {
    const { source, log, faults } = this.#options;
    const { objects, strayIssues } = source.take(scan);
    this.#objects = objects;
    this.#strayIssues = strayIssues;
    this.#isRead = true;
    if (scan.faults.length === 0) this.#isHolding = false;
    const unread = [...scan.files.values()].flatMap(({ fault }) => fault ?? []);
    faults.setGroup('policies', [...scan.faults, ...unread]);
    const rejected = [...objects.values()].filter(({ issues }) => issues.some(({ level }) => level === 'error'));
    log.info('policy folder read', { files: scan.files.size, objects: objects.size, rejected: rejected.length });
  }
}
