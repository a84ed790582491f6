// A parsed YAML document -> plain value, noting where each part stands. Bounded in depth and in size, so that no file
// can make it expand.
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { childPath } from './positions.js';
import type { Positions } from './positions.js';

export const DEPTH_MAX = 64;
/** Values of one document, aliased ones counted as often as they are used. */
const VALUES_MAX = 100_000;

/** What keeps a document from having a single meaning. */
export interface ReadProblem {
  readonly offset: number;
  readonly expected: string;
  readonly got: string;
  readonly hint?: string;
}

export interface ReadResult {
  readonly value: unknown;
  /** Empty for a document that can be used. */
  readonly problems: readonly ReadProblem[];
}

/** A bound was reached: reading ends. */
class BoundError extends Error {
  constructor(readonly problem: ReadProblem) {
    super(problem.expected);
  }
}

/** Unquoted words that YAML 1.1, which the API server reads, takes for something else than YAML 1.2 does. */
const AMBIGUOUS =
  /^(?:y|yes|n|no|on|off)$|^[-+]?0[0-9_]+$|^[-+]?0[bB][01_]+$|^[-+]?[0-9][0-9_]*_[0-9_]*$|^\d{4}-\d\d?-\d\d?(?:[Tt ].*)?$|^<<$/i;

interface Reader {
  readonly positions: Positions;
  readonly anchors: Map<string, Node>;
  readonly problems: ReadProblem[];
  values: number;
}

interface Place {
  readonly path: string;
  readonly depth: number;
  readonly keyOffset?: number;
}

function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

function checkScalar(reader: Reader, node: Scalar): void {
  const source = node.source ?? '';
  const offset = startOf(node);
  if (node.type === 'PLAIN' && AMBIGUOUS.test(source)) {
    const hint = `write ${JSON.stringify(source)}, or true or false or the number that is meant`;
    const expected = 'a value that all readers of YAML take for the same';
    reader.problems.push({ offset, expected, got: source, hint });
  }
  if (typeof node.value === 'string' && /[\uD800-\uDFFF]/u.test(node.value))
    reader.problems.push({ offset, expected: 'whole characters', got: 'half of a surrogate pair' });
  if (typeof node.value === 'number' && !Number.isFinite(node.value))
    reader.problems.push({ offset, expected: 'a finite number', got: source });
}

function readScalar(reader: Reader, node: Scalar): unknown {
  checkScalar(reader, node);
  return node.value;
}

/** The text of a key; of one that is no text, something that at least names it. */
function readKey(reader: Reader, pair: Pair): string {
  const key = pair.key as Node | null;
  const got = isScalar(key) ? (key.source ?? 'nothing') : 'a collection or nothing';
  if (isScalar(key)) {
    checkScalar(reader, key);
    if (typeof key.value === 'string' && !key.tag && !key.anchor) return key.value;
  }
  reader.problems.push({ offset: startOf(key), expected: 'a key that is text', got });
  return got;
}

function readMap(reader: Reader, node: YAMLMap, place: Place): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const pair of node.items) {
    const key = readKey(reader, pair);
    const keyOffset = startOf(pair.key as Node);
    if (Object.hasOwn(result, key)) {
      reader.problems.push({ offset: keyOffset, expected: 'each key once', got: `${key} a second time` });
      continue;
    }
    const child = { path: childPath(place.path, key), depth: place.depth + 1, keyOffset };
    const value = read(reader, pair.value as Node | null, child);
    Object.defineProperty(result, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return result;
}

function readSeq(reader: Reader, node: YAMLSeq, place: Place): unknown[] {
  return node.items.map((item, index) =>
    read(reader, item as Node, { path: childPath(place.path, index), depth: place.depth + 1 }),
  );
}

function readAlias(reader: Reader, alias: Alias, place: Place): unknown {
  const node = reader.anchors.get(alias.source);
  if (node) return read(reader, node, { ...place, depth: place.depth + 1 });
  const expected = 'an alias of an anchor that stands before it';
  reader.problems.push({ offset: startOf(alias), expected, got: `*${alias.source}` });
  return null;
}

function checkBounds(reader: Reader, node: Node, depth: number): void {
  reader.values += 1;
  const offset = startOf(node);
  if (depth > DEPTH_MAX) throw new BoundError({ offset, expected: `at most ${DEPTH_MAX} levels`, got: 'more' });
  if (reader.values <= VALUES_MAX) return;
  const expected = `at most ${VALUES_MAX} values in a document, aliased ones counted each time`;
  throw new BoundError({ offset, expected, got: 'more' });
}

function checkNoTag(reader: Reader, node: Node): void {
  if (isAlias(node) || node.tag === undefined) return;
  const hint = 'remove it; quote what is meant as text';
  reader.problems.push({ offset: startOf(node), expected: 'no tag', got: node.tag, hint });
}

function readContent(reader: Reader, node: Node, place: Place): unknown {
  if (isAlias(node)) return readAlias(reader, node, place);
  if (node.anchor) reader.anchors.set(node.anchor, node);
  if (isMap(node)) return readMap(reader, node, place);
  if (isSeq(node)) return readSeq(reader, node, place);
  return readScalar(reader, node);
}

function read(reader: Reader, node: Node | null, place: Place): unknown {
  if (node === null) {
    reader.positions.note(place.path, place.keyOffset ?? 0, place.keyOffset);
    return null;
  }
  checkBounds(reader, node, place.depth);
  checkNoTag(reader, node);
  reader.positions.note(place.path, startOf(node), place.keyOffset);
  return readContent(reader, node, place);
}

/** A document as a plain value, with every reason why it cannot be used. */
export function readNode(document: Document.Parsed, positions: Positions): ReadResult {
  const reader: Reader = { positions, anchors: new Map(), problems: [], values: 0 };
  const { explicit, version } = document.directives.yaml;
  if (explicit && version !== '1.2')
    reader.problems.push({ offset: 0, expected: 'YAML 1.2', got: `%YAML ${version}`, hint: 'remove the directive' });
  try {
    return { value: read(reader, document.contents, { path: '', depth: 0 }), problems: reader.problems };
  } catch (error) {
    if (!(error instanceof BoundError)) throw error;
    return { value: undefined, problems: [...reader.problems, error.problem] };
  }
}
