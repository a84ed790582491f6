// Lists that are sets, or maps by a key: no entry twice.
import { describe, isObject, listOf } from './check.js';
import type { Finding } from './check.js';
import { childPath } from './positions.js';
import type { Schema } from './schema.gen.js';

/** A text that is the same for equal values, whatever the order of their keys. */
function identity(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(identity).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${identity(value[key])}`).join(',')}}`;
}

function keyOf(schema: Schema, entry: unknown): string {
  const keys = schema['x-kubernetes-list-map-keys'] as readonly string[] | undefined;
  if (!keys || !isObject(entry)) return identity(entry);
  return keys.map((key) => identity(entry[key])).join();
}

/** An entry of a map without its key is another finding. */
function hasKey(schema: Schema, entry: unknown): boolean {
  const keys = (schema['x-kubernetes-list-map-keys'] as readonly string[] | undefined) ?? [];
  return keys.every((key) => isObject(entry) && entry[key] !== undefined);
}

function duplicate(schema: Schema, entry: unknown, path: string, first: string): Finding {
  const [key = ''] = (schema['x-kubernetes-list-map-keys'] as readonly string[] | undefined) ?? [];
  if (key === '')
    return {
      code: 'INVALID_VALUE',
      path,
      expected: 'each entry once',
      got: `${describe(entry)} again, as in ${first}`,
    };
  const value = isObject(entry) ? entry[key] : undefined;
  const code = key === 'name' ? 'DUPLICATE_NAME' : 'INVALID_VALUE';
  // The server names the entry; the key is what a person has to look at.
  const at = childPath(path, key);
  return { code, path, at, expected: `each ${key} once`, got: `${describe(value)}, as in ${first}` };
}

export function duplicatesIn(schema: Schema, value: unknown, path: string): Finding[] {
  const type = schema['x-kubernetes-list-type'];
  if (type !== 'set' && type !== 'map') return [];
  const seen = new Map<string, string>();
  const findings: Finding[] = [];
  for (const [index, entry] of listOf(value).entries()) {
    const here = childPath(path, index);
    if (!hasKey(schema, entry)) continue;
    const key = keyOf(schema, entry);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, here);
    else findings.push(duplicate(schema, entry, here, first));
  }
  return findings;
}
