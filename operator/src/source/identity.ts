// Names of objects that come from files: their UID, and the hash that tells whether their content changed.

import { createHash } from 'node:crypto';

/** UID of a file's object: a hash of what it is called, in the form of the API server's UIDs. */
export function fileUid(kind: string, namespace: string, name: string): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([kind, namespace, name]))
    .digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** Hash of a JSON value; the order of keys does not matter. */
export function contentHash(value: unknown): string {
  return createHash('sha256').update(stableJson(value)).digest('hex');
}

function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (isPlainObject(inner) ? sortKeys(inner) : inner));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sortKeys(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
