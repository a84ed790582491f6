// What is wrong or doubtful in a policy as a whole, beyond what its fields say one by one.
import type { Check } from './check.js';
import { findExceptions } from './findings-except.js';
import { findAllowLists, findContradicted, findDeadDeny, findNameCanMove, findShadowed } from './findings-items.js';
import { listsOf } from './items.js';
import { isEverything } from './pattern-relation.js';
import { patternOf } from './pattern.js';
import type { LabelSelector } from './schema.gen.js';
import { shapesOf, SHAPES_MAX } from './shapes.js';
import type { Policy } from './types.js';

function selectsAll(selector: LabelSelector | undefined): boolean {
  if (!selector) return false;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

function findSelectsAll(check: Check, policy: Policy): void {
  const { mode, selector } = policy.spec;
  if (mode !== 'Enforce') return;
  const hint = 'add labels, or leave it where every workload is meant';
  if (selectsAll(selector.podSelector)) {
    const path = 'spec.selector.podSelector';
    check.report({ code: 'SELECTS_ALL', path, expected: 'labels of the pods', got: 'a selector of every pod', hint });
  }
  for (const [index, text] of (selector.cgroups ?? []).entries()) {
    if (!isEverything(patternOf(text, 'cgroup'))) continue;
    const path = `spec.selector.cgroups[${index}]`;
    const expected = 'the cgroups of services';
    check.report({ code: 'SELECTS_ALL', path, expected, got: 'a pattern of every process', hint });
  }
}

function findTooManyShapes(check: Check, policy: Policy): void {
  for (const [what, texts] of Object.entries(shapesOf(policy))) {
    if (texts.length <= SHAPES_MAX) continue;
    const got = `${texts.length}: ${texts.join(', ')}`;
    const hint = 'write patterns of the same form, or split the policy by workload';
    check.report({ code: 'TOO_MANY_SHAPES', path: 'spec.rules', expected: `at most ${SHAPES_MAX} ${what}`, got, hint });
  }
}

/** Reports every finding about an object that has no error. */
export function findInPolicy(check: Check, policy: Policy): void {
  const lists = listsOf(policy);
  findSelectsAll(check, policy);
  findTooManyShapes(check, policy);
  findAllowLists(check, lists);
  findShadowed(check, lists);
  findDeadDeny(check, lists);
  findContradicted(check, lists);
  findNameCanMove(check, lists);
  findExceptions(check, policy, lists);
}
