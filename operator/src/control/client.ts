// The other end of the agent's socket, for the command line.

import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { AgentFault } from '../errors.js';
import { systemErrorName } from './system-error.js';

const TIMEOUT_MS = 10_000;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** @throws AgentFault AGENT_NOT_RUNNING where nobody answers */
export async function askAgent(socketPath: string, method: 'GET' | 'POST', path: string): Promise<Answer> {
  const response = await send(socketPath, method, path);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return { status: response.statusCode ?? 0, body: JSON.parse(text) };
  } catch (error) {
    throw new AgentFault('AGENT_BAD_REQUEST', 'understand the agent', { object: socketPath, cause: error });
  }
}

/** Lines of an answer as they arrive; ends when the agent ends. */
export async function* agentLines(socketPath: string, path: string): AsyncGenerator<string> {
  const response = await send(socketPath, 'GET', path);
  response.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    if (systemErrorName(error) !== 'ECONNRESET') throw error;
  }
}

/** Each request has a connection of its own: an agent that was busy for long has closed the idle one of the request before. */
function send(socketPath: string, method: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, timeout: TIMEOUT_MS, agent: false }, (response) => {
      outgoing.setTimeout(0);
      resolve(response);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.on('error', (error) => {
      const errno = systemErrorName(error);
      reject(new AgentFault('AGENT_NOT_RUNNING', 'reach the agent', { object: socketPath, errno, cause: error }));
    });
    outgoing.end();
  });
}
