// Writes what follows from crds/schema: CustomResourceDefinitions, TypeScript types with the schema as a constant.

import { stringify } from 'yaml';
import { definitionOf, ordered, textKinds } from './schema-model.js';
import type { Resource, Schema, SchemaModel } from './schema-model.js';

const NOTICE = 'Generated from crds/schema by tools/gen-types.ts; do not edit.';
const GROUP = 'ringfence.io';
const VERSION = 'v1alpha1';
/** Tells our definitions from others' and the newer of two; k8s/definitions.ts reads it. */
const DEFINITION_VERSION = 'ringfence.io/definition-version';

/** Definitions that exist for standalone files only; in the cluster the API server has its own. */
const METADATA = 'ObjectMeta';

type Json = Record<string, unknown>;

function mapChildren(schema: Schema, change: (child: Schema) => unknown): Json {
  const { properties, additionalProperties, items, ...rest } = schema;
  const changed: Json = { ...rest };
  if (additionalProperties) changed['additionalProperties'] = change(additionalProperties);
  if (items) changed['items'] = change(items);
  if (properties)
    changed['properties'] = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, change(value)]));
  return changed;
}

/** The schema with every reference replaced, as the API server wants it. */
function resolve(model: SchemaModel, schema: Schema): Json {
  if (schema.$ref === METADATA) return { type: 'object' };
  const { $ref, ...own } = schema;
  const target = $ref === undefined ? {} : resolve(model, definitionOf(model, $ref));
  return { ...target, ...mapChildren(own, (child) => resolve(model, child)) };
}

/** The name that the type and the schema of a kind have in crds/schema. */
export function shapeOf(resource: Resource): string {
  return resource.shape ?? resource.kind;
}

export function resourceFile(resource: Resource): string {
  const folder = resource.folder === undefined ? '' : `${resource.folder}/`;
  return `crds/${folder}${resource.group ?? GROUP}_${resource.plural}.yaml`;
}

export function emitResource(model: SchemaModel, resource: Resource): string {
  const { kind, plural, shortName, scope, group = GROUP } = resource;
  const version = {
    name: resource.version ?? VERSION,
    served: true,
    storage: true,
    ...(group === GROUP ? { subresources: { status: {} } } : {}),
    additionalPrinterColumns: resource.columns,
    schema: { openAPIV3Schema: resolve(model, definitionOf(model, shapeOf(resource))) },
  };
  const names = { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames: [shortName] };
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, annotations: { [DEFINITION_VERSION]: resource.definition.toString() } },
    spec: {
      group,
      scope,
      names: group === GROUP ? { ...names, categories: ['ringfence'] } : names,
      versions: [version],
    },
  };
  return `# ${NOTICE}\n${stringify(definition, { lineWidth: 120, aliasDuplicateObjects: false })}`;
}

function literals(values: readonly string[]): string {
  return values.map((value) => `'${value}'`).join(' | ');
}

function arrayType(items: Schema): string {
  return items.enum ? `readonly (${typeOf(items)})[]` : `readonly ${typeOf(items)}[]`;
}

const SCALARS: Readonly<Record<string, string>> = { string: 'string', boolean: 'boolean', integer: 'number' };

/** The TypeScript type of a value after defaults were filled in. */
function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref;
  if (schema.enum) return literals(schema.enum);
  if (schema.type === 'object') return objectType(schema);
  if (schema.type === 'array') return arrayType(schema.items ?? {});
  return SCALARS[schema.type ?? ''] ?? 'unknown';
}

function objectType(schema: Schema): string {
  if (schema.additionalProperties) return `Readonly<Record<string, ${typeOf(schema.additionalProperties)}>>`;
  if (!schema.properties) return 'Readonly<Record<string, unknown>>';
  return `{\n${members(schema)}\n}`;
}

function members(schema: Schema): string {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {})
    .map(([name, child]) => {
      const optional = required.has(name) || child.default !== undefined ? '' : '?';
      const doc = child.description === undefined ? '' : `  /** ${child.description} */\n`;
      return `${doc}  readonly ${name}${optional}: ${typeOf(child)};`;
    })
    .join('\n');
}

function declaration(name: string, schema: Schema): string {
  const doc = schema.description === undefined ? '' : `/** ${schema.description} */\n`;
  if (schema.properties) return `${doc}export interface ${name} {\n${members(schema)}\n}\n`;
  return `${doc}export type ${name} = ${typeOf(schema)};\n`;
}

/** The schema as source text; a reference becomes the constant of its definition. */
function constant(schema: Schema, indent: string): string {
  const { $ref, ...own } = schema;
  const inner = `${indent}  `;
  if ($ref !== undefined && Object.keys(own).length === 0) return `s${$ref}`;
  const lines = $ref === undefined ? [] : [`...s${$ref},`];
  for (const [key, value] of Object.entries(own)) lines.push(`${JSON.stringify(key)}: ${member(key, value, inner)},`);
  return `{\n${lines.map((line) => inner + line).join('\n')}\n${indent}}`;
}

function member(key: string, value: unknown, indent: string): string {
  if (key === 'items' || key === 'additionalProperties') return constant(value as Schema, indent);
  if (key !== 'properties') return JSON.stringify(value);
  const inner = `${indent}  `;
  const entries = Object.entries(value as Record<string, Schema>);
  const lines = entries.map(([name, child]) => `${inner}${JSON.stringify(name)}: ${constant(child, inner)},`);
  return `{\n${lines.join('\n')}\n${indent}}`;
}

const PREAMBLE = `// ${NOTICE}
// Types of the objects of ${GROUP}/${VERSION} after defaults were filled in, and the schema that validates them.

export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

/** A structural OpenAPI schema. \`x-definition\` names the definition of crds/schema that it comes from. */
export interface Schema {
  readonly [keyword: string]: unknown;
  readonly type: string;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly 'x-definition'?: string;
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
}
`;

export function emitTypeScript(model: SchemaModel): string {
  const texts = textKinds(model);
  const definitions = ordered(model, texts);
  const types = definitions.map(([name, schema]) => declaration(name, schema));
  const constants = definitions.map(([name, schema]) => {
    const marked = { ...schema, 'x-definition': name };
    return `const s${name}: Schema = ${constant(marked, '')};\n`;
  });
  const table = texts.map((kind) => `  ${kind}: s${kind},`).join('\n');
  const group = `export const API_VERSION = '${GROUP}/${VERSION}';\n`;
  const schemas = `/** The schema of each kind. */\nexport const SCHEMAS = {\n${table}\n} as const;\n`;
  return [PREAMBLE, group, ...types, ...constants, schemas].join('\n');
}

/** Types of the objects that only the product writes: nobody validates them but the API server. */
export function emitObjectTypes(model: SchemaModel): string {
  const known = new Set(ordered(model, textKinds(model)).map(([name]) => name));
  const shapes = [...new Set(model.resources.filter(({ text }) => text !== true).map(shapeOf))];
  const definitions = ordered(model, shapes);
  const shared = definitions.map(([name]) => name).filter((name) => known.has(name));
  const imports = `import type { ${shared.sort().join(', ')} } from '../policy/schema.gen.js';\n`;
  const own = definitions.filter(([name]) => !known.has(name));
  const lead = `// ${NOTICE}\n// Types of the objects that agent and controller write: node states and reports.\n`;
  return [lead, imports, ...own.map(([name, schema]) => declaration(name, schema))].join('\n');
}
