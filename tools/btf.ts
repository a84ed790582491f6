// Reader of the type information (BTF) that clang leaves in a BPF object: ELF section `.BTF`, little-endian.
// It keeps what a contract of plain structs and enums can contain and refuses the rest where it is used.

export type BtfType =
  | {
      readonly kind: 'int';
      readonly name: string;
      readonly bytes: number;
      readonly signed: boolean;
      readonly bits: number;
    }
  | { readonly kind: 'array'; readonly element: number; readonly length: number }
  | { readonly kind: 'struct'; readonly name: string; readonly bytes: number; readonly members: readonly BtfMember[] }
  | { readonly kind: 'enum'; readonly name: string; readonly bytes: number; readonly members: readonly BtfEnumerator[] }
  | { readonly kind: 'alias'; readonly name: string; readonly target: number }
  | { readonly kind: 'var'; readonly name: string; readonly target: number }
  | { readonly kind: 'tag'; readonly text: string; readonly target: number; readonly component: number }
  | { readonly kind: 'other'; readonly name: string; readonly what: string };

export interface BtfMember {
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  readonly bitSize: number;
}

export interface BtfEnumerator {
  readonly name: string;
  readonly value: number;
}

const BTF_MAGIC = 0xeb9f;
const KIND_NAMES = [
  'void',
  'int',
  'pointer',
  'array',
  'struct',
  'union',
  'enum',
  'forward declaration',
  'typedef',
  'volatile',
  'const',
  'restrict',
  'function',
  'function prototype',
  'variable',
  'data section',
  'float',
  'decl tag',
  'type tag',
  'enum64',
] as const;

/** Bytes of one section of a little-endian 64-bit ELF file. */
export function elfSection(elf: Uint8Array, wanted: string): Uint8Array {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  if (elf.length < 64 || view.getUint32(0, false) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) {
    throw new Error('not a little-endian 64-bit ELF file');
  }
  const tableAt = Number(view.getBigUint64(40, true));
  const entrySize = view.getUint16(58, true);
  const count = view.getUint16(60, true);
  const header = (index: number): { name: number; at: number; size: number } => {
    const at = tableAt + index * entrySize;
    return {
      name: view.getUint32(at, true),
      at: Number(view.getBigUint64(at + 24, true)),
      size: Number(view.getBigUint64(at + 32, true)),
    };
  };
  const names = header(view.getUint16(62, true));
  for (let index = 0; index < count; index++) {
    const section = header(index);
    if (textAt(elf, names.at + section.name) === wanted) return elf.subarray(section.at, section.at + section.size);
  }
  throw new Error(`the ELF file has no section ${wanted}; was it compiled with -g?`);
}

/** All types, by BTF id; id 0 is void. */
export function readBtf(section: Uint8Array): readonly BtfType[] {
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  if (view.getUint16(0, true) !== BTF_MAGIC) throw new Error('the .BTF section has no BTF magic');
  const headerBytes = view.getUint32(4, true);
  const typesAt = headerBytes + view.getUint32(8, true);
  const typesEnd = typesAt + view.getUint32(12, true);
  const stringsAt = headerBytes + view.getUint32(16, true);
  const reader: Reader = { view, name: (offset) => textAt(section, stringsAt + offset) };
  const types: BtfType[] = [{ kind: 'other', name: 'void', what: 'void' }];
  for (let at = typesAt; at < typesEnd;) {
    const { type, bytes } = readType(reader, at);
    types.push(type);
    at += bytes;
  }
  return types;
}

interface Reader {
  readonly view: DataView;
  readonly name: (offset: number) => string;
}

function readType(reader: Reader, at: number): { type: BtfType; bytes: number } {
  const { view } = reader;
  const name = reader.name(view.getUint32(at, true));
  const info = view.getUint32(at + 4, true);
  const sizeOrType = view.getUint32(at + 8, true);
  const kind = (info >>> 24) & 0x1f;
  const length = info & 0xffff;
  const flag = info >>> 31 === 1;
  const body = at + 12;
  switch (kind) {
    case 1: {
      const word = view.getUint32(body, true);
      return {
        type: { kind: 'int', name, bytes: sizeOrType, signed: ((word >>> 24) & 1) === 1, bits: word & 0xff },
        bytes: 16,
      };
    }
    case 3:
      return {
        type: { kind: 'array', element: view.getUint32(body, true), length: view.getUint32(body + 8, true) },
        bytes: 24,
      };
    case 4:
      return {
        type: { kind: 'struct', name, bytes: sizeOrType, members: readMembers(reader, body, length, flag) },
        bytes: 12 + length * 12,
      };
    case 6:
      return {
        type: { kind: 'enum', name, bytes: sizeOrType, members: readEnumerators(reader, body, length, flag) },
        bytes: 12 + length * 8,
      };
    case 8:
    case 9:
    case 10:
    case 11:
    case 18:
      return { type: { kind: 'alias', name, target: sizeOrType }, bytes: 12 };
    case 14:
      return { type: { kind: 'var', name, target: sizeOrType }, bytes: 16 };
    case 17:
      return { type: { kind: 'tag', text: name, target: sizeOrType, component: view.getInt32(body, true) }, bytes: 16 };
    default:
      return {
        type: { kind: 'other', name, what: KIND_NAMES[kind] ?? `kind ${kind}` },
        bytes: 12 + trailingBytes(kind, length),
      };
  }
}

function readMembers(reader: Reader, body: number, count: number, hasBitFields: boolean): BtfMember[] {
  return Array.from({ length: count }, (_, index) => {
    const at = body + index * 12;
    const offset = reader.view.getUint32(at + 8, true);
    return {
      name: reader.name(reader.view.getUint32(at, true)),
      type: reader.view.getUint32(at + 4, true),
      bitOffset: hasBitFields ? offset & 0xffffff : offset,
      bitSize: hasBitFields ? offset >>> 24 : 0,
    };
  });
}

function readEnumerators(reader: Reader, body: number, count: number, signed: boolean): BtfEnumerator[] {
  return Array.from({ length: count }, (_, index) => {
    const at = body + index * 8;
    const value = signed ? reader.view.getInt32(at + 4, true) : reader.view.getUint32(at + 4, true);
    return { name: reader.name(reader.view.getUint32(at, true)), value };
  });
}

/** Bytes after the common part for kinds that are only stepped over. */
function trailingBytes(kind: number, length: number): number {
  if (kind === 5 || kind === 15 || kind === 19) return length * 12;
  if (kind === 13) return length * 8;
  return 0;
}

function textAt(bytes: Uint8Array, at: number): string {
  let end = at;
  while (bytes[end] !== 0 && end < bytes.length) end++;
  return Buffer.from(bytes.subarray(at, end)).toString('latin1');
}
