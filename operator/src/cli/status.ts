// ringfence status: what the agent enforces, in the shape of the API objects' status.

import { askAgent } from '../control/client.js';
import type { NodeStatus } from '../control/agent.js';
import type { PolicyReport } from '../control/status-board.js';
import { renderTable } from '../report/table.js';
import { EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

export interface StatusOptions {
  readonly json: boolean;
  readonly socket: string;
  /** Rules too. */
  readonly wide: boolean;
}

export async function statusVerb(terminal: Terminal, options: StatusOptions): Promise<number> {
  const { body } = await askAgent(options.socket, 'GET', '/status');
  if (options.json) terminal.json(body);
  else terminal.lines(statusLines(terminal, body as NodeStatus, options.wide));
  return EXIT.ok;
}

function statusLines(terminal: Terminal, status: NodeStatus, wide: boolean): string[] {
  const { node, kernel, mode, policies, faults, losses } = status;
  const until = mode.until === undefined ? '' : ` until ${mode.until}`;
  const source = mode.source === 'Default' ? '' : ` (${mode.source}${until})`;
  return [
    `node ${node}, kernel ${kernel}, mode ${paintMode(terminal, mode.effective)}${source}`,
    ...faults.map(({ code, message, hint }) => terminal.paint('red', `fault ${code} ${message}; ${hint}`)),
    ...lossLines(losses),
    '',
    ...policyTable(terminal, policies),
    ...(wide ? ['', ...ruleTable(policies)] : []),
    ...problemLines(policies),
  ];
}

function paintMode(terminal: Terminal, mode: string): string {
  return terminal.paint(mode === 'Enforce' ? 'green' : 'yellow', mode);
}

/** Only what says that something was lost or could not be done. */
const LOSSES: readonly string[] = [
  'RING_FULL',
  'COUNTER_FULL',
  'KILL_FAILED',
  'STORAGE_FAILED',
  'NO_SCRATCH',
  'NO_RULESET',
  'READ_FAILED',
];

function lossLines(losses: Readonly<Record<string, number>>): string[] {
  const lost = LOSSES.filter((name) => (losses[name] ?? 0) > 0).map((name) => `${name}=${losses[name] ?? 0}`);
  return lost.length === 0 ? [] : [`losses ${lost.join(' ')}`];
}

function policyTable(terminal: Terminal, policies: readonly PolicyReport[]): string[] {
  if (policies.length === 0) return ['no policies'];
  const head = ['KIND', 'NAMESPACE', 'NAME', 'MODE', 'GUARANTEE', 'WORKLOADS', 'VIOLATIONS', 'READY', 'REASON'];
  return renderTable(
    head,
    policies.map((policy) => policyRow(terminal, policy)),
  );
}

function policyRow(terminal: Terminal, { kind, metadata, spec, status }: PolicyReport): string[] {
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  const isReady = ready?.status === 'True';
  return [
    kind === 'RuntimePolicy' ? 'rtp' : 'crtp',
    metadata.namespace ?? '',
    metadata.name,
    spec.mode ?? '-',
    status.guarantee ?? '-',
    String(status.workloads.matched),
    String(status.violations.total),
    terminal.paint(isReady ? 'green' : 'red', isReady ? 'True' : 'False'),
    ready?.reason ?? '',
  ];
}

function ruleTable(policies: readonly PolicyReport[]): string[] {
  const rows = policies.flatMap(({ metadata, status }) =>
    status.rules.map(({ name, effect, guarantee, violations }) => [
      metadata.name,
      name,
      effect,
      guarantee,
      String(violations),
    ]),
  );
  return renderTable(['POLICY', 'RULE', 'EFFECT', 'GUARANTEE', 'VIOLATIONS'], rows);
}

function problemLines(policies: readonly PolicyReport[]): string[] {
  const lines = policies.flatMap(({ metadata, status }) => [
    ...status.problems.map(
      ({ reason, rule, message }) => `${metadata.name}${rule === undefined ? '' : `/${rule}`}: ${reason}: ${message}`,
    ),
    ...status.findings.map(({ code, message }) => `${metadata.name}: ${code}: ${message}`),
  ]);
  return lines.length === 0 ? [] : ['', ...lines];
}
