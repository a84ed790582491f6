// The documents of one file: text, identity and findings of each, so that a bad one is rejected alone.

import { parseDocument, isMap, isScalar } from 'yaml';
import type { Document } from 'yaml';
import type { Issue } from '../errors.js';
import type { Policy, PolicyFile, WorkloadsDoc } from '../policy/types.js';
import { fileUid } from './identity.js';

export const DEFAULT_NAMESPACE = 'default';

export interface ObjectIdentity {
  readonly uid: string;
  readonly kind: string;
  /** Empty for cluster kinds. */
  readonly namespace: string;
  readonly name: string;
  /** RFC 3339; of objects of the API server. */
  readonly pausedUntil?: string;
}

export interface SourceDocument {
  readonly file: string;
  /** Of the text in the file, from 1. */
  readonly line: number;
  readonly text: string;
  /** Absent where the document does not say what it is. */
  readonly identity?: ObjectIdentity;
  /** Present where the document was accepted. */
  readonly policy?: Policy;
  readonly workloads?: WorkloadsDoc;
  readonly issues: readonly Issue[];
}

interface Slice {
  readonly line: number;
  readonly endLine: number;
  readonly text: string;
}

/** What `parsed` says about the file, by document. Findings before the first document belong to it. */
export function splitFile(file: string, text: string, parsed: PolicyFile): SourceDocument[] {
  const slices = sliceDocuments(text);
  return slices.map((slice, index) => {
    const isWithin = ({ line }: { readonly line: number }): boolean =>
      (line >= slice.line || index === 0) && (line <= slice.endLine || index === slices.length - 1);
    const policy = parsed.policies.find((one) => isWithin(one.source));
    const workloads = parsed.workloads.find((one) => isWithin(one.source));
    const issues = parsed.issues.filter(isWithin);
    const identity = identify(slice.text, file);
    return {
      file,
      line: slice.line,
      text: slice.text,
      ...(identity && { identity }),
      ...(policy && { policy }),
      ...(workloads && { workloads }),
      issues,
    };
  });
}

/** YAML allows `---` at the start of a line only between documents, so that lines tell where they begin. */
function sliceDocuments(text: string): Slice[] {
  const lines = text.split('\n');
  const starts = lines.flatMap((line, index) => (/^---(?:\s|$)/.test(line) ? [index] : []));
  const firstIsText = starts[0] !== 0 && hasContent(lines.slice(0, starts[0] ?? lines.length));
  const bounds = firstIsText || starts.length === 0 ? [0, ...starts] : starts;
  return bounds
    .map((start, index) => ({ start, end: bounds[index + 1] ?? lines.length }))
    .filter(({ start, end }) => hasContent(lines.slice(start, end)))
    .map(({ start, end }) => ({ line: start + 1, endLine: end, text: lines.slice(start, end).join('\n') }));
}

function hasContent(lines: readonly string[]): boolean {
  return lines.some((line) => !/^\s*(?:#.*)?$|^(?:---|\.\.\.)\s*(?:#.*)?$|^%/.test(line));
}

/** Read from the tree of the text, without expanding anything: it may be anything at all. */
function identify(text: string, file: string): ObjectIdentity | undefined {
  const document = parseTree(text);
  if (document === undefined) return undefined;
  const kind = textAt(document, ['kind']);
  if (kind === undefined) return undefined;
  const name = textAt(document, ['metadata', 'name']) ?? (kind === 'Workloads' ? file : undefined);
  if (name === undefined) return undefined;
  const namespace = kind === 'RuntimePolicy' ? (textAt(document, ['metadata', 'namespace']) ?? DEFAULT_NAMESPACE) : '';
  return { uid: fileUid(kind, namespace, name), kind, namespace, name };
}

/** Text nested too deeply for the parser's stack has no identity. */
function parseTree(text: string): Document | undefined {
  try {
    return parseDocument(text, { logLevel: 'silent', strict: false, uniqueKeys: false });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function textAt(document: Document, path: readonly string[]): string | undefined {
  let node: unknown = document.contents;
  for (const key of path) node = isMap(node) ? node.get(key, true) : undefined;
  return isScalar(node) && typeof node.value === 'string' && node.value !== '' ? node.value : undefined;
}
