// Walking a value that may not be what it should be, keeping the path.
import { isObject, listOf } from './check.js';
import { childPath } from './positions.js';

export interface Found {
  readonly value: unknown;
  readonly path: string;
}

export function entriesOf(value: unknown, path: string): Found[] {
  return listOf(value).map((entry, index) => ({ value: entry, path: childPath(path, index) }));
}

export function fieldOf(found: Found, field: string): Found {
  const value = isObject(found.value) ? found.value[field] : undefined;
  return { value, path: childPath(found.path, field) };
}

export function listIn(found: Found, field: string): Found[] {
  const list = fieldOf(found, field);
  return entriesOf(list.value, list.path);
}
