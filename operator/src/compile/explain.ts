// Why an operation is decided as it is: every rule that was considered, what it matched, which exception held, and how
// the action came about. The verdict is the evaluator's own.

import { textOf } from '../policy/pattern.js';
import { actionInForce, evaluateAll, ruleId, type ActionLimit } from './evaluate.js';
import type {
  Action,
  DecisionIR,
  ExceptIR,
  HitIR,
  HookName,
  ItemIR,
  OperationIR,
  Origin,
  PolicyIR,
  PolicyKind,
  RuleIR,
  Session,
} from './ir.js';
import { judgeRule, type ExceptMiss, type JudgedCause, type Judgement, type Match, type MatchedBy } from './judge.js';

export interface PolicyName {
  readonly kind: PolicyKind;
  readonly namespace: string;
  readonly name: string;
}

export interface ItemText {
  readonly path?: string;
  readonly origins?: readonly Origin[];
}

export interface ExceptText {
  readonly binaries?: readonly ItemText[];
  readonly paths?: readonly string[];
  readonly sessions?: readonly Session[];
}

export type CauseText =
  | { readonly cause: 'Denied'; readonly match: Match; readonly item: ItemText; readonly by: MatchedBy }
  | { readonly cause: 'NotAllowed'; readonly match: Match; readonly hook: HookName }
  | { readonly cause: 'MountTree'; readonly match: Match };

export interface ExplainedCause {
  readonly cause: CauseText;
  readonly excepted: boolean;
  readonly exceptions: readonly { readonly except: ExceptText; readonly holds: boolean; readonly miss?: ExceptMiss }[];
}

/** A rule and one object of the operation. */
export interface ExplainedObject {
  /** Index in `operations`. */
  readonly operation: number;
  readonly violated: Match;
  readonly skipped?: NonNullable<Judgement['skipped']>;
  readonly allowedBy?: ItemText;
  readonly causes: readonly ExplainedCause[];
}

export interface ExplainedRule {
  readonly policy: PolicyName;
  readonly rule: string;
  readonly kind: RuleIR['kind'];
  readonly list: RuleIR['list'];
  readonly violated: boolean;
  readonly asked: Action;
  /** In force; absent where the rule is not violated. */
  readonly action?: Action;
  /** What made it milder than asked. */
  readonly limits: readonly ActionLimit[];
  readonly objects: readonly ExplainedObject[];
}

export interface Explanation {
  readonly verdict: DecisionIR['verdict'];
  /** No policy stops or reports a protected process: the rules below are what would hold without that. */
  readonly protected: boolean;
  /** As evaluated, but names are Unicode text. */
  readonly operations: readonly OperationIR[];
  /** Violated ones first, in the order of the decision. */
  readonly rules: readonly ExplainedRule[];
  readonly notSelected: readonly (PolicyName & { readonly reason: string })[];
}

export interface ExplainRequest {
  /** Policies of the workload. */
  readonly policies: readonly PolicyIR[];
  readonly operations: readonly OperationIR[];
  readonly refused?: ReadonlySet<string>;
  /** Policies that are not about the workload, with the field that says so. */
  readonly notSelected?: readonly { readonly policy: PolicyIR; readonly reason: string }[];
}

function nameOf({ kind, namespace, name }: PolicyIR): PolicyName {
  return { kind, namespace, name };
}

function itemText({ path, origins }: Omit<ItemIR, 'hooks'>): ItemText {
  return { ...(path === undefined ? {} : { path: path.text }), ...(origins === undefined ? {} : { origins }) };
}

function exceptText({ binaries, paths, sessions }: ExceptIR): ExceptText {
  return {
    ...(binaries === undefined ? {} : { binaries: binaries.map(itemText) }),
    ...(paths === undefined ? {} : { paths: paths.map((path) => path.text) }),
    ...(sessions === undefined ? {} : { sessions }),
  };
}

function explainCause({ cause, excepted, exceptions }: JudgedCause): ExplainedCause {
  return {
    cause: cause.cause === 'Denied' ? { ...cause, item: itemText(cause.item) } : cause,
    excepted,
    exceptions: exceptions.map((judged) => ({ ...judged, except: exceptText(judged.except) })),
  };
}

function explainObject(judgement: Judgement, operation: number): ExplainedObject {
  const { violated, skipped, allowedBy, causes } = judgement;
  return {
    operation,
    violated,
    ...(skipped === undefined ? {} : { skipped }),
    ...(allowedBy === undefined ? {} : { allowedBy: itemText(allowedBy) }),
    causes: causes.map(explainCause),
  };
}

function readable(operation: OperationIR): OperationIR {
  const { object, program, givenName } = operation;
  return {
    ...operation,
    object: object.path === undefined ? object : { ...object, path: textOf(object.path) },
    ...(program === undefined ? {} : { program: { ...program, path: textOf(program.path) } }),
    ...(givenName === undefined ? {} : { givenName: textOf(givenName) }),
  };
}

interface Considered {
  readonly policy: PolicyIR;
  readonly rule: RuleIR;
  readonly hit: HitIR | undefined;
}

/** What limits the action of a hit: of the object that it was strictest for. */
function limitsOf({ policy, rule, hit }: Considered, request: ExplainRequest): ActionLimit[] {
  const refused = request.refused ?? new Set<string>();
  for (const operation of request.operations) {
    const { violated } = judgeRule(policy, rule, operation);
    if (hit === undefined || violated === 'No') continue;
    const found = actionInForce(policy, rule, operation, { violated, refused });
    if (found.action === hit.action) return found.limits;
  }
  return [];
}

function explainRule(considered: Considered, request: ExplainRequest): ExplainedRule {
  const { policy, rule, hit } = considered;
  return {
    policy: nameOf(policy),
    rule: rule.name,
    kind: rule.kind,
    list: rule.list,
    violated: hit !== undefined,
    asked: rule.action,
    ...(hit === undefined ? {} : { action: hit.action }),
    limits: limitsOf(considered, request),
    objects: request.operations.map((operation, index) => explainObject(judgeRule(policy, rule, operation), index)),
  };
}

export function explain(request: ExplainRequest): Explanation {
  const { policies, operations, refused, notSelected = [] } = request;
  const isProtected = operations.some((operation) => operation.protected === true);
  const judged = operations.map((operation) => ({ ...operation, protected: false }));
  const decision = evaluateAll(policies, judged, refused);
  const rank = new Map(decision.hits.map((hit, index) => [ruleId(hit.policyUid, hit.rule), index]));
  const considered = policies.flatMap((policy) =>
    policy.rules.map((rule) => ({ policy, rule, place: rank.get(ruleId(policy.uid, rule.name)) ?? Infinity })),
  );
  considered.sort((a, b) => (a.place === b.place ? 0 : a.place - b.place));
  return {
    verdict: isProtected ? 'Allow' : decision.verdict,
    protected: isProtected,
    operations: operations.map(readable),
    rules: considered.map(({ policy, rule, place }) =>
      explainRule({ policy, rule, hit: decision.hits[place] }, request),
    ),
    notSelected: notSelected.map(({ policy, reason }) => ({ ...nameOf(policy), reason })),
  };
}
