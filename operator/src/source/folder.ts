// Which policy files a folder holds. path below the folder -> content, or why it cannot be read. A scan reads again only
// what changed. A folder that is gone or unreadable changes nothing: files known from before stay.

import type { BigIntStats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceFault } from '../errors.js';
import type { Fault } from '../errors.js';
import { errnoName, sourceFault } from './errno.js';
import { readBounded } from './read-file.js';

const POLICY_FILE = /\.(?:ya?ml|json)$/i;
const FILES_MAX = 20_000;
const DEPTH_MAX = 32;
/** Two writes within this time may leave the same time stamps on a file. */
const STAMP_GRAIN_MS = 100;

export interface SourceFile {
  /** Path as given to the agent, for messages. */
  readonly path: string;
  /** Absent when it could never be read. With a fault: what was read last. */
  readonly content?: Uint8Array;
  readonly fault?: Fault;
}

export interface FolderScan {
  readonly files: ReadonlyMap<string, SourceFile>;
  /** The folder, or part of it, could not be listed; what was known of it stays. */
  readonly faults: readonly Fault[];
  /** Something differs from the scan before. */
  readonly changed: boolean;
  /** Folders to watch. */
  readonly folders: readonly string[];
}

interface KnownFile extends SourceFile {
  readonly signature: string;
}

interface Walk {
  readonly found: Map<string, KnownFile>;
  readonly faults: Fault[];
  readonly folders: string[];
}

export class PolicyFolder {
  #known = new Map<string, KnownFile>();
  #faultKey = '';
  #device: bigint | undefined;

  constructor(readonly root: string) {}

  async scan(): Promise<FolderScan> {
    const walk: Walk = { found: new Map(), faults: [], folders: [] };
    await this.#walkFolder('', [], walk);
    await this.#checkDevice(walk);
    const faultKey = walk.faults.map((fault) => `${fault.code} ${fault.message}`).join('\n');
    const changed = faultKey !== this.#faultKey || !sameFiles(this.#known, walk.found);
    this.#faultKey = faultKey;
    this.#known = walk.found;
    return { files: walk.found, faults: walk.faults, changed, folders: walk.folders };
  }

  async #walkFolder(below: string, above: readonly string[], walk: Walk): Promise<void> {
    const path = join(this.root, below);
    try {
      const self = await stat(path, { bigint: true });
      const id = `${String(self.dev)}:${String(self.ino)}`;
      if (above.includes(id)) return;
      if (above.length >= DEPTH_MAX) throw tooDeep(path);
      const names = (await readdir(path)).filter((name) => !name.startsWith('..')).sort();
      walk.folders.push(path);
      for (const name of names) await this.#walkEntry(join(below, name), [...above, id], walk);
    } catch (error) {
      if (error instanceof SourceFault) walk.found.set(below, { path, signature: error.code, fault: error });
      else this.#keepFolder(below, path, error, walk);
    }
  }

  async #walkEntry(below: string, above: readonly string[], walk: Walk): Promise<void> {
    const path = join(this.root, below);
    const seen = await stat(path, { bigint: true }).catch((error: unknown) => error);
    if (isStats(seen) && seen.isDirectory()) await this.#walkFolder(below, above, walk);
    else if (POLICY_FILE.test(below)) await this.#takeFile(below, seen, walk);
    else if (!isStats(seen) && errnoName(seen) !== 'ELOOP') this.#keepFolder(below, path, seen, walk);
  }

  async #takeFile(below: string, seen: unknown, walk: Walk): Promise<void> {
    if (walk.found.size >= FILES_MAX) {
      const hint = `a folder may hold ${String(FILES_MAX)} policy files`;
      throw new SourceFault('SOURCE_UNREADABLE', 'list policy folder', { object: this.root, hint });
    }
    const path = join(this.root, below);
    const known = this.#known.get(below);
    try {
      if (!isStats(seen)) throw seen;
      const signature = signatureOf(seen);
      if (known?.signature === signature) walk.found.set(below, known);
      else walk.found.set(below, { path, content: await readBounded(path), signature });
    } catch (error) {
      if (errnoName(error) === 'ENOENT') return;
      const fault = sourceFault('SOURCE_UNREADABLE', 'read policy file', path, error);
      const content = known?.content;
      walk.found.set(below, { path, signature: `fault ${fault.code}`, fault, ...(content && { content }) });
    }
  }

  /** A folder below the root that is gone has been removed; all else that cannot be listed keeps its files. */
  #keepFolder(below: string, path: string, error: unknown, walk: Walk): void {
    if (below !== '' && errnoName(error) === 'ENOENT') return;
    const code = errnoName(error) === 'ENOENT' ? 'SOURCE_FOLDER_MISSING' : 'SOURCE_UNREADABLE';
    walk.faults.push(sourceFault(code, 'list policy folder', path, error));
    this.#keepFiles(below, walk);
  }

  #keepFiles(below: string, walk: Walk): void {
    for (const [name, file] of this.#known) {
      if (below === '' || name.startsWith(`${below}/`)) walk.found.set(name, file);
    }
  }

  /** A volume that was unmounted leaves an empty folder of another file system behind: gone, not emptied. */
  async #checkDevice(walk: Walk): Promise<void> {
    const self = await stat(this.root, { bigint: true }).catch(() => undefined);
    if (self === undefined) return;
    if (walk.found.size === 0 && this.#known.size > 0 && this.#device !== undefined && self.dev !== this.#device) {
      const hint = 'it is no longer mounted';
      walk.faults.push(new SourceFault('SOURCE_FOLDER_MISSING', 'list policy folder', { object: this.root, hint }));
      this.#keepFiles('', walk);
      return;
    }
    this.#device = self.dev;
  }
}

function tooDeep(path: string): SourceFault {
  const hint = `what is more than ${String(DEPTH_MAX)} folders deep is not read`;
  return new SourceFault('SOURCE_UNREADABLE', 'list policy folder', { object: path, hint });
}

function isStats(value: unknown): value is BigIntStats {
  return typeof value === 'object' && value !== null && 'mtimeNs' in value;
}

function signatureOf(seen: BigIntStats): string {
  const ageMs = Date.now() - Number(seen.mtimeMs);
  const fresh = ageMs < STAMP_GRAIN_MS ? ` read ${String(Date.now())}` : '';
  return [seen.dev, seen.ino, seen.size, seen.mtimeNs, seen.ctimeNs].map(String).join(' ') + fresh;
}

function sameFiles(before: ReadonlyMap<string, KnownFile>, now: ReadonlyMap<string, KnownFile>): boolean {
  if (before.size !== now.size) return false;
  for (const [name, file] of now) {
    const old = before.get(name);
    if (old === undefined || old.fault?.code !== file.fault?.code || !sameContent(old.content, file.content))
      return false;
  }
  return true;
}

function sameContent(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}
