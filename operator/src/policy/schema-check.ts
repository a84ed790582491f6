// An object against the schema, as the API server would do it: defaults, OpenAPI, uniqueness of sets and maps, CEL. All
// findings at once. What only Ringfence knows about a definition is checked in the same walk (definition-check.ts).
import { Ajv } from 'ajv';
import type { ErrorObject, FuncKeywordDefinition, SchemaValidateFunction, ValidateFunction } from 'ajv';
import { describe, isObject, oneOf } from './check.js';
import type { Check, Finding } from './check.js';
import { celProblems } from './cel.js';
import { checkDefinition, PATTERN_DEFINITIONS } from './definition-check.js';
import { duplicatesIn } from './duplicates.js';
import { childPath } from './positions.js';
import { SCHEMAS } from './schema.gen.js';
import type { CelRule, Schema } from './schema.gen.js';
import { suggest } from './suggest.js';

/** Rule kinds that the language keeps for later. */
const RESERVED_KINDS = ['network', 'syscalls', 'memory', 'libraries', 'faults'];

/** What one run collects beside ajv's own errors. */
interface Run {
  readonly check: Check;
  readonly root: unknown;
  /** Path of an object -> fields it probably meant to have. */
  readonly misspelt: Map<string, Set<string>>;
  readonly rules: { readonly path: string; readonly rules: readonly CelRule[]; readonly value: unknown }[];
}

/** `/spec/rules/0/name` of the object -> `spec.rules[0].name`. */
function pathOf(root: unknown, pointer: string): string {
  let path = '';
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const index = Array.isArray(value) ? Number(key) : key;
    path = childPath(path, index);
    value = (value as Record<string | number, unknown>)[index];
  }
  return path;
}

function unknownField(schema: Schema, known: readonly string[], key: string): Omit<Finding, 'path'> {
  const seen = { got: describe(key), atKey: true };
  if (schema['x-definition'] === 'Rule' && RESERVED_KINDS.includes(key)) {
    const hint = 'this kind is reserved for a later version';
    return { code: 'UNSUPPORTED_KIND', expected: 'a rule kind that exists', hint, ...seen };
  }
  const near = suggest(key, known);
  const hint = near === undefined ? '' : `did you mean ${near}?`;
  return { code: 'UNKNOWN_FIELD', expected: oneOf(known), hint, ...seen };
}

function checkFields(run: Run, schema: Schema, value: unknown, path: string): void {
  if (!isObject(value) || !schema.properties) return;
  const known = Object.keys(schema.properties);
  const unknown = Object.keys(value).filter((name) => !known.includes(name));
  if (unknown.length > 0) run.misspelt.set(path, new Set(unknown.map((key) => suggest(key, known) ?? '')));
  for (const key of unknown) run.check.report({ path: childPath(path, key), ...unknownField(schema, known, key) });
}

type Visit = (run: Run, schema: Schema, value: unknown, path: string) => void;

function keyword(name: string, visit: Visit): FuncKeywordDefinition {
  // ajv types the schema and the context as optional; it gives both.
  const validate: SchemaValidateFunction = function (this: unknown, ...seen) {
    const run = this as Run;
    const value: unknown = seen[1];
    visit(run, seen[2] as Schema, value, pathOf(run.root, seen[3]?.instancePath ?? ''));
    return true;
  };
  return { keyword: name, post: true, errors: false, validate };
}

function makeAjv(): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    passContext: true,
    strict: false,
    validateFormats: false,
    verbose: true,
  });
  ajv.addKeyword(
    keyword('x-definition', (run, schema, value, path) => {
      checkFields(run, schema, value, path);
      checkDefinition(run.check, schema['x-definition'] ?? '', value, path);
    }),
  );
  ajv.addKeyword(
    keyword('x-kubernetes-list-type', (run, schema, value, path) => {
      for (const finding of duplicatesIn(schema, value, path)) run.check.report(finding);
    }),
  );
  ajv.addKeyword(
    keyword('x-kubernetes-validations', (run, schema, value, path) => {
      run.rules.push({ path, rules: schema['x-kubernetes-validations'] ?? [], value });
    }),
  );
  return ajv;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  boolean: 'true or false',
};

interface Expectation {
  readonly expected: string;
  readonly hint?: string;
}

function count(limit: unknown, unit: string): string {
  return `${String(limit)} ${unit}`;
}

/** What each keyword of the schema asks for, in words. */
const EXPECTATIONS: Readonly<Record<string, (limit: unknown, error: ErrorObject) => Expectation>> = {
  type: (limit) => ({ expected: TYPE_WORDS[String(limit)] ?? String(limit) }),
  enum: (words, error) => {
    const near = typeof error.data === 'string' ? suggest(error.data, words as string[]) : undefined;
    return { expected: oneOf(words as string[]), hint: near === undefined ? '' : `did you mean ${near}?` };
  },
  required: () => ({ expected: 'the field' }),
  minItems: (limit) => ({
    expected: `a list of at least ${count(limit, limit === 1 ? 'entry' : 'entries')}`,
    hint: 'leave the field out where there is nothing to say',
  }),
  maxItems: (limit) => ({ expected: `a list of at most ${count(limit, 'entries')}` }),
  minLength: (limit) => ({ expected: `at least ${count(limit, limit === 1 ? 'character' : 'characters')}` }),
  maxLength: (limit) => ({ expected: `at most ${count(limit, 'characters')}` }),
  maxProperties: (limit) => ({ expected: `at most ${count(limit, 'entries')}` }),
  minimum: (limit) => ({ expected: `a number of at least ${String(limit)}` }),
  maximum: (limit) => ({ expected: `a number of at most ${String(limit)}` }),
  pattern: (limit) => ({ expected: `text that matches ${String(limit)}` }),
};

/** Findings about patterns come from the grammar, which says more than an expression can. */
function isPatternDetail(error: ErrorObject): boolean {
  const definition = (error.parentSchema as Schema | undefined)?.['x-definition'] ?? '';
  return PATTERN_DEFINITIONS.has(definition) && error.keyword !== 'type';
}

function reportRequired(run: Run, error: ErrorObject, path: string): void {
  const field = (error.params as { missingProperty: string }).missingProperty;
  if (run.misspelt.get(path)?.has(field)) return;
  run.check.report({
    code: 'INVALID_VALUE',
    path,
    expected: `the field ${field}`,
    got: run.check.describeWritten(error.data, path),
  });
}

function reportError(run: Run, error: ErrorObject): void {
  const path = pathOf(run.root, error.instancePath);
  if (isPatternDetail(error)) return;
  if (error.keyword === 'required') {
    reportRequired(run, error, path);
    return;
  }
  const expectation = EXPECTATIONS[error.keyword]?.(error.schema, error) ?? { expected: error.message ?? '' };
  run.check.report({ code: 'INVALID_VALUE', path, got: describe(error.data), ...expectation });
}

/** Whether a rule only says in other words that the value of a field is wrong. */
function repeats(wrong: ReadonlySet<string>, { rule, message }: CelRule, path: string): boolean {
  if (!message.startsWith('INVALID_VALUE')) return false;
  return [...rule.matchAll(/self\.(\w+)/g)].some(([, field]) => wrong.has(childPath(path, field ?? '')));
}

/** Rules are about whole objects; where a part is misspelt or wrong they would only repeat it in other words. */
function reportRules(run: Run): void {
  const wrong = new Set(run.check.issues.filter(({ code }) => code === 'INVALID_VALUE').map((issue) => issue.path));
  for (const { path, rules, value } of run.rules) {
    if (run.misspelt.has(path)) continue;
    const sound = rules.filter((rule) => !repeats(wrong, rule, path));
    for (const problem of celProblems(sound, value, () => run.check.hasErrorsBelow(path)))
      run.check.report({ path, got: run.check.describeWritten(value, path), ...problem });
  }
}

const validators = new Map<string, ValidateFunction>();

function validatorOf(kind: keyof typeof SCHEMAS): ValidateFunction {
  const made = validators.get(kind) ?? makeAjv().compile(SCHEMAS[kind]);
  validators.set(kind, made);
  return made;
}

/** Fills in defaults, in place, and reports everything that the schema does not allow. */
export function checkSchema(check: Check, value: unknown): void {
  const run: Run = { check, root: value, misspelt: new Map(), rules: [] };
  const validate = validatorOf(check.kind);
  validate.call(run, value);
  for (const error of validate.errors ?? []) reportError(run, error);
  reportRules(run);
}
