// ringfence pause and resume: the way out on the node itself.

import { askAgent } from '../control/client.js';
import { AgentFault } from '../errors.js';
import { EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

export interface PauseOptions {
  readonly json: boolean;
  readonly socket: string;
}

interface Mode {
  readonly effective: string;
  readonly source: string;
  readonly until?: string;
}

export function pauseVerb(terminal: Terminal, seconds: number, options: PauseOptions): Promise<number> {
  return command(terminal, `/pause?seconds=${seconds}`, options);
}

export function resumeVerb(terminal: Terminal, options: PauseOptions): Promise<number> {
  return command(terminal, '/resume', options);
}

async function command(terminal: Terminal, path: string, { json, socket }: PauseOptions): Promise<number> {
  const { status, body } = await askAgent(socket, 'POST', path);
  if (status !== 200) {
    throw new AgentFault('AGENT_BAD_REQUEST', `send ${path} to the agent`, { object: socket, answer: body });
  }
  const mode = body as Mode;
  if (json) terminal.json(mode);
  else
    terminal.line(`mode ${mode.effective}${mode.until === undefined ? '' : ` until ${mode.until}`} (${mode.source})`);
  return EXIT.ok;
}
