// Problems and findings of a policy's status, and the limits of the whole.

import type { Issue } from '../errors.js';
import type { Finding, PolicyStatus, Problem } from '../policy/schema.gen.js';
import { isNotKilled } from './fold-nodes.js';
import type { Folded, NodeAnswer, RuleAnswer } from './fold-nodes.js';
import { isWeaker } from './guarantee.js';

export const STATUS_BYTES_MAX = 64 * 1024;
const FINDINGS_MAX = 32;
const PROBLEMS_MAX = 16;
const EXAMPLES_MAX = 5;
const PROBLEM_MESSAGE_MAX = 256;
const FINDING_MESSAGE_MAX = 1024;
const PATH_MAX = 256;

interface Group {
  reason: string;
  rule?: string;
  message: string;
  nodes: string[];
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 3)}...`;
}

/** The most common first; ties by reason and rule, so that the same state gives the same list. */
export function listProblems(folded: Folded): Problem[] {
  const groups = new Map<string, Group>();
  const add = (reason: string, message: string, node: string, rule?: string): void => {
    const key = `${reason}/${rule ?? ''}`;
    const group = groups.get(key) ?? { reason, message, nodes: [], ...(rule !== undefined && { rule }) };
    groups.set(key, group);
    group.nodes.push(node);
  };
  for (const answer of folded.answers) {
    for (const problem of problemsOf(answer)) add(problem.reason, problem.message, answer.node.name, problem.rule);
  }
  return [...groups.values()]
    .sort((a, b) => b.nodes.length - a.nodes.length || (sortKey(a) < sortKey(b) ? -1 : 1))
    .map(({ nodes, message, ...group }) => ({
      ...group,
      message: cut(message, PROBLEM_MESSAGE_MAX),
      nodes: nodes.length,
      examples: nodes.slice(0, EXAMPLES_MAX),
    }));
}

function sortKey({ reason, rule = '' }: Group): string {
  return `${reason}/${rule}`;
}

interface Told {
  readonly reason: string;
  readonly message: string;
  readonly rule?: string;
}

function problemsOf({ node, rules, standing, problems, reason }: NodeAnswer): Told[] {
  const told: Told[] = problems.map((problem) => ({
    reason: problem.reason,
    message: problem.message ?? '',
    ...(problem.rule === undefined ? {} : { rule: problem.rule }),
  }));
  if (reason !== undefined) told.push({ reason, message: 'the list of policies in the NodeState is full' });
  if (!node.fresh) told.push({ reason: 'NodesStale', message: 'the agent does not renew its lease' });
  const { effective, source } = node.state.mode ?? {};
  if (effective === 'Monitor') told.push({ reason: source ?? 'Monitor', message: 'the node does not interfere' });
  if (standing === 'failed' || standing === 'pending') return told;
  return [...told, ...rules.flatMap(offeredProblem)];
}

function offeredProblem({ rule, standing }: RuleAnswer): Told[] {
  const offered = `the node offers ${standing.guarantee} for ${standing.weakest.join(', ')}`;
  if (standing.refused) {
    const message = `${offered}, less than ${rule.minimumGuarantee}; the rule only reports there`;
    return [{ reason: 'GuaranteeNotMet', rule: rule.name, message }];
  }
  if (isWeaker(rule.action, standing)) {
    return [{ reason: 'WeakerEffect', rule: rule.name, message: `${offered}; the effect is ${standing.effect}` }];
  }
  if (!isNotKilled(rule, standing)) return [];
  return [{ reason: 'NotKilled', rule: rule.name, message: 'the node denies and cannot kill there' }];
}

/** Errors first. */
export function describeFindings(issues: readonly Issue[]): Finding[] {
  const sorted = [...issues].sort((a, b) => Number(a.level === 'warning') - Number(b.level === 'warning'));
  return sorted.map(({ code, level, path, expected, got, hint }) => ({
    code,
    level: level === 'error' ? 'Error' : 'Warning',
    path: cut(path, PATH_MAX),
    message: cut(`expected ${expected}, got ${got}${hint === '' ? '' : `; ${hint}`}`, FINDING_MESSAGE_MAX),
  }));
}

export function fitStatus(
  status: PolicyStatus,
  problems: readonly Problem[],
  findings: readonly Finding[],
): PolicyStatus {
  let [problemCount, findingCount] = [Math.min(problems.length, PROBLEMS_MAX), Math.min(findings.length, FINDINGS_MAX)];
  const fitted = (): PolicyStatus => {
    const omitted = { problems: problems.length - problemCount, findings: findings.length - findingCount };
    const some = Object.entries(omitted).filter(([, count]) => count > 0);
    const listed = { problems: problems.slice(0, problemCount), findings: findings.slice(0, findingCount) };
    return withoutEmptyLists({ ...status, ...listed, ...(some.length > 0 && { omitted: Object.fromEntries(some) }) });
  };
  while (bytesOf(fitted()) > STATUS_BYTES_MAX && findingCount + problemCount > 0) {
    if (findingCount >= problemCount) findingCount -= 1;
    else problemCount -= 1;
  }
  return fitted();
}

/** The server makes null of a list by key that loses its last entry to an apply, and then refuses the null. */
function withoutEmptyLists(status: PolicyStatus): PolicyStatus {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => !Array.isArray(value) || value.length > 0));
}

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
