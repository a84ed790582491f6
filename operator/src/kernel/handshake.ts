// Two read-only variables of the object: which layout it was compiled with, and which build of programs and settings it was
// loaded as. The kernel keeps them, so that a later agent can tell whether it may take over.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const LAYOUT_VARIABLE = 'rf_layout_hash';
export const BUILD_VARIABLE = 'rf_build_id';

export interface Handshake {
  /** 16 hexadecimal digits; undefined when there is no such variable. */
  readonly layoutHash: string | undefined;
  readonly buildId: string | undefined;
}

export function readHandshake(read: (name: string) => Uint8Array | undefined): Handshake {
  return { layoutHash: hex64(read(LAYOUT_VARIABLE)), buildId: hex64(read(BUILD_VARIABLE)) };
}

/** Names the object file and everything that changes what is made of it. */
export function buildIdOf(objectPath: string, settings: unknown): string {
  const hash = createHash('sha256').update(readFileSync(objectPath)).update(JSON.stringify(settings));
  return hash.digest('hex').slice(0, 16);
}

export function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

function hex64(bytes: Uint8Array | undefined): string | undefined {
  if (bytes?.length !== 8) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true).toString(16).padStart(16, '0');
}
