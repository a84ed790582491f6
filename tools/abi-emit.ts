// Writes the checked contract as TypeScript codecs, as the C header with the layout hash, and as the reference page.

import type { AbiEnum, AbiField, AbiModel, AbiStruct } from './abi-model.js';
import { layoutHash } from './abi-model.js';

const BANNER = 'Generated from the BTF of bpf/abi.bpf.c by `npm run gen`. Do not edit.';

export function emitTypeScript(model: AbiModel): string {
  const parts = [
    `// ${BANNER}`,
    "import { cleared, getBigint, getEach, getNumber, getText, putBigint, putEach, putNumber, putText, viewOf } from './codec.js';",
    "import type { Codec } from './codec.js';",
    '',
    '/** Both sides of the contract must have been made from the same layout. */',
    `export const RF_LAYOUT_HASH = '${layoutHash(model)}';`,
    ...model.enums.map(emitEnum),
    ...model.structs.map(emitStruct),
  ];
  return `${parts.join('\n')}\n`;
}

export function emitHeader(model: AbiModel): string {
  return `/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* ${BANNER} */
#ifndef RF_LAYOUT_GEN_H
#define RF_LAYOUT_GEN_H

#define RF_LAYOUT_HASH 0x${layoutHash(model)}ULL

#endif
`;
}

export function emitReference(model: AbiModel): string {
  const lines = [
    '# Kernel contract',
    '',
    `<!-- ${BANNER} -->`,
    '',
    'Types that cross between the BPF programs and user space, as declared in `bpf/abi.h` and laid out by the compiler.',
    `Layout hash: \`${layoutHash(model)}\`.`,
  ];
  for (const type of model.enums) {
    lines.push('', `## enum ${type.name}`, '', '| member | value |', '|---|---|');
    for (const member of type.members) lines.push(`| ${member.name} | ${member.value} |`);
  }
  for (const struct of model.structs) {
    lines.push(
      '',
      `## struct ${struct.name}`,
      '',
      `${struct.bytes} bytes.`,
      '',
      '| offset | bytes | field | meaning |',
      '|---|---|---|---|',
    );
    for (const field of struct.fields) {
      const meaning = field.padding ? 'zero' : field.doc.replaceAll('|', '\\|');
      lines.push(`| ${field.offset} | ${field.bytes} | ${field.name} | ${meaning} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function emitEnum(type: AbiEnum): string {
  const prefix = `${type.name.toUpperCase()}_`;
  const lines = type.members.map((member) => {
    const name = member.name.startsWith(prefix) ? member.name.slice(prefix.length) : member.name.replace(/^RF_/, '');
    return `  ${name}: ${member.value},`;
  });
  return ['', `export const ${pascal(type.name)} = {`, ...lines, '} as const;'].join('\n');
}

function emitStruct(struct: AbiStruct): string {
  const name = pascal(struct.name);
  const fields = struct.fields.filter((field) => !field.padding);
  const offsets = fields.map((field) => `${camel(field.name)}: ${field.offset}`).join(', ');
  return [
    '',
    `export interface ${name} {`,
    ...fields.flatMap((field) => [`  /** ${field.doc} */`, `  ${camel(field.name)}: ${typeName(field)};`]),
    '}',
    '',
    `/** Byte offsets of the fields of ${name}, for code that reads only a few. */`,
    `export const ${name}Offset = { ${offsets} } as const;`,
    '',
    `export const ${name}Codec: Codec<${name}> = {`,
    `  size: ${struct.bytes},`,
    `  encode(v: ${name}, into = new Uint8Array(${struct.bytes}), at = 0): Uint8Array {`,
    `    const d = cleared(into, at, ${struct.bytes});`,
    ...fields.map((field) => `    ${encodeField(field)}`),
    '    return into;',
    '  },',
    `  decode(b: Uint8Array, at = 0): ${name} {`,
    `    const d = viewOf(b, at, ${struct.bytes});`,
    '    return {',
    ...fields.map((field) => `      ${camel(field.name)}: ${decodeField(field)},`),
    '    };',
    '  },',
    '};',
  ].join('\n');
}

function typeName({ type }: AbiField): string {
  switch (type.kind) {
    case 'scalar':
      return type.bits === 64 ? 'bigint' : 'number';
    case 'struct':
      return pascal(type.name);
    case 'cstr':
      return 'string';
    case 'array':
      if (type.of === 8) return 'Uint8Array';
      return typeof type.of === 'string' ? `${pascal(type.of)}[]` : `${type.of === 64 ? 'bigint' : 'number'}[]`;
  }
}

function encodeField({ name, type, offset, bytes }: AbiField): string {
  const value = `v.${camel(name)}`;
  switch (type.kind) {
    case 'scalar':
      return `${putScalar(type.bits, String(offset), value)};`;
    case 'struct':
      return `${pascal(type.name)}Codec.encode(${value}, into, at + ${offset});`;
    case 'cstr':
      return `putText(d, ${offset}, ${type.length}, ${value});`;
    case 'array': {
      const place = `${offset} + i * ${bytes / type.length}`;
      const put =
        typeof type.of === 'string'
          ? `void ${pascal(type.of)}Codec.encode(x, into, at + ${place})`
          : putScalar(type.of, place, 'x');
      return `putEach(${value}, ${type.length}, (x, i) => ${put});`;
    }
  }
}

function decodeField({ type, offset, bytes }: AbiField): string {
  switch (type.kind) {
    case 'scalar':
      return getScalar(type.bits, String(offset));
    case 'struct':
      return `${pascal(type.name)}Codec.decode(b, at + ${offset})`;
    case 'cstr':
      return `getText(d, ${offset}, ${type.length})`;
    case 'array': {
      if (type.of === 8) return `b.slice(at + ${offset}, at + ${offset + bytes})`;
      const place = `${offset} + i * ${bytes / type.length}`;
      const get =
        typeof type.of === 'string' ? `${pascal(type.of)}Codec.decode(b, at + ${place})` : getScalar(type.of, place);
      return `getEach(${type.length}, (i) => ${get})`;
    }
  }
}

function putScalar(bits: number, at: string, value: string): string {
  return bits === 64 ? `putBigint(d, ${at}, ${value})` : `putNumber(d, ${at}, ${bits}, ${value})`;
}

function getScalar(bits: number, at: string): string {
  return bits === 64 ? `getBigint(d, ${at})` : `getNumber(d, ${at}, ${bits})`;
}

function pascal(name: string): string {
  return name
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}

function camel(name: string): string {
  const joined = pascal(name);
  return joined.charAt(0).toLowerCase() + joined.slice(1);
}
