// Locks on the contract: what is generated is what is committed, the layout is the agreed one, codecs lose nothing.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as abi from '../../operator/src/abi/abi.gen.js';
import type { Codec } from '../../operator/src/abi/codec.js';
import { layoutHash, layoutText } from '../../tools/abi-model.js';
import type { AbiStruct } from '../../tools/abi-model.js';
import { generatedFiles, GOLDEN_LAYOUT, readContract } from '../../tools/gen-abi.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const model = readContract(root);

function codecOf(struct: AbiStruct): Codec<object> {
  const name = struct.name
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
  const found = (abi as unknown as Record<string, Codec<object> | undefined>)[`${name}Codec`];
  if (found === undefined) throw new Error(`no codec for struct ${struct.name}`);
  return found;
}

function innerName(type: AbiStruct['fields'][number]['type']): string | undefined {
  if (type.kind === 'struct') return type.name;
  return type.kind === 'array' && typeof type.of === 'string' ? type.of : undefined;
}

/** Zeroes what a value does not carry: padding, and what follows the end of a text. Inner structs included. */
function canonical(struct: AbiStruct, bytes: Uint8Array, at = 0): void {
  for (const field of struct.fields) {
    const start = at + field.offset;
    if (field.padding) bytes.fill(0, start, start + field.bytes);
    if (field.type.kind === 'cstr') {
      const end = bytes.indexOf(0, start);
      if (end >= 0 && end < start + field.bytes) bytes.fill(0, end, start + field.bytes);
    }
    const inner = model.structs.find((candidate) => candidate.name === innerName(field.type));
    if (inner === undefined) continue;
    for (let offset = 0; offset < field.bytes; offset += inner.bytes) canonical(inner, bytes, start + offset);
  }
}

describe('generated files', () => {
  it.each([...generatedFiles(model)])('%s is what the generator writes', (path, content) => {
    expect(readFileSync(`${root}/${path}`, 'utf8')).toBe(content);
  });

  it('the codecs carry the hash of the layout that the compiler chose', () => {
    expect(abi.RF_LAYOUT_HASH).toBe(layoutHash(model));
  });
});

describe('layout', () => {
  it('is the golden one; `npm run gen -- --golden` accepts a deliberate change', () => {
    expect(layoutText(model)).toBe(readFileSync(`${root}/${GOLDEN_LAYOUT}`, 'utf8'));
  });

  it('an object key is ruleset, table, hash, little-endian', () => {
    const bytes = abi.RfObjectKeyCodec.encode({ ruleset: 0x01020304, table: 5, hash: 0x1122334455667788n });
    expect(Buffer.from(bytes).toString('hex')).toBe('04030201' + '05000000' + '8877665544332211');
  });

  it('an object holds its first item after the explicit padding', () => {
    const first = { index: 1, kind: 2, origins: 3, flags: 4, classes: 0x05060708 };
    const bytes = abi.RfObjectCodec.encode({ words: 9, wordCount: 10, moreCount: 11, more: 12, first });
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '09000000' + '0a00' + '0b00' + '0c000000' + '00000000' + '01020304' + '08070605',
    );
  });
});

describe.each(model.structs.map((struct) => [struct.name, struct] as const))('codec of struct %s', (_, struct) => {
  const codec = codecOf(struct);
  const bytes = fc.uint8Array({ minLength: struct.bytes, maxLength: struct.bytes });

  it('has the size of the struct', () => expect(codec.size).toBe(struct.bytes));

  it('encodes what it decoded to the same bytes, padding zeroed', () => {
    fc.assert(
      fc.property(bytes, fc.integer({ min: 0, max: 9 }), (random, at) => {
        const expected = random.slice();
        canonical(struct, expected);
        const shifted = new Uint8Array(at + struct.bytes + 3).fill(0xaa);
        shifted.set(random, at);
        const value = codec.decode(shifted, at);
        expect(codec.encode(value)).toEqual(expected);
        expect(codec.encode(value, shifted, at)).toBe(shifted);
        expect(shifted.subarray(at, at + struct.bytes)).toEqual(expected);
        expect(shifted.subarray(at + struct.bytes)).toEqual(new Uint8Array(3).fill(0xaa));
      }),
      { numRuns: 30 },
    );
  });

  it('refuses fewer bytes than it needs', () => {
    expect(() => codec.decode(new Uint8Array(struct.bytes - 1))).toThrow(RangeError);
    expect(() => codec.decode(new Uint8Array(struct.bytes), 1)).toThrow(RangeError);
  });
});

describe('encoding', () => {
  const item = { index: 0, kind: 0, origins: 0, flags: 0, classes: 0 };

  it.each([{ index: 256 }, { index: -1 }, { index: 1.5 }, { index: Number.NaN }, { classes: 2 ** 32 }])(
    'refuses %o',
    (fault) => {
      expect(() => abi.RfItemCodec.encode({ ...item, ...fault })).toThrow(RangeError);
    },
  );

  it('refuses a 64-bit value that does not fit', () => {
    expect(() => abi.RfObjectKeyCodec.encode({ ruleset: 0, table: 0, hash: 1n << 64n })).toThrow(RangeError);
    expect(() => abi.RfObjectKeyCodec.encode({ ruleset: 0, table: 0, hash: -1n })).toThrow(RangeError);
  });

  it('fills the rest of a short array with zeros and refuses a longer one', () => {
    expect(abi.RfInodeNamesCodec.decode(abi.RfInodeNamesCodec.encode({ hash: [7n] })).hash).toEqual([7n, 0n, 0n, 0n]);
    expect(() => abi.RfInodeNamesCodec.encode({ hash: [1n, 2n, 3n, 4n, 5n] })).toThrow(RangeError);
  });

  it('carries text as bytes and refuses what is not a byte', () => {
    const ancestor = { startNs: 1n, program: 2n, pid: 3, comm: 'caf\u00e9' };
    expect(abi.RfAncestorCodec.decode(abi.RfAncestorCodec.encode(ancestor))).toEqual(ancestor);
    expect(() => abi.RfAncestorCodec.encode({ ...ancestor, comm: '\u20ac' })).toThrow(RangeError);
    expect(() => abi.RfAncestorCodec.encode({ ...ancestor, comm: 'seventeen letters' })).toThrow(RangeError);
  });
});
