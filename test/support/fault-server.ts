// A list/watch server of one resource that does what a real API server cannot be made to do on demand: cut a connection
// in the middle of an event, answer 410, 429 and 5xx, fall silent with the connection open. Everything else is tested
// against a real API server.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';

export interface ServedObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; uid: string; resourceVersion: string; labels?: Record<string, string> };
  value?: number;
}

interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ServedObject;
}

/** What to answer instead of the truth, once. */
export interface Answering {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface OpenWatch {
  readonly response: ServerResponse;
  readonly socket: Socket;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

export class FaultServer {
  readonly #server: Server;
  readonly objects = new Map<string, ServedObject>();
  #version = 100;
  #uids = 0;
  #history: Change[] = [];
  readonly #watches = new Set<OpenWatch>();
  readonly requests: SeenRequest[] = [];
  /** Answers for the next lists, watches, or other requests, in order. */
  readonly next: { list: Answering[]; watch: Answering[]; other: Answering[] } = { list: [], watch: [], other: [] };
  /** Watches are accepted and never hear anything. */
  mute = false;
  /** Connections are closed at once. */
  refusing = false;
  absent = false;
  pageSize = Infinity;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.keepAliveTimeout = 600_000;
  }

  static async start(): Promise<FaultServer> {
    const server = new FaultServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get lists(): SeenRequest[] {
    return this.requests.filter(({ method, query }) => method === 'GET' && !query.has('watch'));
  }

  get watchRequests(): SeenRequest[] {
    return this.requests.filter(({ query }) => query.has('watch'));
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  put(name: string, value = 0): ServedObject {
    const held = this.objects.get(name);
    this.#version += 1;
    const uid = held?.metadata.uid ?? `uid-${(this.#uids += 1)}`;
    const metadata = { name, namespace: 'default', uid, resourceVersion: String(this.#version) };
    const object: ServedObject = { apiVersion: 'test.io/v1', kind: 'Thing', metadata, value };
    this.objects.set(name, object);
    this.#change(held === undefined ? 'ADDED' : 'MODIFIED', object);
    return object;
  }

  delete(name: string): void {
    const object = this.objects.get(name);
    if (object === undefined) return;
    this.#version += 1;
    this.objects.delete(name);
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    this.#change('DELETED', { ...object, metadata });
  }

  /** Versions up to now can no longer be watched from. */
  compact(): void {
    this.#history = [];
    this.#version += 1;
  }

  bookmark(): void {
    const metadata = { resourceVersion: String(this.#version), creationTimestamp: null };
    this.raw(
      `${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Thing', apiVersion: 'test.io/v1', metadata } })}\n`,
    );
  }

  /** Bytes into every open watch. */
  raw(text: string): void {
    for (const { response } of this.#watches) response.write(text);
  }

  /** Ends watches in order, as a server does when their time is over. */
  close(): void {
    for (const { response } of this.#watches) response.end();
  }

  /** Resets the connections of watches. */
  cut(): void {
    for (const { socket } of this.#watches) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #change(type: Change['type'], object: ServedObject): void {
    const change = { version: this.#version, type, object };
    this.#history.push(change);
    if (!this.mute) this.raw(`${JSON.stringify({ type, object })}\n`);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.refusing) {
      request.socket.resetAndDestroy();
      return;
    }
    let body = '';
    for await (const piece of request) body += String(piece);
    const seen = seenRequest(request, body);
    this.requests.push(seen);
    const kind = kindOf(seen);
    const instead = this.next[kind].shift() ?? (this.absent ? { status: 404 } : undefined);
    if (instead !== undefined) send(response, instead);
    else if (kind === 'watch') this.#watch(seen.query, response);
    else if (kind === 'list') send(response, { status: 200, body: this.#list(seen.query) });
    else send(response, { status: 200, body: body === '' ? {} : (JSON.parse(body) as unknown) });
  }

  #list(query: URLSearchParams): unknown {
    const start = Number(query.get('continue') ?? 0);
    const all = [...this.objects.values()];
    const size = Math.min(this.pageSize, Number(query.get('limit') ?? Infinity));
    const items = all.slice(start, start + size);
    const more = start + size < all.length ? { continue: String(start + size) } : {};
    return { kind: 'ThingList', metadata: { resourceVersion: String(this.#version), ...more }, items };
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'));
    const oldest = this.#history[0]?.version ?? this.#version + 1;
    if (from < oldest - 1 && from < this.#version) {
      send(response, { status: 410, body: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } });
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const missed = this.mute ? [] : this.#history.filter(({ version }) => version > from);
    for (const { type, object } of missed) response.write(`${JSON.stringify({ type, object })}\n`);
    const watch = { response, socket: response.socket as Socket };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
  }
}

function seenRequest({ url = '/', method = 'GET', headers }: IncomingMessage, body: string): SeenRequest {
  const { pathname: path, searchParams: query } = new URL(url, 'http://host');
  return { method, path, query, body, authorization: headers.authorization, contentType: headers['content-type'] };
}

function kindOf({ method, query }: SeenRequest): 'watch' | 'list' | 'other' {
  if (query.has('watch')) return 'watch';
  return method === 'GET' ? 'list' : 'other';
}

function send(response: ServerResponse, { status, body, headers = {} }: Answering): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body ?? { kind: 'Status', code: status, message: `status ${status}` }));
}

export const THINGS = { group: 'test.io', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };
