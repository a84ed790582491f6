// An object against the schema, as the API server would do it: defaults, OpenAPI, uniqueness of sets and maps, CEL. All
// findings at once. What only Ringfence knows about a definition is checked in the same walk (definition-check.ts).
import { describe, isObject, oneOf } from './check.js';
import type { Check, Finding } from './check.js';
import { celProblems } from './cel.js';
import { checkDefinition, PATTERN_DEFINITIONS } from './definition-check.js';
import { duplicatesIn } from './duplicates.js';
import { childPath } from './positions.js';
import { SCHEMAS } from './schema.gen.js';
import type { CelRule, Schema } from './schema.gen.js';
import { walkSchema } from './schema-walk.js';
import type { SchemaError } from './schema-walk.js';
import { suggest } from './suggest.js';

/** Rule kinds that the language keeps for later. */
const RESERVED_KINDS = ['network', 'syscalls', 'memory', 'libraries', 'faults'];

/** What one run collects. */
interface Run {
  readonly check: Check;
  /** Path of an object -> fields it probably meant to have. */
  readonly misspelt: Map<string, Set<string>>;
  readonly rules: { readonly path: string; readonly rules: readonly CelRule[]; readonly value: unknown }[];
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

function visit(run: Run, schema: Schema, value: unknown, path: string): void {
  const definition = schema['x-definition'];
  if (definition !== undefined) {
    checkFields(run, schema, value, path);
    checkDefinition(run.check, definition, value, path);
  }
  for (const finding of duplicatesIn(schema, value, path)) run.check.report(finding);
  const rules = schema['x-kubernetes-validations'];
  if (rules !== undefined) run.rules.push({ path, rules, value });
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
const EXPECTATIONS: Readonly<Record<string, (limit: unknown, value: unknown) => Expectation>> = {
  type: (limit) => ({ expected: TYPE_WORDS[String(limit)] ?? String(limit) }),
  enum: (words, value) => {
    const near = typeof value === 'string' ? suggest(value, words as string[]) : undefined;
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
function isPatternDetail({ schema, keyword }: SchemaError): boolean {
  return PATTERN_DEFINITIONS.has(schema['x-definition'] ?? '') && keyword !== 'type';
}

function reportRequired(run: Run, { path, value, field = '' }: SchemaError): void {
  if (run.misspelt.get(path)?.has(field)) return;
  const got = run.check.describeWritten(value, path);
  // As the server names it; a field that is not there stands nowhere, but its object does.
  const missing = childPath(path, field);
  run.check.report({ code: 'INVALID_VALUE', path: missing, at: path, expected: `the field ${field}`, got });
}

function reportError(run: Run, error: SchemaError): void {
  const { keyword, schema, value, path } = error;
  if (isPatternDetail(error)) return;
  if (keyword === 'required') {
    reportRequired(run, error);
    return;
  }
  const expectation = EXPECTATIONS[keyword]?.(schema[keyword], value) ?? { expected: keyword };
  run.check.report({ code: 'INVALID_VALUE', path, got: describe(value), ...expectation });
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

/** Fills in defaults, in place, and reports everything that the schema does not allow. */
export function checkSchema(check: Check, value: unknown): void {
  const run: Run = { check, misspelt: new Map(), rules: [] };
  const errors: SchemaError[] = [];
  const visitor = {
    visit: (schema: Schema, seen: unknown, path: string) => visit(run, schema, seen, path),
    error: (error: SchemaError) => void errors.push(error),
  };
  walkSchema(visitor, SCHEMAS[check.kind], value, '');
  for (const error of errors) reportError(run, error);
  reportRules(run);
}
