// Health, readiness and metrics for the kubelet and for Prometheus.

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { AgentFault } from '../errors.js';

export interface HttpParts {
  readonly isReady: () => boolean;
  /** Prometheus text. */
  readonly metrics: () => string;
}

export class ControllerHttp {
  readonly #parts: HttpParts;
  readonly #server: Server;

  constructor(parts: HttpParts) {
    this.#parts = parts;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /** @returns the address, with the port that was given where `0` was asked for */
  listen(address: string): Promise<string> {
    const colon = address.lastIndexOf(':');
    const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
    const port = Number(address.slice(colon + 1));
    if (colon < 0 || !Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new AgentFault('AGENT_OPTION_INVALID', 'understand --listen', { object: address });
    }
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        reject(new AgentFault('AGENT_OPTION_INVALID', 'listen', { object: address, errno: cause.code ?? '', cause }));
      });
      this.#server.listen(port, host, () => {
        const bound = this.#server.address();
        resolve(typeof bound === 'object' && bound !== null ? `${host}:${bound.port}` : address);
      });
    });
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').split('?')[0];
    if (path === '/healthz') send(response, 200, 'ok\n');
    else if (path === '/readyz')
      send(response, this.#parts.isReady() ? 200 : 503, this.#parts.isReady() ? 'ok\n' : 'not ready\n');
    else if (path === '/metrics') send(response, 200, this.#parts.metrics());
    else send(response, 404, 'not found\n');
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  response.end(text);
}
