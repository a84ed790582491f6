// The contract between BPF and user space as the compiler laid it out, checked: every byte of every struct is named,
// every field is documented, nothing is a pointer or a bit-field.

import { createHash } from 'node:crypto';
import type { BtfMember, BtfType } from './btf.js';

export type AbiFieldType =
  | { readonly kind: 'scalar'; readonly bits: 8 | 16 | 32 | 64 }
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'array'; readonly of: 8 | 16 | 32 | 64 | string; readonly length: number }
  | { readonly kind: 'cstr'; readonly length: number };

export interface AbiField {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly type: AbiFieldType;
  readonly doc: string;
  readonly padding: boolean;
}

export interface AbiStruct {
  readonly name: string;
  readonly bytes: number;
  readonly fields: readonly AbiField[];
}

export interface AbiEnum {
  readonly name: string;
  readonly members: readonly { readonly name: string; readonly value: number }[];
}

export interface AbiModel {
  readonly enums: readonly AbiEnum[];
  readonly structs: readonly AbiStruct[];
}

type StructType = Extract<BtfType, { kind: 'struct' }>;

/** Structs inside structs that the generator would have no codec for. */
function unknownInnerStructs(structs: readonly AbiStruct[]): string[] {
  const known = new Set(structs.map((struct) => struct.name));
  return structs.flatMap((struct) =>
    struct.fields.flatMap((field) => {
      const inner = innerStruct(field.type);
      return inner === undefined || known.has(inner)
        ? []
        : [`${struct.name}.${field.name}: struct ${inner} has no variable`];
    }),
  );
}

/** The types of all variables of the object, in the order of their variables. Throws one error that names every fault. */
export function buildAbiModel(types: readonly BtfType[]): AbiModel {
  const faults: string[] = [];
  const enums: AbiEnum[] = [];
  const structs: AbiStruct[] = [];
  for (const variable of types) {
    if (variable.kind !== 'var') continue;
    const id = resolveAlias(types, variable.target);
    const type = types[id];
    if (type?.kind === 'enum') enums.push({ name: type.name, members: type.members });
    else if (type?.kind === 'struct') structs.push(buildStruct({ types, faults }, id, type));
    else faults.push(`${variable.name}: a contract type is a struct or an enum`);
  }
  faults.push(...unknownInnerStructs(structs));
  if (faults.length > 0) throw new Error(`the contract cannot be generated:\n  ${faults.join('\n  ')}`);
  return { enums, structs };
}

/** Types that the header declares and the object does not have: their variable is missing. */
export function missingTypes(model: AbiModel, header: string): string[] {
  const present = new Set([...model.enums, ...model.structs].map((type) => type.name));
  const declared = [...header.matchAll(/^(?:struct|enum) (\w+) \{/gm)].map((match) => match[1] ?? '');
  return declared.filter((name) => !present.has(name));
}

/** The layout as text, one line per thing that both sides must agree on. Documentation is not part of it. */
export function layoutText(model: AbiModel): string {
  const lines: string[] = [];
  for (const type of model.enums) {
    lines.push(`enum ${type.name}`);
    for (const member of type.members) lines.push(`  ${member.name} = ${member.value}`);
  }
  for (const struct of model.structs) {
    lines.push(`struct ${struct.name} ${struct.bytes}`);
    for (const field of struct.fields)
      lines.push(`  ${field.offset}+${field.bytes} ${field.name}: ${typeText(field.type)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** First 64 bits of SHA-256 over layoutText, as 16 hexadecimal digits. */
export function layoutHash(model: AbiModel): string {
  return createHash('sha256').update(layoutText(model)).digest('hex').slice(0, 16);
}

interface Build {
  readonly types: readonly BtfType[];
  readonly faults: string[];
}

function buildStruct(build: Build, id: number, struct: StructType): AbiStruct {
  const fields: AbiField[] = [];
  let end = 0;
  struct.members.forEach((member, index) => {
    const at = `struct ${struct.name}.${member.name}`;
    const built = buildField(build, { at, member, tags: tagsOf(build.types, id, index) });
    if (built === undefined) return;
    if (built.offset > end) build.faults.push(`${at}: a hole of ${built.offset - end} bytes before it; name it _pad`);
    end = built.offset + built.bytes;
    fields.push(built);
  });
  if (end < struct.bytes)
    build.faults.push(`struct ${struct.name}: ${struct.bytes - end} bytes of tail padding; name them _pad`);
  return { name: struct.name, bytes: struct.bytes, fields };
}

function buildField(
  build: Build,
  field: { at: string; member: BtfMember; tags: readonly string[] },
): AbiField | undefined {
  const { at, member, tags } = field;
  const padding = member.name.startsWith('_pad');
  const doc = tags.find((tag) => tag.startsWith('doc:'))?.slice(4) ?? '';
  if (doc === '' && !padding) build.faults.push(`${at}: no rf_doc`);
  if (member.bitSize !== 0 || member.bitOffset % 8 !== 0) {
    build.faults.push(`${at}: a bit-field`);
    return undefined;
  }
  const type = fieldType(build.types, member.type, tags.includes('cstr'));
  if (typeof type === 'string') {
    build.faults.push(`${at}: ${type}`);
    return undefined;
  }
  return {
    name: member.name,
    offset: member.bitOffset / 8,
    bytes: byteSize(build.types, member.type),
    type,
    doc,
    padding,
  };
}

/** The field's type, or what is wrong with it. */
function fieldType(types: readonly BtfType[], id: number, cstr: boolean): AbiFieldType | string {
  const type = types[resolveAlias(types, id)];
  if (type?.kind === 'struct') return { kind: 'struct', name: type.name };
  if (type?.kind === 'array') return arrayType(types[resolveAlias(types, type.element)], type.length, cstr);
  const bits = scalarBits(type);
  return typeof bits === 'string' ? bits : { kind: 'scalar', bits };
}

function arrayType(element: BtfType | undefined, length: number, cstr: boolean): AbiFieldType | string {
  if (cstr) {
    const isChar = element?.kind === 'int' && element.bytes === 1;
    return isChar ? { kind: 'cstr', length } : 'rf_cstr needs an array of char';
  }
  if (element?.kind === 'struct') return { kind: 'array', of: element.name, length };
  const bits = scalarBits(element);
  return typeof bits === 'string' ? bits : { kind: 'array', of: bits, length };
}

const SCALAR_BITS = [8, 16, 32, 64] as const;

function kindName(type: BtfType | undefined): string {
  if (type === undefined) return 'missing type';
  return type.kind === 'other' ? type.what : type.kind;
}

function scalarBits(type: BtfType | undefined): (typeof SCALAR_BITS)[number] | string {
  if (type?.kind !== 'int') return `a ${kindName(type)} cannot cross`;
  if (type.signed) return 'a signed integer cannot cross (a char array needs rf_cstr)';
  const bits = SCALAR_BITS.find((width) => width === type.bits && width === type.bytes * 8);
  return bits ?? `an integer of ${type.bits} bits cannot cross`;
}

function byteSize(types: readonly BtfType[], id: number): number {
  const type = types[resolveAlias(types, id)];
  if (type?.kind === 'array') return type.length * byteSize(types, type.element);
  return type !== undefined && 'bytes' in type ? type.bytes : 0;
}

function resolveAlias(types: readonly BtfType[], id: number): number {
  let current = id;
  for (let type = types[current]; type?.kind === 'alias'; type = types[current]) current = type.target;
  return current;
}

function tagsOf(types: readonly BtfType[], target: number, component: number): string[] {
  return types.flatMap((type) =>
    type.kind === 'tag' && type.target === target && type.component === component ? [type.text] : [],
  );
}

function innerStruct(type: AbiFieldType): string | undefined {
  if (type.kind === 'struct') return type.name;
  return type.kind === 'array' && typeof type.of === 'string' ? type.of : undefined;
}

function typeText(type: AbiFieldType): string {
  switch (type.kind) {
    case 'scalar':
      return `u${type.bits}`;
    case 'struct':
      return type.name;
    case 'cstr':
      return `cstr[${type.length}]`;
    case 'array':
      return `${typeof type.of === 'number' ? `u${type.of}` : type.of}[${type.length}]`;
  }
}
