// ringfence explain: why an operation is decided as it is, from an event or from a description, before the fact.

import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { eventOperations } from '../compile/describe-event.js';
import { explain } from '../compile/explain.js';
import { explanationLines } from '../compile/explain-text.js';
import type { OperationIR } from '../compile/ir.js';
import { readPolicies } from '../control/offline.js';
import { selectForExplain } from '../control/explain-select.js';
import type { ExplainedWorkload } from '../control/explain-select.js';
import { AgentFault, formatIssue } from '../errors.js';
import type { PolicyEvent } from '../event/types.js';
import { EXIT } from './exit.js';
import { operationsOf } from './operation-options.js';
import type { OperationOptions } from './operation-flags.js';
import type { Terminal } from './terminal.js';

export interface ExplainOptions extends OperationOptions {
  readonly json: boolean;
  readonly policies: string;
  /** Name of a Workloads item. */
  readonly workload?: string;
  /** Path from the cgroup v2 root. */
  readonly cgroup?: string;
  /** File with one event, `-` for standard input. */
  readonly event?: string;
}

interface Question {
  readonly operations: readonly OperationIR[];
  readonly workload: ExplainedWorkload;
}

export async function explainVerb(terminal: Terminal, options: ExplainOptions): Promise<number> {
  const { policies, workloads, issues } = await readPolicies([options.policies]);
  const rejected = issues.filter(({ level }) => level === 'error');
  for (const issue of rejected) terminal.error(formatIssue(issue));
  const { operations, workload } = options.event === undefined ? describe(options) : await fromEvent(options.event);
  const { selected, notSelected } = selectForExplain(policies, workloads, workload);
  const explanation = explain({ policies: selected, operations, notSelected });
  if (options.json) terminal.json(explanation);
  else terminal.lines(explanationLines(explanation));
  return rejected.length === 0 ? EXIT.ok : EXIT.negative;
}

function describe(options: ExplainOptions): Question {
  const { workload, cgroup } = options;
  if ((workload === undefined) === (cgroup === undefined)) {
    throw new AgentFault('AGENT_OPTION_INVALID', 'know whose operation it is', { hint: 'give --workload or --cgroup' });
  }
  const operations = operationsOf(options, cgroup === undefined ? 'Main' : 'Host');
  return { operations, workload: workload === undefined ? { cgroup: cgroup ?? '' } : { name: workload } };
}

async function fromEvent(file: string): Promise<Question> {
  const text = file === '-' ? await readStream(process.stdin) : await readFile(file, 'utf8');
  const event = parseEvent(text, file);
  const operations = eventOperations(event);
  const { scope, cgroup, namespace, pod, container, labels } = event.workload;
  if (scope === 'Host') return { operations, workload: { cgroup } };
  const identity = { namespace: namespace ?? '', pod: pod ?? '', container: container ?? '', labels: labels ?? {} };
  return { operations, workload: { ...identity, cgroup } };
}

/** The first violation of the text. */
function parseEvent(text: string, file: string): PolicyEvent {
  try {
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Partial<PolicyEvent> | null);
    const event = events.find((one) => one?.kind === 'violation');
    if (event?.operation && event.object && event.process && event.workload) return event as PolicyEvent;
  } catch (error) {
    throw new AgentFault('AGENT_OPTION_INVALID', 'read the event', {
      object: file,
      hint: 'expected JSON',
      cause: error,
    });
  }
  throw new AgentFault('AGENT_OPTION_INVALID', 'read the event', {
    object: file,
    hint: 'expected an event of ringfence events -o json',
  });
}
