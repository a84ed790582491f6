// Each node's answer to one policy: every node that has something to select counts once.

import type { PolicyIR, RuleIR } from '../compile/ir.js';
import type { Issue } from '../errors.js';
import type { Condition, NodeCounts, ViolationCounts } from '../policy/schema.gen.js';
import { isWeaker, standRule } from './guarantee.js';
import type { Backends, RuleStanding } from './guarantee.js';
import type { NodeFinding, NodeProblem, NodeStateStatus } from './objects.gen.js';

/** A node as the controller knows it. */
export interface NodeView {
  readonly name: string;
  readonly state: NodeStateStatus;
  /** Of the node's published backends; nodes that offer the same share one. */
  readonly backends: Backends;
  /** Its agent is alive. */
  readonly fresh: boolean;
  /** Problems by the UID of their policy. */
  readonly problems: ReadonlyMap<string, readonly NodeProblem[]>;
  /** Findings by the UID of their policy. */
  readonly findings: ReadonlyMap<string, readonly NodeFinding[]>;
}

/** What the controller knows of one policy. */
export interface PolicyView {
  readonly uid: string;
  readonly generation: number;
  readonly mode: 'Enforce' | 'Monitor';
  /** End of the pause that its annotation asks for; absent where it asks for none now. */
  readonly pausedUntil?: string;
  readonly issues: readonly Issue[];
  /** The newest generation, if it is good. */
  readonly ir?: PolicyIR;
  /** Labels of nodes keep it from the others. */
  readonly reaches: (node: NodeView) => boolean;
  /** Whether the node has worked in this generation. */
  readonly seenBy: (node: NodeView) => boolean;
}

export interface FoldCounts {
  readonly violations: ViolationCounts;
  readonly rules: ReadonlyMap<string, { readonly violations: number; readonly departed: number }>;
}

export interface FoldInput {
  readonly policy: PolicyView;
  readonly nodes: readonly NodeView[];
  readonly counts: FoldCounts;
  /** Selected pods on nodes that have no agent. */
  readonly podsWithoutAgent: number;
  /** A restart loop that an agent has seen, for people. */
  readonly restartLoop?: string;
  readonly previous: readonly Condition[];
  readonly now: string;
}

export type NodeStanding = Exclude<keyof NodeCounts, 'desired'>;

/** One node's answer to one policy. */
export interface NodeAnswer {
  readonly node: NodeView;
  readonly standing: NodeStanding;
  readonly rules: readonly RuleAnswer[];
  readonly problems: readonly NodeProblem[];
  readonly reason?: 'NodeStateFull';
}

export interface RuleAnswer {
  readonly rule: RuleIR;
  readonly standing: RuleStanding;
}

/** Everything that conditions and lists are made of. */
export interface Folded {
  readonly input: FoldInput;
  readonly answers: readonly NodeAnswer[];
  readonly nodes: Required<NodeCounts>;
  /** Nodes that have not worked in this generation, so that nobody knows whether it selects something there. */
  readonly unseen: number;
}

/** A problem for these says that the rule or policy is held and does not interfere. */
const MONITORED: ReadonlySet<string> = new Set(['Paused', 'Unconfirmed']);

export function foldNodes(input: FoldInput): Folded {
  const standings = new Map<Backends, readonly RuleAnswer[]>();
  const answers: NodeAnswer[] = [];
  const nodes = { desired: 0, enforced: 0, degraded: 0, monitored: 0, refused: 0, failed: 0, pending: 0 };
  let unseen = 0;
  for (const node of input.nodes) {
    const answer = answerOf(node, input.policy, standings);
    if (answer === 'unseen') unseen += 1;
    if (typeof answer === 'string') continue;
    answers.push(answer);
    nodes.desired += 1;
    nodes[answer.standing] += 1;
  }
  return { input, answers, nodes, unseen };
}

function answerOf(
  node: NodeView,
  policy: PolicyView,
  standings: Map<Backends, readonly RuleAnswer[]>,
): NodeAnswer | 'unseen' | 'nothing' {
  const problems = node.problems.get(policy.uid) ?? [];
  const answer = { node, rules: rulesOn(node, policy, standings), problems };
  const held = node.state.programmed?.[policy.uid];
  if (held === policy.generation) return { ...answer, standing: standingOf(answer, policy) };
  if (problems.some((problem) => isFailure(problem, policy))) return { ...answer, standing: 'failed' };
  if (held !== undefined) return { ...answer, standing: 'pending' };
  if (!policy.reaches(node)) return 'nothing';
  if (isFull(node)) return { ...answer, standing: 'pending', reason: 'NodeStateFull' };
  return policy.seenBy(node) ? 'nothing' : 'unseen';
}

/** Beyond a full list nobody can tell what the node holds. */
function isFull({ state }: NodeView): boolean {
  return (state.omitted?.['programmed'] ?? 0) > 0;
}

function isFailure({ rule, generation }: NodeProblem, policy: PolicyView): boolean {
  return rule === undefined && (generation ?? policy.generation) === policy.generation;
}

function rulesOn(
  { backends }: NodeView,
  { ir }: PolicyView,
  standings: Map<Backends, readonly RuleAnswer[]>,
): readonly RuleAnswer[] {
  const known = standings.get(backends);
  if (known !== undefined) return known;
  const rules = (ir?.rules ?? []).map((rule) => ({ rule, standing: standRule(rule, backends) }));
  standings.set(backends, rules);
  return rules;
}

function standingOf({ node, rules, problems }: Omit<NodeAnswer, 'standing'>, policy: PolicyView): NodeStanding {
  const monitored = problems.some(({ reason }) => MONITORED.has(reason));
  if (policy.mode === 'Monitor' || monitored || node.state.mode?.effective === 'Monitor') return 'monitored';
  if (rules.some(({ standing }) => standing.refused)) return 'refused';
  const weaker = rules.some(({ rule, standing }) => isWeaker(rule.action, standing) || isNotKilled(rule, standing));
  return weaker || problems.length > 0 ? 'degraded' : 'enforced';
}

export function isNotKilled(rule: RuleIR, standing: RuleStanding): boolean {
  return rule.action === 'Kill' && standing.effect === 'Deny';
}

/** Nodes whose kernel holds the newest generation, whether it interferes or not. */
export function holders({ answers }: Folded): NodeAnswer[] {
  return answers.filter(({ standing }) => standing !== 'failed' && standing !== 'pending');
}
