// Writer of tar archives (POSIX ustar), with the same bytes for the same entries: owner root, time zero.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

export type TarEntry = {
  /** Relative, without a leading slash or dot. */
  readonly path: string;
  readonly mode: number;
} & (
  | { readonly type: 'folder' }
  | { readonly type: 'link'; readonly target: string }
  | { readonly type: 'file'; readonly content: Uint8Array | { readonly copyOf: string } }
);

const BLOCK = 512;
const NAME_MAX = 100;
const PREFIX_MAX = 155;
const TYPES = { file: '0', link: '2', folder: '5' } as const;

/** Long paths go in two parts, parted at a slash. */
function splitPath(path: string): readonly [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= NAME_MAX) return ['', path];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(name) <= NAME_MAX && Buffer.byteLength(prefix) <= PREFIX_MAX) return [prefix, name];
  }
  throw new Error(`tar: expected a path of at most ${NAME_MAX} bytes below a folder of ${PREFIX_MAX}, got ${path}`);
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}

function header(entry: TarEntry, bytes: number): Buffer {
  const [prefix, name] = splitPath(entry.type === 'folder' ? `${entry.path}/` : entry.path);
  const block = Buffer.alloc(BLOCK);
  const put = (text: string, at: number): number => block.write(text, at);
  put(name, 0);
  put(octal(entry.mode, 8), 100);
  put(octal(0, 8), 108);
  put(octal(0, 8), 116);
  put(octal(bytes, 12), 124);
  put(octal(0, 12), 136);
  put(' '.repeat(8), 148);
  put(TYPES[entry.type], 156);
  if (entry.type === 'link') put(entry.target, 157);
  put('ustar\x0000', 257);
  put('root', 265);
  put('root', 297);
  put(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function contentOf(entry: TarEntry): Uint8Array {
  if (entry.type !== 'file') return new Uint8Array(0);
  return entry.content instanceof Uint8Array ? entry.content : readFileSync(entry.content.copyOf);
}

/** Hands the archive on piece by piece. */
export function* tarPieces(entries: Iterable<TarEntry>): Generator<Uint8Array> {
  for (const entry of entries) {
    const content = contentOf(entry);
    yield header(entry, content.length);
    yield content;
    yield Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  }
  yield Buffer.alloc(2 * BLOCK);
}

export function writeTar(path: string, entries: Iterable<TarEntry>): void {
  const file = openSync(path, 'w');
  try {
    for (const piece of tarPieces(entries)) writeSync(file, piece);
  } finally {
    closeSync(file);
  }
}
