// An agent for the demonstration: the real one, confined to one cgroup, with folders of its own, and gone without a trace
// when the demonstration ends.

import { mkdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AgentFault } from '../errors.js';
import { openLog } from '../log.js';
import type { Target } from '../report/sinks/target.js';
import type { Agent } from './agent.js';
import { DEFAULT_PROTECTED_UNITS } from './defaults.js';
import { uninstallEngine } from './offline.js';
import { startAgent } from './start.js';

const RUN_DIR = '/run/ringfence-demo-agent';

export interface DemoAgent {
  readonly agent: Agent;
  /** Stops it and takes its programs out of the kernel. */
  end(): Promise<void>;
}

export interface DemoAgentOptions {
  readonly policies: string;
  readonly confine: string;
  /** Folder for its state, removed with the demonstration. */
  readonly folder: string;
}

const NOWHERE: Target = { append: () => Promise.resolve(), close: () => Promise.resolve() };

export async function startDemoAgent({ policies, confine, folder }: DemoAgentOptions): Promise<DemoAgent> {
  const stateDir = join(folder, '.state');
  mkdirSync(stateDir, { recursive: true });
  // What a demonstration that was cut off left behind.
  uninstallEngine(RUN_DIR);
  const running = await startAgent({
    policies,
    stateDir,
    runDir: RUN_DIR,
    node: hostname(),
    confine,
    eventRate: 0,
    eventBurst: 0,
    protectedUnits: DEFAULT_PROTECTED_UNITS,
    events: { target: NOWHERE, name: 'nowhere' },
    redaction: { patterns: [] },
    log: openLog('warn', process.stderr.isTTY),
  });
  const end = async (): Promise<void> => {
    await running.stop();
    uninstallEngine(RUN_DIR);
    rmSync(RUN_DIR, { recursive: true, force: true });
  };
  const { ok, reasons } = running.agent.ready();
  if (ok) return { agent: running.agent, end };
  await end();
  throw new AgentFault('AGENT_NOT_RUNNING', 'put the demonstration in force', { hint: reasons.join('; ') });
}
