// What is in force -> state directory, in the background: enforcement never waits for a disk. What cannot be written is
// tried again, and until then said to be unsaved.

import type { Fault } from '../errors.js';
import type { Clock } from '../source/clock.js';
import type { GoodObject } from '../source/merge.js';
import type { Registry } from '../source/registry.js';
import type { StateDirectory, StoredObject } from '../source/state.js';

const RETRY_MS = 5000;

export interface PersisterOptions {
  readonly state: StateDirectory;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Told when writing begins to fail; and with undefined when everything is written again. */
  readonly onFault: (fault: Fault | undefined) => void;
}

export class Persister {
  readonly #options: PersisterOptions;
  /** uid -> version on disk. */
  readonly #saved = new Map<string, string>();
  #wanted: ReadonlyMap<string, GoodObject> = new Map();
  #untouched: ReadonlySet<string> = new Set();
  #running: Promise<void> | undefined;
  #failing = false;

  constructor(options: PersisterOptions, stored: readonly StoredObject[]) {
    this.#options = options;
    for (const object of stored) this.#saved.set(object.uid, versionOf(object));
  }

  /**
   * @param objects those that are in force now; those on disk that are not among them are removed
   * @param untouched uids whose version on disk is still the last good one
   */
  keep(objects: ReadonlyMap<string, GoodObject>, untouched: ReadonlySet<string>): void {
    this.#wanted = objects;
    this.#untouched = untouched;
    this.#running ??= this.#run();
  }

  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Rule keys go to disk before the kernel counts under them, unless the disk refuses. */
  async saveRegistry(): Promise<void> {
    const { state, registry } = this.#options;
    const data = registry.unsaved();
    if (data === undefined) return;
    await state.saveRegistry(data);
    registry.saved();
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    try {
      await this.saveRegistry();
      for (let task = this.#next(); task !== undefined; task = this.#next()) await task();
      this.#report(undefined);
    } catch (error) {
      this.#report(error as Fault);
      this.#options.clock.after(RETRY_MS, () => {
        this.#running ??= this.#run();
      });
    }
    this.#running = undefined;
  }

  /** One file to write or remove. */
  #next(): (() => Promise<void>) | undefined {
    const { state } = this.#options;
    for (const object of this.#wanted.values()) {
      if (this.#saved.get(object.uid) === versionOf(object)) continue;
      return async () => {
        await state.saveObject(storedOf(object));
        this.#saved.set(object.uid, versionOf(object));
      };
    }
    for (const uid of this.#saved.keys()) {
      if (this.#wanted.has(uid) || this.#untouched.has(uid)) continue;
      return async () => {
        await state.removeObject(uid);
        this.#saved.delete(uid);
      };
    }
    return undefined;
  }

  #report(error: Fault | undefined): void {
    const failing = error !== undefined;
    if (failing === this.#failing) return;
    this.#failing = failing;
    this.#options.onFault(error);
  }
}

function versionOf({ generation, pausedUntil = '' }: StoredObject | GoodObject): string {
  return `${generation} ${pausedUntil}`;
}

function storedOf({
  uid,
  kind,
  namespace,
  name,
  generation,
  source,
  file,
  text,
  pausedUntil,
}: GoodObject): StoredObject {
  const stored = { uid, kind, namespace, name, generation, source, file, text };
  return { ...stored, ...(pausedUntil !== undefined && { pausedUntil }) };
}
