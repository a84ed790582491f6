// ringfence run: the agent in the foreground, until SIGTERM or SIGINT. Enforcement goes on without it.

import { hostname } from 'node:os';
import { DEFAULT_POLICIES, DEFAULT_PROTECTED_UNITS, openEventTarget } from '../control/defaults.js';
import type { ClusterOptions } from '../control/options.js';
import { startAgent } from '../control/start.js';
import { AgentFault } from '../errors.js';
import type { BackendName } from '../kernel/index.js';
import { openLog } from '../log.js';
import type { LogLevel } from '../log.js';
import { EXIT } from './exit.js';
import { waitForSignal } from './signals.js';

export interface RunOptions {
  readonly policies?: string;
  readonly cluster: boolean;
  readonly kubeconfig?: string;
  readonly installNamespace: string;
  readonly systemNamespaces: string;
  readonly unknownPods: ClusterOptions['unknownPods'];
  readonly runtimeRoot: string;
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
  const { backend, confine, cluster } = options;
  const policies = options.policies ?? (cluster ? undefined : DEFAULT_POLICIES);
  const running = await startAgent({
    ...(policies !== undefined && { policies }),
    ...(cluster && { cluster: clusterOptions(options) }),
    stateDir: options.state,
    runDir: options.runDir,
    node: options.node ?? hostname(),
    ...(backend && { backend }),
    ...(confine && { confine }),
    eventRate: options.eventRate,
    eventBurst: options.eventBurst,
    protectedUnits: options.protectedUnits === undefined ? DEFAULT_PROTECTED_UNITS : listed(options.protectedUnits),
    events: openEventTarget(options.events, options.eventsMaxMb * 1024 * 1024, options.eventsKeep),
    redaction: { patterns: options.redact.map(parsePattern) },
    log,
  });
  // A reader of events that goes away is a fault of the sink, not the end of the agent.
  process.on('SIGPIPE', () => undefined);
  log.info('agent running', { policies, cluster, state: options.state });
  const signal = await waitForSignal();
  log.info('agent stopping; enforcement goes on', { signal });
  await running.stop();
  return EXIT.ok;
}

function listed(text: string): string[] {
  return text.split(',').filter((item) => item !== '');
}

function clusterOptions(options: RunOptions): ClusterOptions {
  const { kubeconfig, installNamespace, unknownPods, runtimeRoot } = options;
  const systemNamespaces = listed(options.systemNamespaces);
  return {
    ...(kubeconfig !== undefined && { kubeconfig }),
    installNamespace,
    systemNamespaces,
    unknownPods,
    runtimeRoot,
  };
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, 'g');
  } catch (error) {
    throw new AgentFault('AGENT_OPTION_INVALID', 'understand --redact', { object: text, cause: error });
  }
}
