// Writes docs/reference/policy.md: the fields of every definition of crds/schema.

import { definitionOf, references, textKinds } from './schema-model.js';
import type { Schema, SchemaModel } from './schema-model.js';

const LEAD = `# Policy reference

<!-- Generated from crds/schema by tools/gen-types.ts; do not edit. -->

Objects of \`ringfence.io/v1alpha1\`. Lists are sets or maps by a key and never empty: an absent list means "no
restriction" and an empty one is rejected. The same schema validates objects in a cluster and files of a standalone
agent; codes of findings are explained in [errors.md](errors.md).
`;

const NODE_STATE_LEAD = `# NodeState reference

<!-- Generated from crds/schema by tools/gen-types.ts; do not edit. -->

One \`NodeState\` of \`ringfence.io/v1alpha1\` for each node, named as the node, owned by it and written only by its agent.
The controller makes the status of policies, PolicyReports and Events of them. Never in Git.
`;

/** The definition behind a schema: its own keywords over those of what it refers to. */
function merged(model: SchemaModel, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  return { ...merged(model, definitionOf(model, schema.$ref)), ...schema };
}

function anchor(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}

/** Objects have a section of their own; everything else is written where it is used. */
function typeText(model: SchemaModel, schema: Schema): string {
  const full = merged(model, schema);
  if (full.type === 'array') return `[]${typeText(model, full.items ?? {})}`;
  if (full.additionalProperties) return `map of ${typeText(model, full.additionalProperties)}`;
  if (full.properties && schema.$ref !== undefined) return anchor(schema.$ref);
  if (full.enum) return full.enum.map((value) => `\`${value}\``).join(' ');
  return full.type ?? 'any';
}

function range(low: number | undefined, high: number | undefined, unit: string): string[] {
  if (low === undefined && high === undefined) return [];
  return [`${low ?? 0}..${high ?? ''}${unit}`];
}

function listLimits(schema: Schema): string[] {
  const type = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const kind = type === 'map' ? [`map by ${keys.join(', ')}`] : type === 'set' ? ['set'] : [];
  return [...range(schema.minItems, schema.maxItems, ' entries'), ...kind];
}

function limitText(full: Schema): string {
  return [
    ...range(full.minLength, full.maxLength, ' characters'),
    ...range(full.minimum, full.maximum, ''),
    ...listLimits(full),
    ...range(undefined, full.maxProperties, ' entries'),
  ].join(', ');
}

function defaultText(required: boolean, full: Schema): string {
  if (required) return 'required';
  return full.default === undefined ? '' : `\`${JSON.stringify(full.default).replaceAll('"', '')}\``;
}

function row(model: SchemaModel, name: string, schema: Schema, required: boolean): string {
  const full = merged(model, schema);
  const cells = [`\`${name}\``, typeText(model, schema), defaultText(required, full), limitText(full)];
  return `| ${[...cells, full.description ?? ''].map(escape).join(' | ')} |`;
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/(?<!`)\*\*(?!`)/g, '\\*\\*');
}

function rules(schema: Schema): string[] {
  const found = schema['x-kubernetes-validations'] ?? [];
  if (found.length === 0) return [];
  const lines = found.map(({ message }) => {
    const [code = '', ...text] = message.split(': ');
    return `- \`${code}\` unless: ${escape(text.join(': '))}.`;
  });
  return ['', ...lines];
}

function section(model: SchemaModel, name: string): string {
  const schema = definitionOf(model, name);
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties ?? {});
  const rows = fields.map(([field, child]) => row(model, field, child, required.has(field)));
  const head = ['| field | type | default | limits | meaning |', '|---|---|---|---|---|'];
  return [`## ${name}`, '', escape(schema.description ?? ''), '', ...head, ...rows, ...rules(schema), ''].join('\n');
}

/** Names of the object definitions below a definition, in reading order, each once. */
function reachable(model: SchemaModel, name: string, seen: Set<string>): string[] {
  if (seen.has(name)) return [];
  seen.add(name);
  const schema = definitionOf(model, name);
  const below = references(schema).flatMap((next) => reachable(model, next, seen));
  return schema.properties ? [name, ...below] : below;
}

export function emitReference(model: SchemaModel): string {
  return page(model, LEAD, textKinds(model));
}

export function emitNodeStateReference(model: SchemaModel): string {
  return page(model, NODE_STATE_LEAD, ['NodeState']);
}

function page(model: SchemaModel, lead: string, kinds: readonly string[]): string {
  const seen = new Set<string>();
  const names = kinds.flatMap((kind) => reachable(model, kind, seen));
  return [lead, ...names.map((name) => section(model, name))].join('\n');
}
