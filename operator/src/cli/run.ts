// ringfence run: the agent in the foreground, until SIGTERM or SIGINT. Enforcement goes on without it.

import { hostname } from 'node:os';
import { DEFAULT_PROTECTED_UNITS, openEventTarget } from '../control/defaults.js';
import { startAgent } from '../control/start.js';
import { AgentFault } from '../errors.js';
import type { BackendName } from '../kernel/index.js';
import { openLog } from '../log.js';
import type { LogLevel } from '../log.js';
import { EXIT } from './exit.js';
import { waitForSignal } from './signals.js';

export interface RunOptions {
  readonly policies: string;
  readonly state: string;
  readonly runDir: string;
  readonly node?: string;
  readonly backend?: BackendName;
  readonly confine?: string;
  readonly events: string;
  readonly eventsMaxMb: number;
  readonly eventsKeep: number;
  readonly eventRate: number;
  readonly eventBurst: number;
  readonly protectedUnits?: string;
  readonly redact: readonly string[];
  readonly logLevel: LogLevel;
}

export async function runVerb(options: RunOptions): Promise<number> {
  const log = openLog(options.logLevel, process.stderr.isTTY);
  const { backend, confine } = options;
  const running = await startAgent({
    policies: options.policies,
    stateDir: options.state,
    runDir: options.runDir,
    node: options.node ?? hostname(),
    ...(backend && { backend }),
    ...(confine && { confine }),
    eventRate: options.eventRate,
    eventBurst: options.eventBurst,
    protectedUnits: options.protectedUnits?.split(',').filter((unit) => unit !== '') ?? DEFAULT_PROTECTED_UNITS,
    events: openEventTarget(options.events, options.eventsMaxMb * 1024 * 1024, options.eventsKeep),
    redaction: { patterns: options.redact.map(parsePattern) },
    log,
  });
  // A reader of events that goes away is a fault of the sink, not the end of the agent.
  process.on('SIGPIPE', () => undefined);
  log.info('agent running', { policies: options.policies, state: options.state });
  const signal = await waitForSignal();
  log.info('agent stopping; enforcement goes on', { signal });
  await running.stop();
  return EXIT.ok;
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, 'g');
  } catch (error) {
    throw new AgentFault('AGENT_OPTION_INVALID', 'understand --redact', { object: text, cause: error });
  }
}
