// What the generator refuses, each shown with a small contract that has the fault.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildAbiModel, layoutHash, missingTypes } from '../../tools/abi-model.js';
import type { AbiModel } from '../../tools/abi-model.js';
import { elfSection, readBtf } from '../../tools/btf.js';

const PRELUDE = `
typedef unsigned char __u8; typedef unsigned short __u16; typedef unsigned int __u32; typedef unsigned long long __u64;
#define rf_doc(text) __attribute__((btf_decl_tag("doc:" text)))
#define rf_cstr __attribute__((btf_decl_tag("cstr")))
`;
let dir = '';

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rf-abi-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function modelOf(members: string, rest = ''): AbiModel {
  const object = join(dir, 'x.o');
  const source = `${PRELUDE} ${rest} struct rf_x { ${members} }; struct rf_x keep;`;
  execFileSync('clang', ['-target', 'bpf', '-g', '-O2', '-x', 'c', '-c', '-', '-o', object], { input: source });
  return buildAbiModel(readBtf(elfSection(readFileSync(object), '.BTF')));
}

describe('the generator refuses', () => {
  it.each([
    ['a hole', '__u8 a rf_doc("a"); __u32 b rf_doc("b");', 'rf_x.b: a hole of 3 bytes'],
    ['tail padding', '__u32 a rf_doc("a"); __u8 b rf_doc("b");', 'rf_x: 3 bytes of tail padding'],
    ['a bit-field', '__u32 a : 3 rf_doc("a"); __u32 _pad : 29;', 'rf_x.a: a bit-field'],
    ['a pointer', 'void *a rf_doc("a");', 'rf_x.a: a pointer cannot cross'],
    ['a union', 'union { __u32 a; } a rf_doc("a");', 'rf_x.a: a union cannot cross'],
    ['a signed integer', 'int a rf_doc("a");', 'rf_x.a: a signed integer cannot cross'],
    ['an undocumented field', '__u32 a;', 'rf_x.a: no rf_doc'],
    ['text of more than bytes', '__u16 a[4] rf_cstr rf_doc("a");', 'rf_x.a: rf_cstr needs an array of char'],
  ])('%s', (_, members, message) => {
    expect(() => modelOf(members)).toThrow(message);
  });

  it('a struct inside that has no variable of its own', () => {
    expect(() => modelOf('struct rf_y a rf_doc("a");', 'struct rf_y { __u32 b rf_doc("b"); };')).toThrow(
      'struct rf_y has no variable',
    );
  });

  it('an object without type information', () => {
    expect(() => elfSection(new Uint8Array(64), '.BTF')).toThrow('not a little-endian 64-bit ELF file');
  });
});

describe('the layout hash', () => {
  const base = '__u32 a rf_doc("a"); __u32 b rf_doc("b");';
  const hash = (members: string, rest = ''): string => layoutHash(modelOf(members, rest));

  it('does not change with documentation', () => {
    expect(hash(base.replace('"a"', '"other words"'))).toBe(hash(base));
  });

  it.each([
    ['the order of fields', '__u32 b rf_doc("b"); __u32 a rf_doc("a");', ''],
    ['the type of a field', '__u32 a rf_doc("a"); __u16 b[2] rf_doc("b");', ''],
    ['an enum', base, 'enum rf_e { RF_A = 1 }; enum rf_e keep_e;'],
  ])('changes with %s', (_, members, rest) => {
    expect(hash(members, rest)).not.toBe(hash(base));
  });

  it('changes with the value of an enum member', () => {
    expect(hash(base, 'enum rf_e { RF_A = 2 }; enum rf_e keep_e;')).not.toBe(
      hash(base, 'enum rf_e { RF_A = 1 }; enum rf_e keep_e;'),
    );
  });
});

describe('a type of the header without a variable', () => {
  it('is named', () => {
    const header = 'enum rf_lost {\n\tRF_A,\n};\nstruct rf_x {\n};\n';
    expect(missingTypes(modelOf('__u32 a rf_doc("a");'), header)).toEqual(['rf_lost']);
  });
});
