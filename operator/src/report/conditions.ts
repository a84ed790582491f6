// Accepted, Programmed, Enforcing, Degraded, Ready: what a policy's status says in a word (POLICY.md section 10).

import type { Issue, IssueCode } from '../errors.js';
import { isWeaker } from './guarantee.js';
import type { PolicyFacts } from './status.js';

export type ConditionType = 'Accepted' | 'Programmed' | 'Enforcing' | 'Degraded' | 'Ready';

export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration: number;
}

export interface Judgement {
  readonly ok: boolean;
  readonly reason: string;
  readonly message?: string;
}

const UNSUPPORTED: ReadonlySet<IssueCode> = new Set(['NOT_IMPLEMENTED', 'UNSUPPORTED_KIND']);

/** All five conditions. One that says what it said before keeps the time of its last change. */
export function judgeConditions(facts: PolicyFacts, previous: readonly Condition[], now: string): Condition[] {
  const accepted = judgeAccepted(facts.issues);
  const programmed = judgeProgrammed(facts);
  const enforcing = judgeEnforcing(facts);
  const all: [ConditionType, Judgement][] = [
    ['Accepted', accepted],
    ['Programmed', programmed],
    ['Enforcing', enforcing],
    ['Degraded', judgeDegraded(facts, accepted)],
    ['Ready', judgeReady(accepted, programmed, enforcing)],
  ];
  return all.map(([type, { ok, reason, message = '' }]) => {
    const status = ok ? 'True' : 'False';
    const before = previous.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now;
    return { type, status, reason, message, lastTransitionTime, observedGeneration: facts.observedGeneration };
  });
}

export function judgeAccepted(issues: readonly Issue[]): Judgement {
  const errors = issues.filter((issue) => issue.level === 'error');
  const first = errors[0];
  if (first === undefined) return { ok: true, reason: issues.length === 0 ? 'Valid' : 'ValidWithWarnings' };
  const message = `${first.code} ${first.path}: expected ${first.expected}, got ${first.got}`;
  if (errors.every((issue) => issue.code === 'ACK_REQUIRED')) {
    return { ok: false, reason: 'AcknowledgementRequired', message };
  }
  const unsupported = errors.every((issue) => UNSUPPORTED.has(issue.code));
  return { ok: false, reason: unsupported ? 'Unsupported' : 'Invalid', message };
}

function judgeProgrammed(facts: PolicyFacts): Judgement {
  if (facts.programmed === 'Programmed') return { ok: true, reason: 'AllNodes' };
  if (facts.programmed === 'NothingSelected') return { ok: true, reason: 'NothingSelected' };
  const message = facts.programMessage ?? '';
  return { ok: false, reason: facts.programmed === 'Failed' ? 'NodesFailed' : 'Pending', message };
}

function judgeEnforcing(facts: PolicyFacts): Judgement {
  if (facts.mode === 'Monitor') return { ok: false, reason: 'MonitorMode' };
  if (facts.nodeMonitor !== undefined) return { ok: false, reason: facts.nodeMonitor };
  const refused = facts.rules.filter((rule) => rule.standing.refused).map((rule) => rule.name);
  if (refused.length > 0) {
    return { ok: false, reason: 'GuaranteeNotMet', message: `rules that only report here: ${refused.join(', ')}` };
  }
  if (facts.programmed === 'NothingSelected') return { ok: false, reason: 'NothingSelected' };
  if (facts.keptGeneration === undefined || facts.programmed !== 'Programmed') return { ok: false, reason: 'Pending' };
  return { ok: true, reason: 'Enforcing' };
}

function judgeDegraded(facts: PolicyFacts, accepted: Judgement): Judgement {
  if (!accepted.ok && facts.keptGeneration !== undefined) {
    return { ok: true, reason: 'LastGoodKept', message: `generation ${facts.keptGeneration} stays in force` };
  }
  const weaker = facts.rules.filter((rule) => isWeaker(rule.action, rule.standing)).map((rule) => rule.name);
  if (weaker.length > 0) return { ok: true, reason: 'WeakerEffect', message: `rules: ${weaker.join(', ')}` };
  const notKilled = facts.rules.filter((rule) => rule.action === 'Kill' && rule.standing.effect === 'Deny');
  if (notKilled.length > 0) {
    return { ok: true, reason: 'NotKilled', message: `rules: ${notKilled.map((rule) => rule.name).join(', ')}` };
  }
  return { ok: false, reason: 'AsAsked' };
}

/** A policy in Monitor is ready when it monitors: that is what its author asked for. */
function judgeReady(accepted: Judgement, programmed: Judgement, enforcing: Judgement): Judgement {
  if (!accepted.ok) return accepted;
  if (!programmed.ok) return programmed;
  if (enforcing.ok || enforcing.reason === 'MonitorMode') return { ok: true, reason: enforcing.reason };
  return enforcing;
}
