import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Environment } from '@marcbachmann/cel-js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ISSUE_CODES } from '../operator/src/errors.js';
import { DEFINITION_VERSION } from '../operator/src/k8s/definitions.js';
import { generatedFiles } from './gen-types.js';
import { resourceFile, shapeOf } from './schema-emit.js';
import { children, readSchemaModel } from './schema-model.js';
import type { Schema } from './schema-model.js';

// What the API server demands of a CustomResourceDefinition and this machine has no API server to ask for.

const root = join(import.meta.dirname, '..');
const model = readSchemaModel(root);

interface Crd {
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly names: { readonly shortNames: string[]; readonly categories: string[] };
    readonly scope: string;
    readonly versions: {
      readonly subresources: object;
      readonly additionalPrinterColumns: { readonly name: string; readonly priority?: number }[];
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

interface Place {
  readonly path: string;
  readonly schema: Schema;
}

function placesIn(schema: Schema, path: string): Place[] {
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => placesIn(child, `${path}.${name}`));
  const { items, additionalProperties } = schema;
  const rest = [items, additionalProperties].flatMap((child) => (child ? placesIn(child, `${path}[]`) : []));
  return [{ path, schema }, ...named, ...rest];
}

const definitions = model.resources.map((resource) => {
  const crd = parse(readFileSync(join(root, resourceFile(resource)), 'utf8')) as Crd;
  const version = crd.spec.versions[0];
  if (!version) throw new Error(`${resource.kind} has no version`);
  const schema = version.schema.openAPIV3Schema;
  return { resource, crd, version, places: placesIn(schema, resource.kind) };
});

test('every generated file is what the schema gives', () => {
  for (const [path, content] of generatedFiles(root))
    expect(readFileSync(join(root, path), 'utf8'), path).toBe(content);
});

describe.each(definitions)('$resource.kind', ({ places }) => {
  // The API server takes such a definition, and then refuses every server-side apply of its objects.
  test('no list of objects is a set', () => {
    const sets = places.filter(({ schema }) => schema['x-kubernetes-list-type'] === 'set');
    expect(sets.filter(({ schema }) => schema.items?.type === 'object').map(({ path }) => path)).toEqual([]);
  });
});

const texts = definitions.filter(({ resource }) => resource.text);

describe.each(texts)('$resource.kind', ({ resource, crd, version, places }) => {
  const spec = places.filter(({ path }) => path.startsWith(`${resource.kind}.spec`));

  test('is named as the language says, with a status and its columns', () => {
    expect(crd.metadata.name).toBe(`${resource.plural}.ringfence.io`);
    expect(crd.metadata.annotations[DEFINITION_VERSION]).toBe(resource.definition.toString());
    expect(crd.spec.names).toMatchObject({ shortNames: [resource.shortName], categories: ['ringfence'] });
    expect(version.subresources).toEqual({ status: {} });
    const columns = version.additionalPrinterColumns.map(({ name, priority = 0 }) =>
      priority === 0 ? name : `(${name})`,
    );
    expect(columns.join(' ')).toBe(
      'Mode Guarantee Desired Enforced Pods Violations Ready Age (Refused) (Degraded) (Reason)',
    );
  });

  test('bounds every list and text, so that the cost of the rules is bounded', () => {
    for (const { path, schema } of spec) {
      if (schema.type === 'array') expect(schema.maxItems, path).toBeGreaterThan(0);
      if (schema.type === 'object' && schema.additionalProperties)
        expect(schema.maxProperties, path).toBeGreaterThan(0);
      if (schema.type === 'string') expect(schema.enum ?? schema.maxLength, path).toBeDefined();
    }
  });

  test('has no empty lists but for values of labels', () => {
    const open = spec.filter(({ schema }) => schema.type === 'array' && schema.minItems !== 1).map(({ path }) => path);
    expect(open.filter((path) => !path.endsWith('matchExpressions[].values'))).toEqual([]);
  });

  test('has regular expressions and CEL rules that parse, with messages that begin with a registered code', () => {
    const environment = new Environment().registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn');
    environment.registerFunction('list.isSorted(): bool', () => true);
    const rules = places.flatMap(({ schema }) => schema['x-kubernetes-validations'] ?? []);
    expect(rules.length).toBeGreaterThan(20);
    for (const { rule, message } of rules) {
      expect(() => environment.parse(rule), rule).not.toThrow();
      expect(rule).not.toMatch(/matches\(/);
      expect(Object.keys(ISSUE_CODES)).toContain(message.split(':')[0]);
    }
    for (const { schema } of places)
      if (schema.pattern !== undefined) expect(() => new RegExp(schema.pattern ?? '', 'u')).not.toThrow();
  });

  test('has defaults that it would itself accept', () => {
    for (const { path, schema } of spec.filter((place) => place.schema.default !== undefined)) {
      if (schema.enum) expect(schema.enum, path).toContain(schema.default);
      else expect(typeof schema.default, path).toBe(schema.type === 'integer' ? 'number' : schema.type);
    }
  });
});

describe.each(definitions)('$resource.kind as a structural schema', ({ resource, places }) => {
  test('is structural: a type everywhere, references nowhere', () => {
    expect(places.length).toBeGreaterThan(20);
    for (const { path, schema } of places) {
      expect(schema.type, path).toMatch(/^(object|array|string|integer|boolean)$/);
      expect(Object.keys(schema), path).not.toContain('$ref');
      expect(Object.keys(schema), path).not.toContain('x-definition');
      const kinds = [schema.properties, schema.additionalProperties, schema.items].filter(Boolean);
      expect(kinds.length, path).toBeLessThanOrEqual(1);
    }
  });

  test('restricts nothing of metadata, which is the server’s', () => {
    expect(places.find(({ path }) => path === `${resource.kind}.metadata`)?.schema).toEqual({ type: 'object' });
  });

  test('has lists with a type; entries of sets are scalars, which server-side apply asks for, entries of maps have their keys', () => {
    for (const { path, schema } of places.filter((place) => place.schema.type === 'array')) {
      const type = schema['x-kubernetes-list-type'];
      const items = schema.items ?? {};
      expect(type, path).toMatch(/^(set|map|atomic)$/);
      if (type === 'set') expect(items.type, path).not.toBe('object');
      for (const key of schema['x-kubernetes-list-map-keys'] ?? []) expect(items.required, path).toContain(key);
    }
  });
});

function isBounded(schema: Schema): boolean {
  if (schema.type === 'array') return (schema.maxItems ?? 0) > 0;
  if (schema.additionalProperties) return (schema.maxProperties ?? 0) > 0;
  return schema.type !== 'string' || [schema.enum, schema.maxLength, schema.format].some(Boolean);
}

const nodeState = definitions.find(({ resource }) => resource.kind === 'NodeState');

test('a node state has a status of its own and every list in it is bounded', () => {
  expect(nodeState?.version.subresources).toEqual({ status: {} });
  expect(nodeState?.crd.spec).toMatchObject({
    scope: 'Cluster',
    names: { shortNames: ['rns'], categories: ['ringfence'] },
  });
  const status = nodeState?.places.slice(4) ?? [];
  expect(status.filter(({ schema }) => !isBounded(schema)).map(({ path }) => path)).toEqual([]);
});

test('reports are the public ones: no status, no category of ours, only policy required of a result', () => {
  const reports = definitions.filter(({ resource }) => resource.group !== undefined);
  expect(reports.map(({ crd }) => `${crd.metadata.name} ${crd.spec.names.shortNames.join()}`)).toEqual([
    'policyreports.wgpolicyk8s.io polr',
    'clusterpolicyreports.wgpolicyk8s.io cpolr',
    'reports.openreports.io reps',
    'clusterreports.openreports.io creps',
  ]);
  for (const { crd, version, places } of reports) {
    expect(crd.spec.names.categories).toBeUndefined();
    expect(version.subresources).toBeUndefined();
    expect(places.find(({ path }) => path.endsWith('.results[]'))?.schema.required).toEqual(['policy']);
  }
});

test('every definition is used by an object', () => {
  const used = new Set<string>();
  const visit = (name: string): void => {
    if (used.has(name)) return;
    used.add(name);
    const walk = (schema: Schema): void => {
      if (schema.$ref !== undefined) visit(schema.$ref);
      children(schema).forEach(walk);
    };
    walk(model.definitions.get(name) ?? {});
  };
  for (const kind of [...model.resources.map(shapeOf), 'Workloads']) visit(kind);
  expect([...model.definitions.keys()].filter((name) => !used.has(name))).toEqual([]);
});
