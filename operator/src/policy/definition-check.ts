// Checks of single definitions that a schema cannot express: the grammar of patterns, keys of labels, and what this
// version does not hold yet.
import { describe, isObject } from './check.js';
import type { Check } from './check.js';
import { entriesOf, fieldOf, listIn } from './found.js';
import type { Found } from './found.js';
import { parsePattern } from './pattern.js';
import type { NameSpace } from './pattern.js';
import { childPath } from './positions.js';
import { ruleWarnings } from './rule-warnings.js';

type DefinitionCheck = (check: Check, value: unknown, path: string) => void;

function checkPattern(space: NameSpace): DefinitionCheck {
  return (check, value, path) => {
    if (typeof value !== 'string') return;
    const result = parsePattern(value, space);
    if ('problem' in result) check.report({ path, got: describe(value), ...result.problem });
  };
}

interface Missing {
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

function notImplemented(check: Check, missing: Missing): void {
  const hint = 'the language has this; a later version will hold it';
  check.report({ code: 'NOT_IMPLEMENTED', hint, atKey: true, ...missing });
}

/** Fields that are valid and not held yet, by definition. */
const LATER_FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Rule: {
    capabilities: 'a rule of the kind binaries or paths',
    namespaces: 'a rule of the kind binaries or paths',
    kernel: 'a rule of the kind binaries or paths',
    processes: 'a rule of the kind binaries or paths',
  },
  BinaryMatch: {
    applets: 'an item without applets',
    environment: 'an item without environment',
    sha256: 'an item with path or origins instead of sha256',
  },
  ExceptBinary: { sha256: 'an exception with path or origins instead of sha256' },
  RuntimePolicySpec: { rollout: 'a policy that is everywhere at once' },
  ClusterRuntimePolicySpec: { rollout: 'a policy that is everywhere at once' },
};

function checkLaterFields(check: Check, definition: string, value: unknown, path: string): void {
  const later = LATER_FIELDS[definition];
  if (!later || !isObject(value)) return;
  for (const [field, expected] of Object.entries(later))
    if (value[field] !== undefined) notImplemented(check, { path: childPath(path, field), expected, got: field });
}

function checkPathsRule(check: Check, value: unknown, path: string): void {
  if (isObject(value) && value['check'] === 'Use')
    notImplemented(check, { path: childPath(path, 'check'), expected: 'check: Open', got: 'Use' });
}

function checkAnnotations(check: Check, value: unknown, path: string): void {
  const annotations = isObject(value) ? value['annotations'] : undefined;
  if (!isObject(annotations)) return;
  const key = 'ringfence.io/paused';
  const here = childPath(childPath(path, 'annotations'), key);
  if (annotations[key] !== undefined)
    notImplemented(check, { path: here, expected: 'ringfence pause on the node', got: key });
}

const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

function checkLabelKeys(check: Check, labels: unknown, path: string): void {
  if (!isObject(labels)) return;
  for (const key of Object.keys(labels).filter((name) => !LABEL_KEY.test(name))) {
    const here = childPath(path, key);
    check.report({
      code: 'INVALID_VALUE',
      path: here,
      expected: 'the key of a label',
      got: describe(key),
      atKey: true,
    });
  }
}

/** Keys of the map that stands in a field. */
function checkLabelsIn(field: string): DefinitionCheck {
  return (check, value, path) => {
    const labels = fieldOf({ value, path }, field);
    checkLabelKeys(check, labels.value, labels.path);
  };
}

function originsOf(rule: Found): Found[] {
  const binaries = fieldOf(rule, 'binaries');
  const exceptions = listIn(rule, 'except').flatMap((exception) => listIn(exception, 'binaries'));
  const items = [...listIn(binaries, 'allow'), ...listIn(binaries, 'deny'), ...exceptions];
  return items.flatMap((item) => listIn(item, 'origins'));
}

/** A host process has no image, so that only one origin means something. */
function checkHostOrigins(check: Check, value: unknown, path: string): void {
  if (!isObject(value) || value['scope'] !== 'Host') return;
  for (const origin of entriesOf(value['rules'], childPath(path, 'rules')).flatMap(originsOf)) {
    if (origin.value === 'Anonymous' || typeof origin.value !== 'string') continue;
    const finding = { path: origin.path, expected: 'Anonymous where scope is Host', got: origin.value };
    check.report({ code: 'ORIGIN_NOT_ON_HOST', ...finding });
  }
}

/** Warnings about single rules; they hold whether or not this version can enforce the rule. */
function checkRule(check: Check, value: unknown, path: string): void {
  for (const finding of ruleWarnings({ value, path })) check.report(finding);
}

const CHECKS: Readonly<Record<string, DefinitionCheck>> = {
  PathPattern: checkPattern('file'),
  CgroupPattern: checkPattern('cgroup'),
  Rule: checkRule,
  PathsRule: checkPathsRule,
  ObjectMeta: checkAnnotations,
  LabelSelector: checkLabelsIn('matchLabels'),
  Labels: checkLabelKeys,
  ClusterRuntimePolicySpec: checkHostOrigins,
};

/** Definitions whose text is a pattern. */
export const PATTERN_DEFINITIONS: ReadonlySet<string> = new Set(['PathPattern', 'CgroupPattern']);

export function checkDefinition(check: Check, definition: string, value: unknown, path: string): void {
  CHECKS[definition]?.(check, value, path);
  checkLaterFields(check, definition, value, path);
}
