// What is in force of all that files say: the newest good version of each object. uid -> object. An object that is
// rejected, or whose file cannot be read, keeps its last good version; one that is no longer written anywhere goes.

import type { Issue } from '../errors.js';
import type { Policy, WorkloadsDoc } from '../policy/types.js';
import type { ObjectIdentity, SourceDocument } from './documents.js';
import { contentHash } from './identity.js';

export interface GoodObject extends ObjectIdentity {
  readonly generation: number;
  readonly source: 'File' | 'API';
  readonly file: string;
  /** The document, for the state directory. */
  readonly text: string;
  readonly policy?: Policy;
  readonly workloads?: WorkloadsDoc;
}

export interface ObjectState extends ObjectIdentity {
  /** Generation of the newest version seen, good or not. */
  readonly observedGeneration: number;
  /** About the newest version. */
  readonly issues: readonly Issue[];
  /** The version to enforce: the newest, or the last that was good. */
  readonly good?: GoodObject;
}

export interface MergeInput {
  readonly documents: readonly SourceDocument[];
  /** Files that could not be read or whose text is not wholly understood: what came from them stays. */
  readonly doubtfulFiles: ReadonlySet<string>;
  readonly previous: ReadonlyMap<string, GoodObject>;
  /** Generation of an object with this content. */
  readonly generation: (uid: string, hash: string) => number;
}

export interface Merged {
  readonly objects: ReadonlyMap<string, ObjectState>;
  /** Findings that belong to no object. */
  readonly strayIssues: readonly Issue[];
}

interface Named extends SourceDocument {
  readonly identity: ObjectIdentity;
}

export function mergeDocuments(input: MergeInput): Merged {
  const objects = new Map<string, ObjectState>();
  const byUid = new Map<string, Named[]>();
  for (const document of input.documents.filter(isNamed)) {
    const { uid } = document.identity;
    byUid.set(uid, [...(byUid.get(uid) ?? []), document]);
  }
  for (const [uid, documents] of byUid) objects.set(uid, mergeObject(documents, input));
  const doubtful = new Set(input.doubtfulFiles);
  for (const document of input.documents) if (isLost(document)) doubtful.add(document.file);
  for (const [uid, good] of input.previous) {
    if (!objects.has(uid) && doubtful.has(good.file)) objects.set(uid, keep(good));
  }
  return { objects, strayIssues: input.documents.filter((one) => !isNamed(one)).flatMap((one) => one.issues) };
}

function isNamed(document: SourceDocument): document is Named {
  return document.identity !== undefined;
}

/** A document that does not say what it is may be any object of its file. */
function isLost(document: SourceDocument): boolean {
  return document.identity === undefined;
}

function keep(good: GoodObject): ObjectState {
  const { uid, kind, namespace, name } = good;
  return { uid, kind, namespace, name, observedGeneration: good.generation, issues: [], good };
}

function mergeObject(documents: readonly Named[], input: MergeInput): ObjectState {
  const [first] = documents;
  if (first === undefined) throw new Error('an object without a document');
  const { identity } = first;
  const issues = documents.length > 1 ? duplicateIssues(documents) : first.issues;
  const hash = contentHash(documents.map(contentOf));
  const observedGeneration = input.generation(identity.uid, hash);
  const accepted = documents.length === 1 && (first.policy !== undefined || first.workloads !== undefined);
  const before = input.previous.get(identity.uid);
  const good = accepted ? sameOr(before, goodObject(first, observedGeneration)) : before;
  return { ...identity, observedGeneration, issues, ...(good && { good }) };
}

/** The object as it was before where nothing changed: what was compiled of it is still right. */
function sameOr(before: GoodObject | undefined, made: GoodObject): GoodObject {
  const line = (good: GoodObject): number | undefined => (good.policy ?? good.workloads)?.source.line;
  const isSame =
    before?.generation === made.generation &&
    before.text === made.text &&
    before.file === made.file &&
    line(before) === line(made);
  return isSame ? before : made;
}

function goodObject(document: Named, generation: number): GoodObject {
  const { identity, file, text, policy, workloads } = document;
  return {
    ...identity,
    generation,
    source: 'File',
    file,
    text,
    ...(policy && { policy }),
    ...(workloads && { workloads }),
  };
}

/** Comments and layout are not content, unless nothing better is known. */
function contentOf(document: SourceDocument): unknown {
  if (document.policy !== undefined) return document.policy.spec;
  return document.workloads?.items ?? document.text;
}

function duplicateIssues(documents: readonly Named[]): Issue[] {
  return documents.flatMap((document) => {
    const told = document.issues.some((issue) => issue.code === 'DUPLICATE_OBJECT');
    return told ? document.issues : [...document.issues, duplicateIssue(document, documents)];
  });
}

function duplicateIssue(document: Named, all: readonly Named[]): Issue {
  const { kind, namespace, name } = document.identity;
  const others = all.filter((other) => other !== document).map((other) => `${other.file}:${other.line}`);
  return {
    code: 'DUPLICATE_OBJECT',
    level: 'error',
    file: document.file,
    line: document.line,
    column: 1,
    path: 'metadata.name',
    expected: 'one definition of an object',
    got: `${kind} ${namespace === '' ? name : `${namespace}/${name}`} also in ${others.join(', ')}`,
    hint: 'keep one; until then the last good version stays in force',
  };
}
