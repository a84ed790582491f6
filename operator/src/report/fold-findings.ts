// What all nodes together show of a policy -> findings of its status. Only warnings: they change no condition.

import type { Finding } from '../policy/schema.gen.js';
import type { Folded, NodeAnswer } from './fold-nodes.js';
import type { NodeFinding } from './objects.gen.js';

/** True of the cluster only if it is so on every node on which the policy selects pods. */
const EVERYWHERE: ReadonlySet<string> = new Set(['CONTAINER_NOT_FOUND', 'COVERED_BY']);
const MESSAGE_MAX = 1024;

interface Group {
  readonly first: NodeFinding;
  readonly nodes: number;
  readonly count: number;
}

function pods(count: number): string {
  return count === 1 ? '1 pod' : `${count} pods`;
}

/** The rest of the sentence after the count. */
const MESSAGES: Readonly<Record<string, (group: Group) => string>> = {
  CONTAINER_NOT_FOUND: ({ count, first }) =>
    `none of ${pods(count)} that it matches has a container ${first.detail ?? ''}`,
  PATTERN_IS_LINK: ({ count, first }) =>
    `${first.detail ?? ''}${count > 1 ? `, and so it is in ${count - 1} more workloads` : ''}`,
  WOULD_BREAK_RUNNING: ({ count, first }) =>
    `${count} running ${count === 1 ? 'process runs' : 'processes run'} what it forbids, as ${first.detail ?? ''}`,
  ALLOW_LISTS_INTERSECT: ({ count, first }) =>
    `with policy ${first.other ?? ''} on ${pods(count)}: ${first.detail ?? ''}`,
  COVERED_BY: ({ first }) => `policy ${first.other ?? ''} makes this rule moot`,
};

function keyOf({ code, path, other = '' }: NodeFinding): string {
  return `${code} ${path} ${other}`;
}

function groupsOf(answers: readonly NodeAnswer[], { uid, generation }: { uid: string; generation: number }): Group[] {
  const groups = new Map<string, Group>();
  for (const { node } of answers) {
    for (const finding of node.findings.get(uid) ?? []) {
      if (finding.generation !== generation) continue;
      const known = groups.get(keyOf(finding));
      const { first = finding, nodes = 0, count = 0 } = known ?? {};
      groups.set(keyOf(finding), { first, nodes: nodes + 1, count: count + finding.count });
    }
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

/** Every agent has looked, and none found anything. */
function selectsNothing({ input, nodes, unseen }: Folded): boolean {
  const { policy, podsWithoutAgent } = input;
  return policy.ir !== undefined && input.nodes.length > 0 && unseen + nodes.desired + podsWithoutAgent === 0;
}

function warning(code: string, path: string, message: string): Finding {
  return { code, level: 'Warning', path, message: message.slice(0, MESSAGE_MAX) };
}

export function clusterFindings(folded: Folded): Finding[] {
  const { policy } = folded.input;
  if (selectsNothing(folded)) {
    const message = `nothing is selected now, on none of ${folded.input.nodes.length} nodes`;
    return [warning('SELECTS_NOTHING', 'spec.selector', message)];
  }
  const selecting = folded.answers.filter(({ node }) => (node.state.selected?.[policy.uid] ?? 0) > 0);
  return groupsOf(selecting, policy).flatMap((group) => {
    const { code, path } = group.first;
    const describe = MESSAGES[code];
    if (describe === undefined || (EVERYWHERE.has(code) && group.nodes < selecting.length)) return [];
    return [warning(code, path, describe(group))];
  });
}
