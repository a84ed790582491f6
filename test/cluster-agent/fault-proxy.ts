// Stands between an agent and a real API server, and does what that server cannot be made to do on demand: answer 410, 429 and 5xx, cut
// a watch in the middle of an event, fall silent with the connection open. Everything else it passes on.
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KubeControlPlane } from '../cluster/control-plane.js';

/** What to say in place of the server, for requests whose path and query hold `match`. */
export interface Fault {
  readonly match: string;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Requests that it meets. */
  times: number;
}

interface OpenWatch {
  readonly url: string;
  readonly response: ServerResponse;
  /** Nothing of it reaches the agent any more, not even its end. */
  isDeaf: boolean;
}

const GONE = { type: 'ERROR', object: { kind: 'Status', status: 'Failure', reason: 'Expired', code: 410 } };

export class FaultProxy {
  readonly #server: Server;
  readonly #plane: KubeControlPlane;
  readonly #upstream: Agent;
  readonly #watches = new Set<OpenWatch>();
  #faults: Fault[] = [];
  /** Answers that it gave in place of the server. */
  given = 0;

  private constructor(plane: KubeControlPlane, server: Server, upstream: Agent) {
    [this.#plane, this.#server, this.#upstream] = [plane, server, upstream];
    server.on('request', (incoming, response) => this.#pass(incoming, response));
  }

  static async start(plane: KubeControlPlane): Promise<FaultProxy> {
    const own = await plane.pki.issue({
      name: 'proxy',
      subject: '/CN=kube-apiserver',
      alternativeNames: ['IP:127.0.0.1'],
    });
    const admin = await plane.pki.issue({ name: 'proxied', subject: '/O=system:masters/CN=proxied' });
    const ca = readFileSync(plane.pki.authority);
    const pair = (of: typeof own): object => ({ cert: readFileSync(of.certificate), key: readFileSync(of.key), ca });
    const server = createServer({ ...pair(own), keepAliveTimeout: 600_000 });
    const proxy = new FaultProxy(plane, server, new Agent({ ...pair(admin), keepAlive: true }));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** For the agent. */
  async kubeconfig(): Promise<string> {
    const { port } = this.#server.address() as AddressInfo;
    return await this.#plane.writeKubeconfig('agent', '/O=system:masters/CN=agent', `https://127.0.0.1:${port}`);
  }

  answer(fault: Fault): void {
    this.#faults.push(fault);
  }

  /** Ends what is still to be answered in place of the server. */
  heal(): void {
    this.#faults = [];
  }

  /** Faults that nobody has met yet. */
  get pending(): number {
    return this.#faults.filter(({ times }) => times > 0).length;
  }

  /** Breaks the connections of all watches in the middle of an event. Their number. */
  cut(): number {
    const open = [...this.#watches].filter(({ isDeaf }) => !isDeaf);
    for (const { response } of open) {
      response.write('{"type":"MODIFIED","object":{"kind":');
      response.socket?.destroy();
    }
    return open.length;
  }

  /** Tells the watches whose path holds `match` that their version is gone. */
  expire(match: string): void {
    for (const { url, response } of this.#watches) if (url.includes(match)) response.write(`${JSON.stringify(GONE)}\n`);
  }

  /** Open watches whose path holds `match` hear nothing any more, and their connections stay open. Their number. */
  mute(match: string): number {
    const open = [...this.#watches].filter(({ url }) => url.includes(match));
    for (const watch of open) watch.isDeaf = true;
    return open.length;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#upstream.destroy();
    await once(this.#server, 'close');
  }

  #pass(incoming: IncomingMessage, response: ServerResponse): void {
    const url = incoming.url ?? '';
    const fault = this.#faults.find(({ match, times }) => times > 0 && url.includes(match));
    if (fault !== undefined) {
      fault.times -= 1;
      this.given += 1;
      incoming.resume();
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code: fault.status, message: 'on demand' }));
      return;
    }
    const headers = { ...incoming.headers, host: new URL(this.#plane.server).host };
    const onward = request(`${this.#plane.server}${url}`, { method: incoming.method, headers, agent: this.#upstream });
    onward.on('response', (answer) => this.#answer(url, answer, response));
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }

  #answer(url: string, answer: IncomingMessage, response: ServerResponse): void {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    if (!/[?&]watch=(?:true|1)/.test(url)) {
      answer.pipe(response);
      return;
    }
    const watch: OpenWatch = { url, response, isDeaf: false };
    this.#watches.add(watch);
    response.flushHeaders();
    answer.on('data', (chunk: Buffer) => {
      if (!watch.isDeaf) response.write(chunk);
    });
    answer.on('end', () => {
      if (!watch.isDeaf) response.end();
    });
    answer.on('error', () => {
      if (!watch.isDeaf) response.destroy();
    });
    response.on('close', () => this.#watches.delete(watch));
  }
}
