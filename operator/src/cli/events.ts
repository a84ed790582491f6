// ringfence events: what was violated, and which containers began, newest last, and with --follow as it happens.

import { agentLines } from '../control/client.js';
import type { ContainerEvent, PolicyEvent } from '../event/types.js';
import { EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

export interface EventsOptions {
  readonly json: boolean;
  readonly socket: string;
  readonly follow: boolean;
  readonly last: number;
}

export async function eventsVerb(terminal: Terminal, options: EventsOptions): Promise<number> {
  const path = `/events?last=${options.last}${options.follow ? '&follow' : ''}`;
  for await (const line of agentLines(options.socket, path)) {
    terminal.line(options.json ? line : eventLine(terminal, JSON.parse(line) as Line));
  }
  return EXIT.ok;
}

/** The agent says how many events a slow reader has missed. */
interface Missed {
  readonly kind: 'missed';
  readonly count: number;
}

type Line = PolicyEvent | ContainerEvent | Missed;

export function eventLine(terminal: Terminal, event: Line): string {
  if (event.kind === 'missed') return terminal.paint('yellow', `${event.count} events missed`);
  if (event.kind !== 'violation') return containerLine(terminal, event);
  const { time, verdict, policy, rule, object, process, workload, operation, notes } = event;
  const who = workload.pod ?? workload.cgroup;
  const what = `${operation.classes.join('+')} ${shown(object.path)}${object.target === undefined ? '' : ` -> ${shown(object.target)}`}`;
  const extra = notes.length === 0 ? '' : ` [${notes.join(',')}]`;
  const name = policy.namespace === '' ? policy.name : `${policy.namespace}/${policy.name}`;
  return `${time.slice(11, 23)} ${paintVerdict(terminal, verdict)} ${what}  by ${process.comm}[${process.pid}] ${shown(process.program)}  in ${who}  ${name}/${rule}${extra}`;
}

function containerLine(terminal: Terminal, { time, kind, process, workload }: ContainerEvent): string {
  const { namespace, pod, container, cgroup } = workload;
  const who = pod ? `${namespace ?? ''}/${pod}[${container ?? ''}]` : shown(cgroup);
  const text = kind === 'held' ? terminal.paint('yellow', 'Held ') : 'Start';
  return `${time.slice(11, 23)} ${text} entrypoint  by ${shown(process.comm)}[${process.pid}]  in ${who}`;
}

function paintVerdict(terminal: Terminal, verdict: string): string {
  const text = verdict.padEnd(5);
  if (verdict === 'Kill' || verdict === 'Block') return terminal.paint('red', text);
  return terminal.paint('yellow', text);
}

/** Names are whatever a process chose: nothing in them may reach the terminal as a command. */
export function shown(text: string): string {
  return text.replace(/\p{Cc}/gu, (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
