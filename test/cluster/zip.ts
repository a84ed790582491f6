// Reads named files out of a ZIP archive, as far as npm packages use it: stored or deflated entries, no encryption, no ZIP64.
import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_BYTES = 22;
const STORED = 0;

function findEnd(archive: Buffer): number {
  for (let at = archive.length - END_BYTES; at >= 0; at--) if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  throw new Error('not a ZIP archive: no end of its directory');
}

function content(archive: Buffer, entry: number): Buffer {
  const method = archive.readUInt16LE(entry + 10);
  const packedBytes = archive.readUInt32LE(entry + 20);
  const local = archive.readUInt32LE(entry + 42);
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const packed = archive.subarray(start, start + packedBytes);
  return method === STORED ? packed : inflateRawSync(packed);
}

/** Path -> content of the wanted files; throws when one is missing. */
export function readZip(archive: Buffer, wanted: readonly string[]): Map<string, Buffer> {
  const end = findEnd(archive);
  const files = new Map<string, Buffer>();
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('not a ZIP archive: its directory is broken');
    const nameBytes = archive.readUInt16LE(at + 28);
    const path = archive.toString('utf8', at + 46, at + 46 + nameBytes);
    if (wanted.includes(path)) files.set(path, content(archive, at));
    at += 46 + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  const missing = wanted.filter((path) => !files.has(path));
  if (missing.length > 0) throw new Error(`the ZIP archive has no ${missing.join(', ')}`);
  return files;
}
