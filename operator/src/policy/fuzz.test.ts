import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ISSUE_CODES } from '../errors.js';
import { decodeText } from './parse.js';
import { SCHEMAS } from './schema.gen.js';
import type { Schema } from './schema.gen.js';
import { CHECKED_KEYWORDS, walkSchema } from './schema-walk.js';
import type { SchemaError } from './schema-walk.js';
import type { PolicyFile } from './types.js';
import { validatePolicyFile } from './validate.js';

const EXAMPLES = join(import.meta.dirname, '../../../examples');

const texts = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml') && !name.endsWith('expect.yaml'))
  .map((name) => readFileSync(join(EXAMPLES, name), 'utf8'));

/** Whatever the text: an answer, whose issues have a place within it, and no policy with an error of its own. */
function answers(text: string): PolicyFile {
  const file = validatePolicyFile(text, 'f.yaml');
  const lines = text.split(/\n/).length;
  for (const issue of file.issues) {
    expect(Object.keys(ISSUE_CODES)).toContain(issue.code);
    expect(issue.line).toBeGreaterThanOrEqual(1);
    expect(issue.line).toBeLessThanOrEqual(lines);
    expect(issue.column).toBeGreaterThanOrEqual(1);
  }
  return file;
}

test('any text has an answer', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void answers(text)),
    { numRuns: 500 },
  );
});

test('any bytes have an answer', () => {
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...texts), (bytes, text) => {
      const mixed = Uint8Array.from([...encoder.encode(text), ...bytes]);
      const decoded = decodeText(mixed, 'f.yaml');
      if ('text' in decoded) answers(decoded.text);
      else expect(decoded.issue.line).toBeGreaterThanOrEqual(1);
    }),
    { numRuns: 200 },
  );
});

test('any JSON has an answer', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => void answers(text)),
    { numRuns: 300 },
  );
});

const fragment = fc.constantFrom(
  ...[
    '',
    ' ',
    '\n',
    '  ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    ': ',
    ', ',
    '"',
    '#',
    '&a ',
    '*a',
    '!!x ',
    '---\n',
    '\t',
    '|\n',
    '? ',
  ],
  ...['null', 'true', '0', '-1', '1e400', '__proto__: x', 'spec:', 'rules', 'Kill', '/**', '**', '/bin/*', '\\', 'é'],
);

test('any policy with a part cut out or put in has an answer', () => {
  let rejected = 0;
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.nat(), fc.nat(12), fragment, (text, at, length, inserted) => {
      const start = at % text.length;
      const file = answers(text.slice(0, start) + inserted + text.slice(start + length));
      if (file.issues.some(({ level }) => level === 'error')) rejected += 1;
    }),
    { numRuns: 1_500 },
  );
  expect(rejected).toBeGreaterThan(200);
});

const PATH_STEPS = [
  'spec',
  'rules',
  'selector',
  'metadata',
  'binaries',
  'paths',
  'allow',
  'deny',
  'except',
  'podSelector',
];

/** The object with the value at a random place replaced. */
function replaced(value: unknown, choose: () => number, by: unknown): unknown {
  const isLeaf = typeof value !== 'object' || value === null || choose() % 5 === 0;
  if (isLeaf) return by;
  if (Array.isArray(value)) {
    const index = choose() % Math.max(1, value.length);
    return value.map((entry, at) => (at === index ? replaced(entry, choose, by) : (entry as unknown)));
  }
  const keys = Object.keys(value);
  const wanted = keys.filter((key) => PATH_STEPS.includes(key));
  const pool = wanted.length > 0 && choose() % 2 === 0 ? wanted : keys;
  const key = pool[choose() % Math.max(1, pool.length)] ?? 'spec';
  return { ...value, [key]: replaced((value as Record<string, unknown>)[key], choose, by) };
}

/** The example policies as objects. */
function exampleObjects(): readonly { readonly kind: keyof typeof SCHEMAS }[] {
  const objects = texts.flatMap((text) => validatePolicyFile(text, 'f.yaml').policies);
  return objects.map(({ kind, metadata, spec }) => {
    const { namespace, ...rest } = metadata;
    const { scope, ...namespaced } = spec;
    return kind === 'RuntimePolicy'
      ? { apiVersion: 'ringfence.io/v1alpha1', kind, metadata: { ...rest, namespace }, spec: namespaced }
      : { apiVersion: 'ringfence.io/v1alpha1', kind, metadata: rest, spec: { scope, ...namespaced } };
  });
}

const anyValue = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('Kill', 'Host', '/x', ['Read'], [{ path: '/x' }], [], {}, 'é'.repeat(64), 0.5, -1),
);

test('any policy with one value replaced has an answer', () => {
  const documents = exampleObjects();
  for (const document of documents)
    expect(validatePolicyFile(JSON.stringify(document), 'f.json').policies).toHaveLength(1);
  fc.assert(
    fc.property(fc.constantFrom(...documents), fc.infiniteStream(fc.nat(1_000)), anyValue, (document, stream, by) => {
      const choose = (): number => Number(stream.next().value);
      answers(JSON.stringify(replaced(document, choose, by)));
    }),
    { numRuns: 1_000 },
  );
});

/** Keywords that describe, that name something, or that are checked where their meaning is known. */
const OTHER_KEYWORDS = [
  ...['description', 'format', 'x-definition', 'x-kubernetes-list-map-keys', 'x-kubernetes-list-type'],
  ...['x-kubernetes-map-type', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations'],
];

function keywordsOf(schema: Schema): string[] {
  const others = schema['additionalProperties'] as Schema | undefined;
  const children = [...Object.values(schema.properties ?? {}), schema.items, others];
  return [...Object.keys(schema), ...children.flatMap((child) => (child === undefined ? [] : keywordsOf(child)))];
}

test('every keyword of the schema is one that is checked', () => {
  const used = new Set(Object.values(SCHEMAS).flatMap(keywordsOf));
  expect([...used].filter((keyword) => !CHECKED_KEYWORDS.has(keyword) && !OTHER_KEYWORDS.includes(keyword))).toEqual(
    [],
  );
});

/** An error as comparable text. Written when the walk is over: defaults change values that errors are about. */
function errorText(keyword: string, value: unknown, field = ''): string {
  return [keyword, JSON.stringify(value), field].join(' ');
}

function errorsOf(schema: Schema, value: unknown): string[] {
  const errors: SchemaError[] = [];
  walkSchema({ visit: () => undefined, error: (error) => void errors.push(error) }, schema, value, '');
  return errors.map((error) => errorText(error.keyword, error.value, error.field)).sort();
}

test('any policy with values replaced gets the errors and defaults that JSON Schema gives it', () => {
  const options = { allErrors: true, useDefaults: true, strict: false, validateFormats: false, verbose: true } as const;
  const compiled = new Map(Object.entries(SCHEMAS).map(([kind, schema]) => [kind, new Ajv(options).compile(schema)]));
  let wrong = 0;
  const streams = fc.infiniteStream(fc.nat(1_000));
  const twice = fc.tuple(anyValue, anyValue);
  fc.assert(
    fc.property(fc.constantFrom(...exampleObjects()), streams, twice, (object, stream, values) => {
      const choose = (): number => Number(stream.next().value);
      const changed = values.reduce<unknown>((value, by) => replaced(value, choose, by), object);
      const [ours, theirs] = [structuredClone(changed), structuredClone(changed)];
      const validate = compiled.get(object.kind);
      validate?.(theirs);
      const wanted = (validate?.errors ?? []).map(({ keyword, data, params }) =>
        errorText(keyword, data, (params as { missingProperty?: string }).missingProperty),
      );
      if (wanted.length > 0) wrong += 1;
      expect(errorsOf(SCHEMAS[object.kind], ours)).toEqual(wanted.sort());
      expect(ours).toEqual(theirs);
    }),
    { numRuns: 1_000 },
  );
  expect(wrong).toBeGreaterThan(200);
});
