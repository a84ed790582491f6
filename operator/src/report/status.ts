// The status of a policy, in the shape that POLICY.md section 10 gives it on the object.

import type { Action } from '../compile/ir.js';
import type { Issue } from '../errors.js';
import { judgeConditions } from './conditions.js';
import type { Condition } from './conditions.js';
import { lowestOffer } from './guarantee.js';
import type { Effect, Offer, RuleStanding } from './guarantee.js';

const FINDINGS_MAX = 32;
const PROBLEMS_MAX = 16;
const MESSAGE_MAX = 256;

export interface ViolationCounts {
  readonly total: number;
  readonly killed: number;
  readonly blocked: number;
  readonly audited: number;
  readonly unresolved: number;
  /** RFC 3339. */
  readonly lastTime?: string;
}

export interface RuleFacts {
  readonly name: string;
  readonly action: Action;
  readonly standing: RuleStanding;
  readonly counts: ViolationCounts;
}

export type ProgramState = 'Programmed' | 'NothingSelected' | 'Failed' | 'Pending';

/** All that is known about a policy on this node. */
export interface PolicyFacts {
  /** Generation of the newest version seen, good or not. */
  readonly observedGeneration: number;
  /** Generation of the version in force; absent where none ever was good. */
  readonly keptGeneration?: number;
  readonly mode: 'Enforce' | 'Monitor';
  /** Why the node does not interfere; absent where it does. */
  readonly nodeMonitor?: 'Paused' | 'Emergency';
  readonly issues: readonly Issue[];
  readonly programmed: ProgramState;
  readonly programMessage?: string;
  readonly rules: readonly RuleFacts[];
  readonly workloads: number;
  readonly kernel: string;
}

export interface RuleStatus {
  readonly name: string;
  readonly effect: Effect;
  readonly guarantee: Offer;
  readonly violations: number;
}

export interface Problem {
  readonly reason: string;
  readonly rule?: string;
  readonly message: string;
}

export interface Finding {
  readonly code: string;
  readonly level: string;
  readonly path: string;
  readonly message: string;
}

export interface PolicyStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly guarantee?: Offer;
  readonly nodes: NodeCounts;
  readonly workloads: { readonly matched: number };
  readonly violations: ViolationCounts;
  readonly rules: readonly RuleStatus[];
  readonly kernels: readonly { readonly release: string; readonly nodes: number; readonly guarantee?: Offer }[];
  readonly problems: readonly Problem[];
  readonly findings: readonly Finding[];
  readonly omitted?: { readonly problems: number; readonly findings: number };
}

export interface NodeCounts {
  readonly desired: number;
  readonly enforced: number;
  readonly degraded: number;
  readonly monitored: number;
  readonly refused: number;
  readonly failed: number;
  readonly pending: number;
}

/** @param previous the conditions told before: a condition that did not change keeps its time */
export function renderStatus(facts: PolicyFacts, previous: readonly Condition[], now: string): PolicyStatus {
  const conditions = judgeConditions(facts, previous, now);
  const problems = listProblems(facts);
  const guarantee = policyGuarantee(facts);
  const omitted = {
    problems: Math.max(0, problems.length - PROBLEMS_MAX),
    findings: Math.max(0, facts.issues.length - FINDINGS_MAX),
  };
  return {
    observedGeneration: facts.observedGeneration,
    conditions,
    ...(guarantee === undefined ? {} : { guarantee }),
    nodes: countNode(facts, conditions),
    workloads: { matched: facts.workloads },
    violations: sumCounts(facts.rules.map((rule) => rule.counts)),
    rules: facts.rules.map((rule) => ({
      name: rule.name,
      effect: rule.standing.refused ? 'Report' : rule.standing.effect,
      guarantee: rule.standing.guarantee,
      violations: rule.counts.total,
    })),
    kernels: [{ release: facts.kernel, nodes: 1, ...(guarantee === undefined ? {} : { guarantee }) }],
    problems: problems.slice(0, PROBLEMS_MAX),
    findings: facts.issues.slice(0, FINDINGS_MAX).map(describeFinding),
    ...(omitted.problems + omitted.findings > 0 ? { omitted } : {}),
  };
}

/** Rules that only audit promise nothing and are left out. */
function policyGuarantee(facts: PolicyFacts): Offer | undefined {
  const offers = facts.rules.filter((rule) => rule.action !== 'Audit').map((rule) => rule.standing.guarantee);
  return offers.length === 0 ? undefined : lowestOffer(offers);
}

export function sumCounts(counts: readonly ViolationCounts[]): ViolationCounts {
  const times = counts.flatMap((one) => one.lastTime ?? []).sort();
  const lastTime = times.at(-1);
  const sum = (pick: (one: ViolationCounts) => number): number => counts.reduce((total, one) => total + pick(one), 0);
  return {
    total: sum((one) => one.total),
    killed: sum((one) => one.killed),
    blocked: sum((one) => one.blocked),
    audited: sum((one) => one.audited),
    unresolved: sum((one) => one.unresolved),
    ...(lastTime === undefined ? {} : { lastTime }),
  };
}

/** A node that has something to select counts once. */
function countNode(facts: PolicyFacts, conditions: readonly Condition[]): NodeCounts {
  const none = { desired: 0, enforced: 0, degraded: 0, monitored: 0, refused: 0, failed: 0, pending: 0 };
  if (facts.programmed === 'NothingSelected') return none;
  const desired = { ...none, desired: 1 };
  if (facts.programmed === 'Failed') return { ...desired, failed: 1 };
  if (facts.programmed === 'Pending') return { ...desired, pending: 1 };
  if (facts.mode === 'Monitor' || facts.nodeMonitor !== undefined) return { ...desired, monitored: 1 };
  if (facts.rules.some((rule) => rule.standing.refused)) return { ...desired, refused: 1 };
  const degraded = conditions.find((condition) => condition.type === 'Degraded')?.status === 'True';
  return degraded ? { ...desired, degraded: 1 } : { ...desired, enforced: 1 };
}

function listProblems(facts: PolicyFacts): Problem[] {
  const problems: Problem[] = facts.rules
    .filter((rule) => rule.standing.refused)
    .map((rule) => ({ reason: 'GuaranteeNotMet', rule: rule.name, message: explainRefusal(rule) }));
  if (facts.programmed === 'Failed') {
    problems.push({
      reason: 'NodesFailed',
      message: cut(facts.programMessage ?? 'the kernel could not be programmed'),
    });
  }
  return problems;
}

function explainRefusal(rule: RuleFacts): string {
  const classes = rule.standing.weakest.join(', ');
  return cut(`this node offers ${rule.standing.guarantee} for ${classes}; the rule only reports`);
}

function describeFinding(issue: Issue): Finding {
  const hint = issue.hint === '' ? '' : `; ${issue.hint}`;
  return {
    code: issue.code,
    level: issue.level,
    path: issue.path,
    message: cut(`${issue.file}:${issue.line}:${issue.column}: expected ${issue.expected}, got ${issue.got}${hint}`),
  };
}

function cut(message: string): string {
  return message.length <= MESSAGE_MAX ? message : `${message.slice(0, MESSAGE_MAX - 3)}...`;
}
