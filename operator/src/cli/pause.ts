// ringfence pause and resume: the way out on the node itself, with an agent or without.

import { join } from 'node:path';
import { askAgent } from '../control/client.js';
import type { NodeMode } from '../control/node-mode.js';
import { PAUSE_SECONDS_MAX, SOCKET_NAME } from '../control/server.js';
import { AgentFault } from '../errors.js';
import { EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

export interface PauseOptions {
  readonly json: boolean;
  readonly runDir: string;
  readonly stateDir: string;
}

export function pauseVerb(terminal: Terminal, seconds: number, options: PauseOptions): Promise<number> {
  if (seconds < 1 || seconds > PAUSE_SECONDS_MAX) {
    const hint = `give a number of seconds from 1 to ${PAUSE_SECONDS_MAX}`;
    throw new AgentFault('AGENT_OPTION_INVALID', 'pause', { object: String(seconds), hint });
  }
  return command(terminal, seconds, options);
}

export function resumeVerb(terminal: Terminal, options: PauseOptions): Promise<number> {
  return command(terminal, undefined, options);
}

async function command(terminal: Terminal, seconds: number | undefined, options: PauseOptions): Promise<number> {
  const { source, effective, until } = await setMode(seconds, options);
  if (options.json) terminal.json({ effective, source, ...(until === undefined ? {} : { until }) });
  else terminal.line(`mode ${effective}${until === undefined ? '' : ` until ${until}`} (${source})`);
  return EXIT.ok;
}

/** Of the agent where one answers; else of the kernel itself. */
async function setMode(seconds: number | undefined, { runDir, stateDir }: PauseOptions): Promise<NodeMode> {
  const socket = join(runDir, SOCKET_NAME);
  try {
    return await askForMode(socket, seconds === undefined ? '/resume' : `/pause?seconds=${seconds}`);
  } catch (error) {
    if (!(error instanceof AgentFault) || error.code !== 'AGENT_NOT_RUNNING') throw error;
    const { pauseOffline } = await import('../control/pause-offline.js');
    const mode = await pauseOffline({ runDir, stateDir }, seconds);
    if (mode === undefined) throw error;
    return mode;
  }
}

async function askForMode(socket: string, path: string): Promise<NodeMode> {
  const { status, body } = await askAgent(socket, 'POST', path);
  if (status === 200) return body as NodeMode;
  throw new AgentFault('AGENT_BAD_REQUEST', `send ${path} to the agent`, { object: socket, answer: body });
}
