// The structural schemas of CRDs, interpreted: the keywords that crds/schema uses, each with the meaning that JSON Schema and
// the API server give it. Read, not compiled: compiling one kind costs an agent's start more than validating a hundred policies.
import { childPath } from './positions.js';
import type { Schema } from './schema.gen.js';

/** A keyword of the schema that a value does not satisfy. */
export interface SchemaError {
  readonly keyword: string;
  readonly schema: Schema;
  readonly value: unknown;
  readonly path: string;
  /** With `required`: the field that is missing. */
  readonly field?: string;
}

export interface SchemaVisitor {
  /** Defaults are filled in and everything below has been visited. */
  visit(schema: Schema, value: unknown, path: string): void;
  error(error: SchemaError): void;
}

interface Place {
  readonly visitor: SchemaVisitor;
  readonly schema: Schema;
  readonly path: string;
}

type Fields = Record<string, unknown>;

const patterns = new Map<string, RegExp>();

function matches(pattern: string, text: string): boolean {
  const compiled = patterns.get(pattern) ?? new RegExp(pattern, 'u');
  patterns.set(pattern, compiled);
  return compiled.test(text);
}

/** Characters, not UTF-16 units. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const IS_TYPE: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isFields,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
};

/** Keyword -> whether it holds. Those of a type say nothing of values of another. */
type Rules<T> = readonly (readonly [string, (value: T, limit: never) => boolean])[];

const OF_STRINGS: Rules<string> = [
  ['maxLength', (text, limit: number) => lengthOf(text) <= limit],
  ['minLength', (text, limit: number) => lengthOf(text) >= limit],
  ['pattern', (text, pattern: string) => matches(pattern, text)],
];
const OF_NUMBERS: Rules<number> = [
  ['maximum', (value, limit: number) => value <= limit],
  ['minimum', (value, limit: number) => value >= limit],
];
const OF_ARRAYS: Rules<readonly unknown[]> = [
  ['maxItems', (list, limit: number) => list.length <= limit],
  ['minItems', (list, limit: number) => list.length >= limit],
];
const OF_OBJECTS: Rules<Fields> = [['maxProperties', (fields, limit: number) => Object.keys(fields).length <= limit]];
const OF_ALL: Rules<unknown> = [
  ['type', (value, type: string) => IS_TYPE[type]?.(value) ?? true],
  ['enum', (value, words: readonly unknown[]) => words.includes(value)],
];

/** Every keyword that says something; the rest describes, or is for the API server. */
export const CHECKED_KEYWORDS: ReadonlySet<string> = new Set([
  ...[OF_ALL, OF_STRINGS, OF_NUMBERS, OF_ARRAYS, OF_OBJECTS].flatMap((rules) => rules.map(([keyword]) => keyword)),
  ...['required', 'properties', 'additionalProperties', 'items', 'default'],
]);

function applyRules<T>({ visitor, schema, path }: Place, rules: Rules<T>, value: T): void {
  for (const [keyword, holds] of rules) {
    const limit = schema[keyword];
    if (limit !== undefined && !holds(value, limit as never)) visitor.error({ keyword, schema, value, path });
  }
}

function fillDefaults(schema: Schema, fields: Fields): void {
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    if (fields[name] === undefined && child['default'] !== undefined) fields[name] = structuredClone(child['default']);
}

function walkObject(place: Place, fields: Fields): void {
  const { visitor, schema, path } = place;
  fillDefaults(schema, fields);
  applyRules(place, OF_OBJECTS, fields);
  for (const field of schema.required ?? [])
    if (fields[field] === undefined) visitor.error({ keyword: 'required', schema, value: fields, path, field });
  const known = schema.properties ?? {};
  const others = schema['additionalProperties'] as Schema | undefined;
  for (const [name, value] of Object.entries(fields)) {
    const child = Object.hasOwn(known, name) ? known[name] : others;
    if (child !== undefined && value !== undefined) walkSchema(visitor, child, value, childPath(path, name));
  }
}

function walkArray(place: Place, list: readonly unknown[]): void {
  const { visitor, schema, path } = place;
  applyRules(place, OF_ARRAYS, list);
  const { items } = schema;
  if (items !== undefined) list.forEach((entry, index) => walkSchema(visitor, items, entry, childPath(path, index)));
}

/** Fills defaults in, in place, and tells everything that does not satisfy the schema, however much is wrong. */
export function walkSchema(visitor: SchemaVisitor, schema: Schema, value: unknown, path: string): void {
  const place: Place = { visitor, schema, path };
  applyRules(place, OF_ALL, value);
  if (typeof value === 'string') applyRules(place, OF_STRINGS, value);
  else if (typeof value === 'number') applyRules(place, OF_NUMBERS, value);
  else if (Array.isArray(value)) walkArray(place, value);
  else if (isFields(value)) walkObject(place, value);
  visitor.visit(schema, value, path);
}
