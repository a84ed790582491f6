// An object of the API server -> policy, with the same findings that its text in a file would have.
import { LineCounter } from 'yaml';
import type { Issue } from '../errors.js';
import { isObject } from './check.js';
import { Positions, childPath } from './positions.js';
import type { Policy } from './types.js';
import { validateDocument } from './validate.js';
import type { ValidateOptions } from './validate.js';

export interface CheckedObject {
  /** Absent where an error rejects the object. */
  readonly policy?: Policy;
  readonly issues: readonly Issue[];
}

/** All of the metadata that says something about a policy; the rest is the server's, which has validated it. */
const AUTHORED = ['name', 'namespace'];

/** The object is not changed. Issues have no line; their place is the path. */
export function validatePolicyObject(
  object: Readonly<Record<string, unknown>>,
  options: ValidateOptions = {},
): CheckedObject {
  const { apiVersion, kind, metadata, spec } = object;
  const value = structuredClone({
    apiVersion,
    kind,
    metadata: authored(metadata),
    ...(spec === undefined ? {} : { spec }),
  });
  const positions = new Positions(new LineCounter());
  noteAll(positions, value, '');
  const source = { file: nameOf(object), ...positions.valueAt('') };
  const { policies = [], issues } = validateDocument({ value, positions, source, usable: true }, options);
  const [policy] = policies;
  return { ...(policy && { policy }), issues };
}

function authored(metadata: unknown): unknown {
  if (!isObject(metadata)) return metadata;
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => AUTHORED.includes(key)));
}

function nameOf({ kind, metadata }: Readonly<Record<string, unknown>>): string {
  const { namespace, name } = isObject(metadata) ? metadata : {};
  const parts = [kind, namespace, name].filter((part): part is string => typeof part === 'string' && part !== '');
  return parts.join('/');
}

/** Everything that is there was written: the server's defaults are no news to the validator. */
function noteAll(positions: Positions, value: unknown, path: string): void {
  positions.note(path, 0, 0);
  if (Array.isArray(value)) value.forEach((entry, index) => noteAll(positions, entry, childPath(path, index)));
  else if (isObject(value)) {
    for (const [key, child] of Object.entries(value)) noteAll(positions, child, childPath(path, key));
  }
}
