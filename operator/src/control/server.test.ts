import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentLines, askAgent } from './client.js';
import { EventLog } from './event-log.js';
import { AgentServer } from './server.js';

let folder = '';
let server: AgentServer;
const events = new EventLog(3);
const paused: number[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rf-socket-'));
  await writeFile(join(folder, 'agent.sock'), 'left by a dead agent');
  server = new AgentServer(join(folder, 'agent.sock'), {
    health: () => ({ ok: true, reasons: [] }),
    ready: () => ({ ok: false, reasons: ['policies not applied yet'] }),
    status: () => ({ node: 'n' }),
    recentEvents: (count) => events.recent(count),
    follow: (then) => events.follow(then),
    pause: (seconds) => Promise.resolve({ paused: paused.push(seconds) > 0 }),
    resume: () => Promise.reject(new Error('not now')),
  });
  await server.listen();
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe('AgentServer', () => {
  it('is for root only', async () => {
    expect((await stat(server.path)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['GET', '/healthz', 200, { ok: true }],
    ['GET', '/readyz', 503, { ok: false, reasons: ['policies not applied yet'] }],
    ['GET', '/status', 200, { node: 'n' }],
    ['POST', '/pause?seconds=60', 200, { paused: true }],
    ['POST', '/pause?seconds=90000', 400, { code: 'AGENT_BAD_REQUEST' }],
    ['POST', '/pause', 400, { code: 'AGENT_BAD_REQUEST' }],
    ['POST', '/resume', 500, { message: 'not now' }],
    ['GET', '/pause', 404, { code: 'AGENT_BAD_REQUEST' }],
  ] as const)('%s %s answers %i', async (method, path, status, body) => {
    const answer = await askAgent(server.path, method, path);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject(body);
  });

  it('gives the newest events and then those that come', async () => {
    for (const line of ['1', '2', '3', '4', '5', '6', '7', '8']) events.add(line);
    const seen: string[] = [];
    for await (const line of agentLines(server.path, '/events?last=2&follow')) {
      seen.push(line);
      if (line === '8') setTimeout(() => events.add('9'), 20);
      if (line === '9') break;
    }
    expect(seen).toEqual(['7', '8', '9']);
  });

  it('is gone with its agent, and then says so', async () => {
    await server.close();
    await expect(askAgent(server.path, 'GET', '/status')).rejects.toMatchObject({
      code: 'AGENT_NOT_RUNNING',
      errno: 'ENOENT',
    });
  });
});
