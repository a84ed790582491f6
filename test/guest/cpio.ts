// Writer of the "newc" archive that Linux accepts as an initial RAM file system.

export interface CpioEntry {
  readonly path: string;
  /** Undefined for a folder. */
  readonly content?: Uint8Array;
}

const REGULAR_0755 = 0o100755;
const FOLDER_0755 = 0o040755;

function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  out.set(bytes);
  return out;
}

function record(entry: CpioEntry, inode: number): Uint8Array[] {
  const content = entry.content ?? new Uint8Array(0);
  const name = Buffer.from(`${entry.path}\0`);
  const isFolder = entry.content === undefined;
  const fields = [
    inode,
    isFolder ? FOLDER_0755 : REGULAR_0755,
    0,
    0,
    isFolder ? 2 : 1,
    0,
    content.length,
    0,
    0,
    0,
    0,
    name.length,
    0,
  ];
  const header = '070701' + fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  return [padded(Buffer.concat([Buffer.from(header), name])), padded(content)];
}

export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const records = entries.flatMap((entry, index) => record(entry, index + 1));
  return Buffer.concat([...records, ...record({ path: 'TRAILER!!!', content: new Uint8Array(0) }, 0)]);
}
