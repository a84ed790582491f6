// The agent's unix socket: health, readiness, status, events and commands for people and probes on this machine. Plain
// HTTP, so that any client can use it. The socket belongs to root and to nobody else.

import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { AgentFault } from '../errors.js';
import { systemErrorName } from './system-error.js';

/** A follower that reads this many bytes too slowly misses events; it is told how many. */
const FOLLOWER_BYTES_MAX = 1024 * 1024;
export const SOCKET_NAME = 'agent.sock';
export const PAUSE_SECONDS_MAX = 24 * 3600;

export interface Health {
  readonly ok: boolean;
  /** Why not, one line each. */
  readonly reasons: readonly string[];
}

/** What the socket offers of the agent. */
export interface AgentApi {
  health(): Health;
  ready(): Health;
  status(): unknown;
  /** Newest last, at most `count`. */
  recentEvents(count: number): readonly string[];
  /** Calls `then` with each event line from now on. Returns what ends it. */
  follow(then: (line: string) => void): () => void;
  pause(seconds: number): Promise<unknown>;
  resume(): Promise<unknown>;
}

type Route = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => void | Promise<void>;

export class AgentServer {
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #server: Server;

  constructor(
    readonly path: string,
    api: AgentApi,
  ) {
    this.#routes = new Map<string, Route>([
      ['GET /healthz', (_, response) => sendHealth(response, api.health())],
      ['GET /readyz', (_, response) => sendHealth(response, api.ready())],
      ['GET /status', (_, response) => sendJson(response, 200, api.status())],
      ['GET /events', (request, response, query) => sendEvents(api, { request, response, query })],
      ['POST /pause', (_, response, query) => pause(api, response, query)],
      ['POST /resume', async (_, response) => sendJson(response, 200, await api.resume())],
    ]);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        sendError(response, 500, error instanceof Error ? error.message : String(error));
      });
    });
  }

  /** Callers hold the machine-wide lock, so that a socket that is already there is a dead agent's. */
  async listen(): Promise<void> {
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      await rm(this.path, { force: true });
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen(this.path, resolve);
      });
      await chmod(this.path, 0o600);
    } catch (error) {
      const errno = systemErrorName(error);
      throw new AgentFault('AGENT_SOCKET_FAILED', 'make the agent socket', { object: this.path, errno, cause: error });
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    await rm(this.path, { force: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://agent');
    const route = this.#routes.get(`${request.method ?? ''} ${url.pathname}`);
    if (route === undefined) {
      sendError(response, 404, `expected one of ${[...this.#routes.keys()].join(', ')}`);
      return;
    }
    await route(request, response, url.searchParams);
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
}

function sendError(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) response.destroy();
  else sendJson(response, status, { code: 'AGENT_BAD_REQUEST', message });
}

function sendHealth(response: ServerResponse, health: Health): void {
  sendJson(response, health.ok ? 200 : 503, health);
}

async function pause(api: AgentApi, response: ServerResponse, query: URLSearchParams): Promise<void> {
  const seconds = Number(query.get('seconds'));
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > PAUSE_SECONDS_MAX) {
    sendError(response, 400, `expected seconds from 1 to ${PAUSE_SECONDS_MAX}`);
    return;
  }
  sendJson(response, 200, await api.pause(seconds));
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
}

function sendEvents(api: AgentApi, { request, response, query }: Exchange): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const count = Number(query.get('last') ?? '100');
  for (const line of api.recentEvents(Number.isInteger(count) && count >= 0 ? count : 100)) response.write(`${line}\n`);
  if (!query.has('follow')) {
    response.end();
    return;
  }
  response.flushHeaders();
  let missed = 0;
  const end = api.follow((line) => {
    if (response.writableLength > FOLLOWER_BYTES_MAX) {
      missed += 1;
      return;
    }
    if (missed > 0) response.write(`${JSON.stringify({ kind: 'missed', count: missed })}\n`);
    missed = 0;
    response.write(`${line}\n`);
  });
  request.on('close', end);
  response.on('close', end);
}
