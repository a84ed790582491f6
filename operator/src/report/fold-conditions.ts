// Accepted, Programmed, Enforcing, Degraded, Ready of a policy in a cluster (POLICY.md section 10).

import type { Condition } from '../policy/schema.gen.js';
import { judgeAccepted } from './conditions.js';
import type { ConditionType, Judgement } from './conditions.js';
import { holders, isNotKilled } from './fold-nodes.js';
import type { Folded, NodeAnswer, NodeStanding } from './fold-nodes.js';
import { isWeaker } from './guarantee.js';

const NAMES_MAX = 5;
const MESSAGE_MAX = 1024;

/** One that says what it said before keeps the time of its last change. */
export function judgeFold(folded: Folded): Condition[] {
  const { policy, previous, now } = folded.input;
  const accepted = judgeAccepted(policy.issues);
  const programmed = judgeProgrammed(folded);
  const enforcing = judgeEnforcing(folded, programmed);
  const all: [ConditionType, Judgement][] = [
    ['Accepted', accepted],
    ['Programmed', programmed],
    ['Enforcing', enforcing],
    ['Degraded', judgeDegraded(folded)],
    ['Ready', judgeReady(accepted, programmed, enforcing)],
  ];
  return all.map(([type, { ok, reason, message = '' }]) => {
    const status = ok ? 'True' : 'False';
    const before = previous.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now;
    const text = message.slice(0, MESSAGE_MAX);
    return { type, status, reason, message: text, lastTransitionTime, observedGeneration: policy.generation };
  });
}

/** `3 nodes: a, b, c`. */
export function countNames(names: readonly string[], what = 'node'): string {
  const listed = names.slice(0, NAMES_MAX).join(', ') + (names.length > NAMES_MAX ? ', ...' : '');
  return `${names.length} ${what}${names.length === 1 ? '' : 's'}: ${listed}`;
}

function namesOf(answers: readonly NodeAnswer[]): string[] {
  return answers.map(({ node }) => node.name);
}

function inStanding({ answers }: Folded, standing: NodeStanding): NodeAnswer[] {
  return answers.filter((answer) => answer.standing === standing);
}

function judgeProgrammed(folded: Folded): Judgement {
  const failed = inStanding(folded, 'failed');
  if (failed.length > 0) {
    const why = failed[0]?.problems[0];
    const first = why === undefined ? '' : `; ${why.reason}${why.message === undefined ? '' : `: ${why.message}`}`;
    return { ok: false, reason: 'NodesFailed', message: `${countNames(namesOf(failed))}${first}` };
  }
  const pending = inStanding(folded, 'pending');
  const stale = pending.filter(({ node }) => !node.fresh);
  if (stale.length > 0) return { ok: false, reason: 'NodesStale', message: countNames(namesOf(stale)) };
  if (pending.length > 0) return { ok: false, reason: 'Pending', message: countNames(namesOf(pending)) };
  if (folded.unseen > 0) {
    return {
      ok: false,
      reason: 'Pending',
      message: `not seen yet by ${folded.unseen} of ${folded.input.nodes.length} agents`,
    };
  }
  if (folded.input.nodes.length === 0) return { ok: false, reason: 'Pending', message: 'no agent has reported' };
  return { ok: true, reason: folded.nodes.desired === 0 ? 'NothingSelected' : 'AllNodes' };
}

function judgeEnforcing(folded: Folded, programmed: Judgement): Judgement {
  const { policy } = folded.input;
  if (policy.mode === 'Monitor') return { ok: false, reason: 'MonitorMode' };
  if (policy.pausedUntil !== undefined) return { ok: false, reason: 'Paused', message: `until ${policy.pausedUntil}` };
  const monitored = inStanding(folded, 'monitored');
  if (monitored.length > 0)
    return { ok: false, reason: whyMonitored(monitored), message: countNames(namesOf(monitored)) };
  const refused = inStanding(folded, 'refused');
  if (refused.length > 0) {
    const rules = refused.flatMap((answer) => answer.rules.filter(({ standing }) => standing.refused));
    const names = [...new Set(rules.map(({ rule }) => rule.name))];
    const message = `${countNames(names, 'rule')}; on ${countNames(namesOf(refused))}`;
    return { ok: false, reason: 'GuaranteeNotMet', message };
  }
  // What is not in the kernels yet is not enforced, for the reason that keeps it from there.
  if (!programmed.ok) return programmed;
  return folded.nodes.desired === 0 ? { ok: false, reason: 'NothingSelected' } : { ok: true, reason: 'Enforcing' };
}

function whyMonitored(monitored: readonly NodeAnswer[]): string {
  const emergency = monitored.some(({ node }) => {
    const { effective, source } = node.state.mode ?? {};
    return effective === 'Monitor' && source !== 'Pause';
  });
  return emergency ? 'Emergency' : 'Paused';
}

function judgeDegraded(folded: Folded): Judgement {
  const holding = holders(folded);
  return (
    judgeKept(folded) ??
    judgeWeaker(holding) ??
    judgeNotKilled(holding) ??
    judgeLoop(folded) ??
    judgeStale(folded) ??
    judgeAgents(folded) ?? { ok: false, reason: 'AsAsked' }
  );
}

function judgeKept(folded: Folded): Judgement | undefined {
  const kept = folded.answers.flatMap(({ node, problems, standing }) => {
    if (standing !== 'failed') return [];
    const generation = problems.find(({ keptGeneration }) => keptGeneration !== undefined)?.keptGeneration;
    const held = generation ?? node.state.programmed?.[folded.input.policy.uid];
    return held === undefined ? [] : [{ name: node.name, held }];
  });
  const [first] = kept;
  if (first === undefined) return undefined;
  const message = `generation ${first.held} stays in force on ${countNames(kept.map(({ name }) => name))}`;
  return { ok: true, reason: 'LastGoodKept', message };
}

function judgeWeaker(holding: readonly NodeAnswer[]): Judgement | undefined {
  const weaker = holding.filter(({ rules }) => rules.some(({ rule, standing }) => isWeaker(rule.action, standing)));
  const broken = holding.filter(({ standing, problems }) => standing === 'degraded' && problems.length > 0);
  if (weaker.length > 0) {
    const rules = weaker.flatMap((answer) =>
      answer.rules.filter(({ rule, standing }) => isWeaker(rule.action, standing)),
    );
    const names = [...new Set(rules.map(({ rule }) => rule.name))];
    return {
      ok: true,
      reason: 'WeakerEffect',
      message: `${countNames(names, 'rule')}; on ${countNames(namesOf(weaker))}`,
    };
  }
  if (broken.length === 0) return undefined;
  return { ok: true, reason: 'WeakerEffect', message: `problems on ${countNames(namesOf(broken))}` };
}

function judgeNotKilled(holding: readonly NodeAnswer[]): Judgement | undefined {
  const denying = holding.filter(({ rules }) => rules.some(({ rule, standing }) => isNotKilled(rule, standing)));
  if (denying.length === 0) return undefined;
  return { ok: true, reason: 'NotKilled', message: countNames(namesOf(denying)) };
}

function judgeLoop({ input }: Folded): Judgement | undefined {
  return input.restartLoop === undefined ? undefined : { ok: true, reason: 'RestartLoop', message: input.restartLoop };
}

function judgeStale({ answers }: Folded): Judgement | undefined {
  const stale = answers.filter(({ node }) => !node.fresh);
  return stale.length === 0 ? undefined : { ok: true, reason: 'NodesStale', message: countNames(namesOf(stale)) };
}

function judgeAgents({ input }: Folded): Judgement | undefined {
  const count = input.podsWithoutAgent;
  return count === 0
    ? undefined
    : { ok: true, reason: 'PodsWithoutAgent', message: `${count} pods on nodes without an agent` };
}

/** A policy in Monitor is ready when it monitors: that is what its author asked for. */
function judgeReady(accepted: Judgement, programmed: Judgement, enforcing: Judgement): Judgement {
  if (!accepted.ok) return accepted;
  if (!programmed.ok) return programmed;
  if (enforcing.ok || enforcing.reason === 'MonitorMode') return { ok: true, reason: enforcing.reason };
  return enforcing;
}
