// Policies and workloads from a folder: what its files say, merged with what was good before, with generations. At start
// the last good objects come from the state directory, before the folder is looked at.

import type { Issue } from '../errors.js';
import { decodeText } from '../policy/parse.js';
import { validatePolicyFile } from '../policy/validate.js';
import type { ValidateOptions } from '../policy/validate.js';
import { splitFile } from './documents.js';
import type { SourceDocument } from './documents.js';
import type { FolderScan, SourceFile } from './folder.js';
import { mergeDocuments } from './merge.js';
import type { GoodObject, Merged, ObjectState } from './merge.js';
import type { StoredObject } from './state.js';

export interface SourceState {
  readonly objects: ReadonlyMap<string, ObjectState>;
  readonly strayIssues: readonly Issue[];
}

interface ReadFile {
  readonly documents: readonly SourceDocument[];
  /** Findings about the file as a whole; nothing of it is understood. */
  readonly issues: readonly Issue[];
}

export class PolicySource {
  readonly #generation: (uid: string, hash: string) => number;
  readonly #options: ValidateOptions;
  readonly #cache = new Map<string, { readonly content: Uint8Array; readonly read: ReadFile }>();
  /** By file: what an earlier run kept of it, which most often is the whole file as it still is. */
  readonly #restored = new Map<string, { readonly text: string; readonly read: ReadFile }>();
  #good = new Map<string, GoodObject>();

  constructor(generation: (uid: string, hash: string) => number, options: ValidateOptions = {}) {
    this.#generation = generation;
    this.#options = options;
  }

  /** Last good objects of an earlier run. One that this version does not accept is left out. */
  restore(stored: readonly StoredObject[]): SourceState {
    const objects = new Map<string, ObjectState>();
    for (const one of stored) {
      if (one.source === 'API') continue;
      const read = readText(one.text, one.file, this.#options);
      const [document] = read.documents;
      this.#restored.set(one.file, { text: one.text, read });
      if (document?.identity?.uid !== one.uid) continue;
      if (document.policy === undefined && document.workloads === undefined) continue;
      const { uid, kind, namespace, name, generation, file, text } = one;
      const { policy, workloads } = document;
      const identity = { uid, kind, namespace, name };
      const good: GoodObject = {
        ...identity,
        generation,
        source: 'File',
        file,
        text,
        ...(policy && { policy }),
        ...(workloads && { workloads }),
      };
      objects.set(uid, { ...identity, observedGeneration: generation, issues: [], good });
      this.#good.set(uid, good);
    }
    return { objects, strayIssues: [] };
  }

  take(scan: FolderScan): SourceState {
    const documents: SourceDocument[] = [];
    const fileIssues: Issue[] = [];
    const doubtful = new Set<string>();
    for (const name of this.#cache.keys()) if (!scan.files.has(name)) this.#cache.delete(name);
    for (const [name, file] of scan.files) {
      const read = this.#read(name, file);
      documents.push(...read.documents);
      fileIssues.push(...read.issues);
      if (file.fault !== undefined || read.issues.length > 0) doubtful.add(file.path);
    }
    if (scan.faults.length > 0) for (const { file } of this.#good.values()) doubtful.add(file);
    this.#restored.clear();
    const merged = mergeDocuments({
      documents,
      doubtfulFiles: doubtful,
      previous: this.#good,
      generation: this.#generation,
    });
    this.#good = goodOf(merged);
    return { objects: merged.objects, strayIssues: [...fileIssues, ...merged.strayIssues] };
  }

  #read(name: string, file: SourceFile): ReadFile {
    if (file.content === undefined) return { documents: [], issues: [] };
    const known = this.#cache.get(name);
    if (known?.content === file.content) return known.read;
    const restored = this.#restored.get(file.path);
    const read = readBytes(file.content, file.path, this.#options, restored);
    this.#cache.set(name, { content: file.content, read });
    return read;
  }
}

function goodOf(merged: Merged): Map<string, GoodObject> {
  return new Map(
    [...merged.objects.values()].flatMap(({ uid, good }) => (good === undefined ? [] : [[uid, good] as const])),
  );
}

/** @param known what a text of this file was found to be */
export function readBytes(
  content: Uint8Array,
  path: string,
  options: ValidateOptions,
  known?: { readonly text: string; readonly read: ReadFile },
): ReadFile {
  const decoded = decodeText(content, path);
  if ('issue' in decoded) return { documents: [], issues: [decoded.issue] };
  return known?.text === decoded.text ? known.read : readText(decoded.text, path, options);
}

/** A text of which nothing could be read has findings about the whole and no documents. */
function readText(text: string, path: string, options: ValidateOptions): ReadFile {
  const parsed = validatePolicyFile(text, path, options);
  const refused = parsed.issues.some((issue) => issue.code === 'TOO_LARGE' && issue.path === '');
  if (refused) return { documents: [], issues: parsed.issues };
  return { documents: splitFile(path, text, parsed), issues: [] };
}

/** The one document of a text. */
export function readDocument(text: string, path: string, options: ValidateOptions): SourceDocument | undefined {
  return readText(text, path, options).documents[0];
}
