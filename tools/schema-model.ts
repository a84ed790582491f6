// Reads crds/schema: named definitions that refer to each other by `$ref: Name`.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const SCHEMA_FOLDER = 'crds/schema';
const RESOURCES_FILE = 'resources.yaml';

export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

/** The part of OpenAPI that a structural schema may use. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly 'x-kubernetes-list-type'?: 'set' | 'map' | 'atomic';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic';
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly priority?: number;
}

export interface Resource {
  readonly kind: string;
  /** Absent: the group and version of Ringfence, with a status of their own. */
  readonly group?: string;
  readonly version?: string;
  /** Folder below crds/; kinds that a cluster may have from others stand apart from ours. */
  readonly folder?: string;
  /** Definition of the schema; absent: of the kind's name. */
  readonly shape?: string;
  /** Counts the changes of the definition: with each that a cluster must take over. */
  readonly definition: number;
  /** Read from files too, so the schema goes into the product. */
  readonly text?: boolean;
  readonly columns: readonly Column[];
  readonly plural: string;
  readonly shortName: string;
  readonly scope: 'Namespaced' | 'Cluster';
}

export interface SchemaModel {
  readonly definitions: ReadonlyMap<string, Schema>;
  readonly resources: readonly Resource[];
}

/** Schemas directly inside a schema. */
export function children(schema: Schema): Schema[] {
  const { properties, additionalProperties, items } = schema;
  return [...Object.values(properties ?? {}), additionalProperties, items].filter((child) => child !== undefined);
}

export function definitionOf(model: SchemaModel, name: string): Schema {
  const found = model.definitions.get(name);
  if (!found) throw new Error(`${SCHEMA_FOLDER} defines no ${name}`);
  return found;
}

/** Kinds that files may have. */
export function textKinds(model: SchemaModel): string[] {
  return [...model.resources.filter(({ text }) => text === true).map(({ kind }) => kind), 'Workloads'];
}

/** The definitions that the named ones need, each after those it refers to. */
export function ordered(model: SchemaModel, names: readonly string[]): [string, Schema][] {
  const done = new Map<string, Schema>();
  const visit = (name: string, above: readonly string[]): void => {
    if (done.has(name)) return;
    if (above.includes(name)) throw new Error(`${SCHEMA_FOLDER}: ${name} contains itself`);
    const schema = definitionOf(model, name);
    for (const reference of references(schema)) visit(reference, [...above, name]);
    done.set(name, schema);
  };
  for (const name of names) visit(name, []);
  return [...done];
}

/** Names that a schema refers to, at any depth within it. */
export function references(schema: Schema): string[] {
  const own = schema.$ref === undefined ? [] : [schema.$ref];
  return [...own, ...children(schema).flatMap(references)];
}

export function readSchemaModel(root: string): SchemaModel {
  const folder = join(root, SCHEMA_FOLDER);
  const definitions = new Map<string, Schema>();
  for (const file of readdirSync(folder).sort()) {
    if (file === RESOURCES_FILE || !file.endsWith('.yaml')) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [name, schema] of Object.entries(parse(text) as Record<string, Schema>)) {
      if (definitions.has(name)) throw new Error(`${SCHEMA_FOLDER} defines ${name} twice`);
      definitions.set(name, schema);
    }
  }
  const resources = parse(readFileSync(join(folder, RESOURCES_FILE), 'utf8')) as Resource[];
  return { definitions, resources };
}
