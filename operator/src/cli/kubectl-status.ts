// kubectl ringfence status: on how many nodes each policy is enforced and with which guarantee, and what each node says.

import type { ViewedNode, ViewedPolicy } from '../control/cluster-view.js';
import { AgentFault } from '../errors.js';
import type { PolicyStatus } from '../policy/schema.gen.js';
import type { NodeStateStatus } from '../report/objects.gen.js';
import { renderTable } from '../report/table.js';
import { shown } from './events.js';
import { EXIT } from './exit.js';
import { isNamed, namespaceOf, titleOf, withView } from './kubectl-scope.js';
import type { KubectlOptions } from './kubectl.js';
import type { Terminal } from './terminal.js';

export interface ClusterStatus {
  readonly policies: readonly ViewedPolicy[];
  readonly nodes: readonly ViewedNode[];
  /** Node -> time; undefined where they may not be read. */
  readonly heartbeats: ReadonlyMap<string, string> | undefined;
}

export async function kubectlStatus(
  terminal: Terminal,
  names: readonly string[],
  options: KubectlOptions,
): Promise<number> {
  const status = await withView(options, async (view): Promise<ClusterStatus> => {
    const [all, nodes, heartbeats] = await Promise.all([
      view.policies(namespaceOf(view, options)),
      view.nodes(),
      view.heartbeats(),
    ]);
    return { policies: all.filter((policy) => isNamed(names, policy)), nodes, heartbeats };
  });
  if (names.length > 0 && status.policies.length === 0) {
    throw new AgentFault('AGENT_OPTION_INVALID', 'find the policy', {
      object: names.join(', '),
      hint: 'give --namespace or -A',
    });
  }
  if (options.output === 'json') terminal.json(status);
  else
    terminal.lines(
      clusterStatusLines(terminal, status, { detailed: names.length > 0, wide: options.output === 'wide' }),
    );
  return EXIT.ok;
}

export interface Detail {
  readonly detailed: boolean;
  readonly wide: boolean;
}

export function clusterStatusLines(terminal: Terminal, status: ClusterStatus, { detailed, wide }: Detail): string[] {
  const { policies, nodes } = status;
  return [
    ...policyTable(terminal, policies),
    ...(detailed ? policies.flatMap(conditionLines) : []),
    ...(wide || detailed ? ['', ...ruleTable(policies)] : []),
    ...problemLines(policies),
    ...(detailed ? holderLines(policies, nodes) : ['', ...nodeTable(terminal, status)]),
  ];
}

const number = (value: number | undefined): string => String(value ?? 0);

function policyTable(terminal: Terminal, policies: readonly ViewedPolicy[]): string[] {
  if (policies.length === 0) return ['no policies'];
  const head = ['POLICY', 'MODE', 'GUARANTEE', 'DESIRED', 'ENFORCED', 'PODS', 'VIOLATIONS', 'READY', 'REASON'];
  return renderTable(
    head,
    policies.map((policy) => policyRow(terminal, policy)),
  );
}

function policyRow(terminal: Terminal, policy: ViewedPolicy): string[] {
  const ready = readyOf(policy);
  return [
    titleOf(policy),
    policy.spec?.mode ?? '-',
    ...countCells(policy.status ?? {}),
    terminal.paint(ready.status === 'True' ? 'green' : 'red', ready.status),
    ready.reason,
  ];
}

function countCells({ guarantee, nodes = {}, pods = {}, violations = {} }: PolicyStatus): string[] {
  return [
    guarantee ?? '-',
    number(nodes.desired),
    number(nodes.enforced),
    number(pods.matched),
    number(violations.total),
  ];
}

function readyOf({ status }: ViewedPolicy): { readonly status: string; readonly reason: string } {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready ?? { status: 'Unknown', reason: 'NoController' };
}

function conditionLines(policy: ViewedPolicy): string[] {
  const conditions = policy.status?.conditions ?? [];
  const rows = conditions.map(({ type, status, reason, message }) => [type, status, reason, shown(message)]);
  return ['', ...renderTable([titleOf(policy), 'STATUS', 'REASON', 'MESSAGE'], rows)];
}

function ruleTable(policies: readonly ViewedPolicy[]): string[] {
  const rows = policies.flatMap((policy) =>
    (policy.status?.rules ?? []).map(({ name, effect = '-', guarantee = '-', nodes, violations }) => [
      ...[titleOf(policy), name, effect, guarantee],
      ...[number(nodes), number(violations)],
    ]),
  );
  return renderTable(['POLICY', 'RULE', 'EFFECT', 'GUARANTEE', 'NODES', 'VIOLATIONS'], rows);
}

function problemLines(policies: readonly ViewedPolicy[]): string[] {
  const lines = policies.flatMap((policy) => {
    const title = titleOf(policy);
    const { problems = [], findings = [] } = policy.status ?? {};
    return [
      ...problems.map(({ reason, rule, message = '', nodes, examples = [] }) => {
        const where = nodes === undefined ? '' : ` on ${nodes} node(s): ${examples.join(', ')}`;
        return `${title}${rule === undefined ? '' : `/${rule}`}: ${reason}: ${shown(message)}${where}`;
      }),
      ...findings.map(({ code, path = '', message = '' }) => `${title}: ${code} ${path} ${shown(message)}`),
    ];
  });
  return lines.length === 0 ? [] : ['', ...lines];
}

/** Which generation each node has of a policy. */
function holderLines(policies: readonly ViewedPolicy[], nodes: readonly ViewedNode[]): string[] {
  const rows = policies.flatMap((policy) => {
    const { uid = '', generation } = policy.metadata;
    return nodes.flatMap(({ metadata, status = {} }) => {
      const held = status.programmed?.[uid];
      const problems = (status.problems ?? []).filter((problem) => problem.uid === uid);
      if (held === undefined && problems.length === 0) return [];
      const reasons = [...new Set(problems.map(({ reason }) => reason))].join(',');
      const state = held === undefined ? 'not held' : held === generation ? 'current' : `generation ${held}`;
      return [[titleOf(policy), metadata.name, state, number(status.selected?.[uid]), reasons]];
    });
  });
  return ['', ...renderTable(['POLICY', 'NODE', 'HELD', 'PODS', 'PROBLEMS'], rows)];
}

function nodeTable(terminal: Terminal, { nodes, heartbeats }: ClusterStatus): string[] {
  if (nodes.length === 0) return ['no node says anything: is the agent running?'];
  const head = ['NODE', 'MODE', 'KERNEL', 'AGENT', 'POLICIES', 'PODS', 'HELD', 'UNKNOWN', 'PROBLEMS', 'HEARTBEAT'];
  const rows = nodes.map((node) => nodeRow(terminal, node, heartbeats));
  return renderTable(head, rows);
}

function nodeRow(
  terminal: Terminal,
  { metadata, status = {} }: ViewedNode,
  heartbeats: ClusterStatus['heartbeats'],
): string[] {
  const { programmed = {}, problems = [] } = status;
  return [
    metadata.name,
    modeCell(terminal, status),
    ...machineCells(status),
    String(Object.keys(programmed).length),
    ...podCells(status),
    String(problems.length),
    heartbeats === undefined ? '-' : (heartbeats.get(metadata.name) ?? 'never').slice(0, 19),
  ];
}

function modeCell(terminal: Terminal, { mode }: NodeStateStatus): string {
  if (mode === undefined) return '-';
  const { effective, source = 'Default' } = mode;
  const painted = terminal.paint(effective === 'Enforce' ? 'green' : 'yellow', effective);
  return source === 'Default' ? painted : `${painted} (${source})`;
}

function machineCells({ kernel, agent }: NodeStateStatus): string[] {
  return [kernel?.release ?? '-', agent?.version ?? '-'];
}

function podCells({ pods = {} }: NodeStateStatus): string[] {
  return [number(pods.known), number(pods.held), number(pods.unknown)];
}
