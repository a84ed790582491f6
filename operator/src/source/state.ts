// What must outlive the agent, below one directory. objects/UID.json: the last good version of each file's object.
// registry.json: numbers given to rules and objects (registry.ts). pause.json: until when the node is paused. cluster.json:
// what the API server said of pods, namespaces and this node. counts.json: violations counted so far. tenure.json: policies that the
// node has lived with. predating.json: since when policies are in force. counters.json: what counters of the kernel had counted that
// are no more.
// A file that cannot be written is tried again; a damaged one is set aside and costs only what it held.

import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceFault } from '../errors.js';
import type { Fault } from '../errors.js';
import { isUnfinished, syncFolder, writeAtomic } from './atomic-file.js';
import { errnoName, sourceFault } from './errno.js';
import { emptyRegistry } from './registry.js';
import type { RegistryData } from './registry.js';

export const DEFAULT_STATE_DIR = '/var/lib/ringfence';
const FORMAT = 1;

/** All but the objects; what removes state knows no others. */
export const STATE_FILES = {
  registry: 'registry.json',
  pause: 'pause.json',
  cluster: 'cluster.json',
  counts: 'counts.json',
  tenure: 'tenure.json',
  counters: 'counters.json',
  predating: 'predating.json',
} as const;

/** An object of a policy folder or of the API server as it was when it was last good. */
export interface StoredObject {
  readonly uid: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** Absent: a file. */
  readonly source?: 'File' | 'API';
  /** RFC 3339. */
  readonly pausedUntil?: string;
  /** File below the policy folder that it came from, or the name of the API server's object. */
  readonly file: string;
  /** The text of its document, to be parsed and validated again. */
  readonly text: string;
}

export interface PauseState {
  /** RFC 3339. */
  readonly since: string;
  readonly until: string;
}

/** What the API server said last; a node enforces by it before the server answers. */
export interface ClusterState {
  /** Objects of pods, as far as they are read (workload/pods.ts). */
  readonly pods: readonly unknown[];
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly emergency: boolean;
}

export interface TenureState {
  /** Of the boot in which it was written. */
  readonly bootID: string;
  /** By policy uid: the generation that the node has lived with. */
  readonly proven: Readonly<Record<string, number>>;
}

export interface SavedState {
  readonly objects: readonly StoredObject[];
  readonly registry: RegistryData;
  readonly pause: PauseState | undefined;
  readonly cluster: ClusterState | undefined;
  /** For report/node-counts.ts. */
  readonly counts: Readonly<Record<string, unknown>> | undefined;
  readonly tenure: TenureState | undefined;
  /** For control/counter-book.ts. */
  readonly counters: Readonly<Record<string, unknown>> | undefined;
  /** For control/predating.ts. */
  readonly predating: Readonly<Record<string, unknown>> | undefined;
  readonly faults: readonly Fault[];
}

export class StateDirectory {
  readonly #objects: string;
  /** Path -> the end of the last change that was asked for. */
  readonly #last = new Map<string, Promise<void>>();

  constructor(readonly path: string) {
    this.#objects = join(path, 'objects');
  }

  /** Everything that can be read; what is damaged or missing is absent, and named in `faults` where it was damaged. */
  async load(): Promise<SavedState> {
    const faults: Fault[] = [];
    await mkdir(this.#objects, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      faults.push(sourceFault('SOURCE_STATE_UNWRITABLE', 'make state directory', this.path, error));
    });
    await Promise.all([this.path, this.#objects].map(removeUnfinished));
    const objects: StoredObject[] = [];
    for (const name of await this.#objectFiles(faults)) {
      const object = await readJson(join(this.#objects, name), isStoredObject, faults);
      if (object !== undefined) objects.push(object);
    }
    return {
      objects,
      registry: (await readJson(join(this.path, STATE_FILES.registry), isRegistry, faults)) ?? emptyRegistry(),
      pause: await readJson(join(this.path, STATE_FILES.pause), isPause, faults),
      cluster: await readJson(join(this.path, STATE_FILES.cluster), isCluster, faults),
      counts: await readJson(join(this.path, STATE_FILES.counts), isRecord, faults),
      tenure: await readJson(join(this.path, STATE_FILES.tenure), isTenure, faults),
      counters: await readJson(join(this.path, STATE_FILES.counters), isRecord, faults),
      predating: await readJson(join(this.path, STATE_FILES.predating), isRecord, faults),
      faults,
    };
  }

  async saveObject(object: StoredObject): Promise<void> {
    await this.#save(join(this.#objects, `${object.uid}.json`), object);
  }

  async removeObject(uid: string): Promise<void> {
    await this.#remove(join(this.#objects, `${uid}.json`));
  }

  async saveRegistry(registry: RegistryData): Promise<void> {
    await this.#save(join(this.path, STATE_FILES.registry), registry);
  }

  async savePause(pause: PauseState | undefined): Promise<void> {
    const path = join(this.path, STATE_FILES.pause);
    await (pause === undefined ? this.#remove(path) : this.#save(path, pause));
  }

  async saveCluster(cluster: ClusterState): Promise<void> {
    await this.#save(join(this.path, STATE_FILES.cluster), cluster);
  }

  async saveCounts(counts: object): Promise<void> {
    await this.#save(join(this.path, STATE_FILES.counts), counts);
  }

  async saveTenure(tenure: TenureState): Promise<void> {
    await this.#save(join(this.path, STATE_FILES.tenure), tenure);
  }

  async saveCounters(counters: object): Promise<void> {
    await this.#save(join(this.path, STATE_FILES.counters), counters);
  }

  async savePredating(predating: object): Promise<void> {
    await this.#save(join(this.path, STATE_FILES.predating), predating);
  }

  async #objectFiles(faults: Fault[]): Promise<string[]> {
    try {
      return (await readdir(this.#objects)).filter((name) => name.endsWith('.json')).sort();
    } catch (error) {
      if (errnoName(error) !== 'ENOENT') {
        faults.push(sourceFault('SOURCE_UNREADABLE', 'list state directory', this.#objects, error));
      }
      return [];
    }
  }

  async #save(path: string, value: object): Promise<void> {
    const text = `${JSON.stringify({ format: FORMAT, ...value })}\n`;
    await this.#inTurn(path, 'write state file', async () => {
      await mkdir(this.#objects, { recursive: true, mode: 0o700 });
      await writeAtomic(path, text);
    });
  }

  async #remove(path: string): Promise<void> {
    await this.#inTurn(path, 'remove state file', async () => {
      await rm(path, { force: true });
      await syncFolder(this.path);
    });
  }

  /** One change of a file at a time, in the order in which they were asked for. */
  async #inTurn(path: string, attempted: string, change: () => Promise<void>): Promise<void> {
    const turn = (this.#last.get(path) ?? Promise.resolve()).then(change);
    const settled = turn.catch(() => undefined);
    this.#last.set(path, settled);
    try {
      await turn;
    } catch (error) {
      throw sourceFault('SOURCE_STATE_UNWRITABLE', attempted, path, error);
    } finally {
      if (this.#last.get(path) === settled) this.#last.delete(path);
    }
  }
}

/** What an agent that was killed was writing. */
async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const unfinished = names.filter(isUnfinished).map((name) => join(folder, name));
  await Promise.all(unfinished.map((path) => rm(path, { force: true }).catch(() => undefined)));
}

async function readJson<T>(
  path: string,
  isValid: (value: unknown) => value is T,
  faults: Fault[],
): Promise<T | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (hasFormat(value) && isValid(value)) return value;
    faults.push(new SourceFault('SOURCE_STATE_CORRUPT', 'use state file', { object: path }));
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    const code = error instanceof SyntaxError ? 'SOURCE_STATE_CORRUPT' : 'SOURCE_UNREADABLE';
    faults.push(sourceFault(code, 'read state file', path, error));
    if (code === 'SOURCE_UNREADABLE') return undefined;
  }
  await rename(path, `${path}.damaged`).catch(() => undefined);
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasFormat(value: unknown): boolean {
  return isRecord(value) && value.format === FORMAT;
}

function isStoredObject(value: unknown): value is StoredObject {
  if (!isRecord(value) || !Number.isSafeInteger(value.generation)) return false;
  return ['uid', 'kind', 'namespace', 'name', 'file', 'text'].every((key) => typeof value[key] === 'string');
}

function isRegistry(value: unknown): value is RegistryData {
  return isRecord(value) && Number.isSafeInteger(value.nextKey) && isRecord(value.rules) && isRecord(value.generations);
}

function isTenure(value: unknown): value is TenureState {
  if (!isRecord(value) || typeof value.bootID !== 'string' || !isRecord(value.proven)) return false;
  return Object.values(value.proven).every(Number.isSafeInteger);
}

function isPause(value: unknown): value is PauseState {
  return isRecord(value) && typeof value.since === 'string' && typeof value.until === 'string';
}

function isCluster(value: unknown): value is ClusterState {
  if (!isRecord(value) || !Array.isArray(value.pods)) return false;
  return isRecord(value.namespaces) && isRecord(value.nodeLabels) && typeof value.emergency === 'boolean';
}
