// Text of a policy file -> documents: plain values, each with its position. What different readers could take for
// different values is refused, so that a file means the same here, to kubectl and to a person.
import { Lexer, LineCounter, parseAllDocuments } from 'yaml';
import type { Document, YAMLError } from 'yaml';
import type { Issue } from '../errors.js';
import { DEPTH_MAX, readNode } from './parse-node.js';
import { Positions } from './positions.js';
import type { Position, Source } from './types.js';

/** Bytes of a file. */
export const FILE_BYTES_MAX = 1024 * 1024;
/** A broken file gives a handful of errors that help and hundreds that do not. */
const PROBLEMS_MAX = 8;
/** Characters of the parser's message. */
const MESSAGE_MAX = 160;

export interface ParsedDocument {
  readonly value: unknown;
  readonly positions: Positions;
  readonly source: Source;
  /** False: the file has an issue about it, so that it may only be looked at for further ones. */
  readonly usable: boolean;
}

export interface ParsedFile {
  readonly documents: readonly ParsedDocument[];
  readonly issues: readonly Issue[];
}

interface Finding {
  readonly code: 'INVALID_YAML' | 'TOO_LARGE';
  readonly expected: string;
  readonly got: string;
  readonly hint?: string;
}

function issueOf(file: string, position: Position, finding: Finding): Issue {
  return { level: 'error', file, ...position, path: '', hint: '', ...finding };
}

function positionIn(text: string, offset: number): Position {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

function tooLarge(file: string, bytes: number): Issue {
  return issueOf(
    file,
    { line: 1, column: 1 },
    { code: 'TOO_LARGE', expected: `at most ${FILE_BYTES_MAX} bytes`, got: `${bytes} bytes`, hint: 'split the file' },
  );
}

/** Bytes of a policy file as text, or why they are none. */
export function decodeText(bytes: Uint8Array, file: string): { readonly text: string } | { readonly issue: Issue } {
  if (bytes.length > FILE_BYTES_MAX) return { issue: tooLarge(file, bytes.length) };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { issue: notUtf8(bytes, file) };
  }
}

function notUtf8(bytes: Uint8Array, file: string): Issue {
  const before = new TextDecoder().decode(bytes).split('\uFFFD')[0] ?? '';
  const position = positionIn(before, before.length);
  const expected = 'text in UTF-8';
  return issueOf(file, position, { code: 'INVALID_YAML', expected, got: 'bytes that are not UTF-8' });
}

/** Characters that no YAML text may contain, and halves of characters. */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\0-\x08\x0B\x0C\x0E-\x1F\x7F\uFFFE\uFFFF]|[\uD800-\uDFFF]/u;

function findForbidden(text: string, file: string): Issue | undefined {
  const found = FORBIDDEN.exec(text);
  if (!found) return undefined;
  const position = positionIn(text, found.index);
  const unit = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return issueOf(file, position, {
    code: 'INVALID_YAML',
    expected: 'text without control characters',
    got: `U+${unit}`,
  });
}

/** Control units of the lexer, which stand for nothing in the text. */
const LEXER_MARKS = new Set(['\u0002', '\u0018', '\u001f']);

/** Finds brackets nested deeper than anything in the language before the parser recurses into them. */
function findDeepBracket(text: string, file: string): Issue | undefined {
  let depth = 0;
  let offset = 0;
  for (const token of new Lexer().lex(text)) {
    if (LEXER_MARKS.has(token)) continue;
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    if (depth > DEPTH_MAX) return tooDeep(file, positionIn(text, offset));
    offset += token.length;
  }
  return undefined;
}

function tooDeep(file: string, position: Position): Issue {
  return issueOf(file, position, { code: 'INVALID_YAML', expected: `at most ${DEPTH_MAX} levels`, got: 'more' });
}

function syntaxIssue(error: YAMLError, file: string, positions: Positions): Issue {
  const position = positions.offsetPosition(error.pos[0]);
  if (error.code === 'RESOURCE_EXHAUSTION') return tooDeep(file, position);
  const message = error.message.slice(0, MESSAGE_MAX);
  const got = `an error: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  return issueOf(file, position, { code: 'INVALID_YAML', expected: 'YAML', got });
}

function isEmpty(document: Document.Parsed): boolean {
  const { contents } = document;
  return contents === null || (contents.range[0] === contents.range[1] && document.errors.length === 0);
}

function readDocument(document: Document.Parsed, file: string, lines: LineCounter): ParsedFile {
  const positions = new Positions(lines);
  if (document.errors.length > 0) {
    const errors = document.errors.slice(0, PROBLEMS_MAX);
    return { documents: [], issues: errors.map((error) => syntaxIssue(error, file, positions)) };
  }
  const { value, problems } = readNode(document, positions);
  const issues = problems.slice(0, PROBLEMS_MAX).map(({ offset, ...problem }) => {
    return issueOf(file, positions.offsetPosition(offset), { code: 'INVALID_YAML', ...problem });
  });
  if (value === undefined) return { documents: [], issues };
  const source = { file, ...positions.valueAt('') };
  return { documents: [{ value, positions, source, usable: problems.length === 0 }], issues };
}

/** Every document of a file; one that cannot be read is left out, with its issues. */
export function parseDocuments(text: string, file: string): ParsedFile {
  const bytes = utf8Length(text);
  if (bytes > FILE_BYTES_MAX) return { documents: [], issues: [tooLarge(file, bytes)] };
  const refused = findForbidden(text, file) ?? findDeepBracket(text, file);
  if (refused) return { documents: [], issues: [refused] };
  const lines = new LineCounter();
  const options = {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    strict: true,
    logLevel: 'silent',
  } as const;
  const all = parseAllDocuments(text, options);
  const files = Array.from(all)
    .filter((document) => !isEmpty(document))
    .map((document) => readDocument(document, file, lines));
  return { documents: files.flatMap((one) => one.documents), issues: files.flatMap((one) => one.issues) };
}
