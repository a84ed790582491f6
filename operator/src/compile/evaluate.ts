// The reference: what policies decide about an operation, by the definition of the policy language. It knows nothing of
// tables, hashes or bytes; the kernel matcher must agree with it.

import type { Action, DecisionIR, HitIR, OperationIR, PolicyIR, RuleIR, Severity } from './ir.js';
import { judgeRule, type Match } from './judge.js';

const STRICTNESS: Readonly<Record<DecisionIR['verdict'], number>> = { Allow: 0, Audit: 1, Block: 2, Kill: 3 };
const SEVERITY: Readonly<Record<Severity, number>> = { Critical: 4, High: 3, Medium: 2, Low: 1, Info: 0 };

/** A rule of a policy, as `refused` names it. */
export function ruleId(policyUid: string, rule: string): string {
  return `${policyUid}/${rule}`;
}

export function milder(a: Action, b: Action): Action {
  return STRICTNESS[a] <= STRICTNESS[b] ? a : b;
}

function stricter(a: Action, b: Action): Action {
  return STRICTNESS[a] >= STRICTNESS[b] ? a : b;
}

/** Why the action in force is milder than the one the rule asks for, in the order in which they are applied. */
export type ActionLimit = 'Unresolved' | 'MainProcess' | 'EndsSetup' | 'Monitor' | 'Refused';

/** The action in force for a violation, with what limits it. */
export function actionInForce(
  policy: PolicyIR,
  rule: RuleIR,
  operation: OperationIR,
  circumstances: { readonly violated: Match; readonly refused: ReadonlySet<string> },
): { action: Action; limits: ActionLimit[] } {
  const bounds: [ActionLimit, boolean, Action][] = [
    ['Unresolved', circumstances.violated === 'Unknown', policy.unresolved],
    ['MainProcess', operation.mainProcess, policy.mainProcess],
    ['EndsSetup', operation.endsSetup === true, 'Block'],
    ['Monitor', policy.mode === 'Monitor', 'Audit'],
    ['Refused', circumstances.refused.has(ruleId(policy.uid, rule.name)), 'Audit'],
  ];
  let action = rule.action;
  const limits: ActionLimit[] = [];
  for (const [limit, applies, bound] of bounds) {
    if (!applies || milder(action, bound) === action) continue;
    action = bound;
    limits.push(limit);
  }
  return { action, limits };
}

interface Found {
  readonly hit: HitIR;
  readonly policy: PolicyIR;
  readonly rule: RuleIR;
}

function foundBy(policies: readonly PolicyIR[], operation: OperationIR, refused: ReadonlySet<string>): Found[] {
  return policies.flatMap((policy) =>
    policy.rules.flatMap((rule): Found[] => {
      const { violated } = judgeRule(policy, rule, operation);
      if (violated === 'No') return [];
      const { action } = actionInForce(policy, rule, operation, { violated, refused });
      const unresolved = violated === 'Unknown';
      return [
        { hit: { policyUid: policy.uid, rule: rule.name, action, asked: rule.action, unresolved }, policy, rule },
      ];
    }),
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function byName(a: Found, b: Found): number {
  return (
    compareText(a.policy.kind, b.policy.kind) ||
    compareText(a.policy.namespace, b.policy.namespace) ||
    compareText(a.policy.name, b.policy.name) ||
    compareText(a.rule.name, b.rule.name) ||
    compareText(a.policy.uid, b.policy.uid)
  );
}

function byWeight(a: Found, b: Found): number {
  return (
    STRICTNESS[b.hit.action] - STRICTNESS[a.hit.action] ||
    SEVERITY[b.rule.severity] - SEVERITY[a.rule.severity] ||
    byName(a, b)
  );
}

/** One hit for each rule, whatever the number of objects it was violated by. What is certain outweighs what is not. */
function merged(found: readonly Found[]): Found[] {
  const byRule = new Map<string, Found>();
  for (const next of found) {
    const id = ruleId(next.hit.policyUid, next.hit.rule);
    const known = byRule.get(id);
    const hit = {
      ...next.hit,
      action: stricter(next.hit.action, known?.hit.action ?? 'Audit'),
      unresolved: next.hit.unresolved && known?.hit.unresolved !== false,
    };
    byRule.set(id, { ...next, hit });
  }
  return [...byRule.values()];
}

function decided(found: readonly Found[]): DecisionIR {
  const [primary, ...others] = [...found].sort(byWeight);
  if (primary === undefined) return { verdict: 'Allow', hits: [] };
  const hits = [primary, ...others.sort(byName)].map(({ hit }) => hit);
  return { verdict: primary.hit.action, hits };
}

/** Rules that the node refuses because it cannot give them their minimum guarantee: they only report. */
const NONE_REFUSED: ReadonlySet<string> = new Set();

/** An operation with several objects (both names of a rename, source and target of a link), one entry for each. */
export function evaluateAll(
  policies: readonly PolicyIR[],
  operations: readonly OperationIR[],
  refused: ReadonlySet<string> = NONE_REFUSED,
): DecisionIR {
  if (operations.some((operation) => operation.protected === true)) return { verdict: 'Allow', hits: [] };
  return decided(merged(operations.flatMap((operation) => foundBy(policies, operation, refused))));
}

export function evaluate(
  policies: readonly PolicyIR[],
  operation: OperationIR,
  refused: ReadonlySet<string> = NONE_REFUSED,
): DecisionIR {
  return evaluateAll(policies, [operation], refused);
}
