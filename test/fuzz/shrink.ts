// The smallest case near a failing one: parts are taken away as long as it still fails.

import type {
  ComponentIR,
  ExceptIR,
  ItemIR,
  OperationIR,
  PatternIR,
  PolicyIR,
  RuleIR,
} from '../../operator/src/compile/ir.js';

export interface Case {
  readonly policies: readonly PolicyIR[];
  readonly operation: OperationIR;
}

/** Each list that has one element less; a list of one only where nothing need be left. */
function* shorter<T>(list: readonly T[], least = 1): Generator<T[]> {
  if (list.length <= least) return;
  for (const index of list.keys()) yield list.toSpliced(index, 1);
}

/** Each list with one element replaced by a smaller one. */
function* smallerAt<T>(list: readonly T[], smaller: (element: T) => Iterable<T>): Generator<T[]> {
  for (const [index, element] of list.entries()) {
    for (const next of smaller(element)) yield list.with(index, next);
  }
}

function* without<T extends object>(value: T, fields: readonly (keyof T & string)[]): Generator<T> {
  for (const field of fields) {
    if (value[field] === undefined) continue;
    const { [field]: _, ...rest } = value;
    yield rest as unknown as T;
  }
}

function isLiteral(component: ComponentIR): boolean {
  return 'literal' in component;
}

function* smallerPattern(pattern: PatternIR): Generator<PatternIR> {
  for (const components of shorter(pattern.components)) yield { ...pattern, components };
  if (pattern.floating) yield { ...pattern, floating: false };
  if (pattern.subtree && pattern.components.length > 0) yield { ...pattern, subtree: false };
  for (const [index, component] of pattern.components.entries()) {
    if (isLiteral(component)) continue;
    yield { ...pattern, components: pattern.components.with(index, { literal: 'a' }) };
  }
}

function* smallerItem<T extends Omit<ItemIR, 'hooks'>>(item: T): Generator<T> {
  if (item.path !== undefined && item.origins !== undefined) yield* without(item, ['path', 'origins']);
  if (item.origins !== undefined) for (const origins of shorter(item.origins)) yield { ...item, origins };
  if (item.path !== undefined) for (const path of smallerPattern(item.path)) yield { ...item, path };
}

function* smallerExcept(except: ExceptIR): Generator<ExceptIR> {
  if (Object.keys(except).length > 1) yield* without(except, ['binaries', 'paths', 'sessions']);
  const { binaries, paths } = except;
  if (binaries !== undefined) for (const next of shorter(binaries)) yield { ...except, binaries: next };
  if (paths !== undefined) for (const next of shorter(paths)) yield { ...except, paths: next };
}

function* smallerRule(rule: RuleIR): Generator<RuleIR> {
  for (const items of shorter(rule.items)) yield governing({ ...rule, items });
  for (const except of shorter(rule.except, 0)) yield { ...rule, except };
  for (const except of smallerAt(rule.except, smallerExcept)) yield { ...rule, except };
  for (const items of smallerAt(rule.items, smallerItem)) yield { ...rule, items };
  for (const items of smallerAt(rule.items, fewerHooks)) yield governing({ ...rule, items });
}

function* fewerHooks(item: ItemIR): Generator<ItemIR> {
  for (const hooks of shorter(item.hooks)) yield { ...item, hooks };
}

function governing(rule: RuleIR): RuleIR {
  const governs = rule.governs.filter((hook) => rule.items.some(({ hooks }) => hooks.includes(hook)));
  return { ...rule, governs };
}

function* smallerPolicy(policy: PolicyIR): Generator<PolicyIR> {
  for (const rules of shorter(policy.rules)) yield { ...policy, rules };
  for (const rules of smallerAt(policy.rules, smallerRule)) yield { ...policy, rules };
  if (policy.mode === 'Monitor') yield { ...policy, mode: 'Enforce' };
}

function* smallerText(text: string): Generator<string> {
  const parts = text.split('/');
  for (const [index, part] of parts.entries()) {
    if (part !== '' && parts.length > 2) yield parts.toSpliced(index, 1).join('/');
  }
}

function* smallerOperation(operation: OperationIR): Generator<OperationIR> {
  yield* without(operation, ['givenName', 'firstOfChain', 'endsSetup', 'changesMountTree', 'program']);
  for (const hooks of shorter(operation.hooks)) yield { ...operation, hooks };
  if (operation.mainProcess) yield { ...operation, mainProcess: false };
  const { object } = operation;
  for (const next of without(object, ['isDirectory'])) yield { ...operation, object: next };
  if (object.path === undefined) return;
  for (const path of smallerText(object.path)) yield { ...operation, object: { ...object, path } };
}

function* smallerCases({ policies, operation }: Case): Generator<Case> {
  for (const next of shorter(policies)) yield { policies: next, operation };
  for (const next of smallerAt(policies, smallerPolicy)) yield { policies: next, operation };
  for (const next of smallerOperation(operation)) yield { policies, operation: next };
}

export function shrink(failing: Case, fails: (smaller: Case) => boolean): Case {
  for (const smaller of smallerCases(failing)) {
    if (fails(smaller)) return shrink(smaller, fails);
  }
  return failing;
}
