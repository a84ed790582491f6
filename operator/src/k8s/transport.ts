// Requests to the API server over node:http: one answer, or a stream of bytes that ends when nothing comes any more.
import { Buffer } from 'node:buffer';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AccessSource } from './access.js';
import { faultOfAnswer, faultOfError, type Answer } from './answer.js';
import type { ClusterFault } from '../errors.js';

export type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ApiRequest {
  readonly verb: Verb;
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  readonly contentType?: string;
  /** What the answer should be, where that is not plain JSON. */
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal;
  /** For the whole answer, or for the head of a stream. */
  readonly timeoutMs?: number;
}

export interface Transport {
  /** The answer, whatever its status; throws only when none came. */
  send(request: ApiRequest): Promise<Answer>;
  /** A body to be read as it comes; any status but 200 is thrown. */
  open(request: ApiRequest): Promise<ByteStream>;
  /** A connection turned out to be dead: those that wait in the pool are given up. */
  suspect(): void;
}

export interface ByteStream extends AsyncIterable<Buffer> {
  destroy(): void;
}

const TIMEOUT_MS = 30_000;

export function describeRequest({ verb, path }: ApiRequest): string {
  return `${verb} ${path}`;
}

function urlOf(server: URL, { path, query = {} }: ApiRequest): URL {
  const url = new URL(server.pathname.replace(/\/$/, '') + path, server);
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(key, String(value));
  }
  return url;
}

export class HttpTransport implements Transport {
  readonly #access: AccessSource;
  readonly #userAgent: string;
  /** Answers by verb and status, `GET 200`; status 0 for those that never came. */
  readonly answers = new Map<string, number>();

  constructor(access: AccessSource, userAgent: string) {
    this.#access = access;
    this.#userAgent = userAgent;
  }

  async send(request: ApiRequest): Promise<Answer> {
    const deadline = new Deadline(request, request.timeoutMs ?? TIMEOUT_MS);
    try {
      const response = await this.#head(request, deadline.signal);
      const chunks: Buffer[] = [];
      for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
      const { statusCode: status = 0, headers } = response;
      return { status, headers, body: Buffer.concat(chunks).toString('utf8') };
    } catch (error) {
      throw this.#broken(request, deadline, error);
    } finally {
      deadline.end();
    }
  }

  async open(request: ApiRequest): Promise<ByteStream> {
    const deadline = new Deadline(request, request.timeoutMs ?? TIMEOUT_MS);
    try {
      const response = await this.#head(request, deadline.signal, true);
      deadline.stopClock();
      if (response.statusCode === 200) {
        response.once('close', () => deadline.end());
        return response;
      }
      const chunks: Buffer[] = [];
      for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
      const { statusCode: status = 0, headers } = response;
      throw faultOfAnswer(describeRequest(request), { status, headers, body: Buffer.concat(chunks).toString('utf8') });
    } catch (error) {
      deadline.end();
      throw this.#broken(request, deadline, error);
    }
  }

  suspect(): void {
    this.#access.dropIdle();
  }

  close(): void {
    this.#access.close();
  }

  #broken(request: ApiRequest, deadline: Deadline, error: unknown): ClusterFault {
    if (deadline.passed) this.#access.dropIdle();
    return faultOfError(describeRequest(request), deadline.passed ? deadline.reason : error);
  }

  async #head(request: ApiRequest, signal: AbortSignal, isStream = false): Promise<IncomingMessage> {
    const access = await this.#access.next();
    const url = urlOf(access.server, request);
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const options: RequestOptions = {
      method: request.verb,
      agent: isStream ? access.streamAgent : access.agent,
      signal,
      headers: {
        Accept: request.accept ?? 'application/json',
        'User-Agent': this.#userAgent,
        ...(body === undefined
          ? {}
          : { 'Content-Type': request.contentType ?? 'application/json', 'Content-Length': Buffer.byteLength(body) }),
        ...access.headers,
      },
      ...(access.auth === undefined ? {} : { auth: access.auth }),
    };
    try {
      const response = await exchange(url, options, body);
      this.#count(request, response.statusCode ?? 0);
      return response;
    } catch (error) {
      this.#count(request, 0);
      throw error;
    }
  }

  #count({ verb }: ApiRequest, status: number): void {
    const key = `${verb} ${status}`;
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
  }
}

/**
 * A connection that was kept may be closed by the server while the request is on its way. Such a request is sent again,
 * on another connection, unless it could then be done twice.
 */
async function exchange(url: URL, options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  for (;;) {
    const { response, reused, error } = await attempt(url, options, body);
    if (response !== undefined) return response;
    const stale = reused && ['ECONNRESET', 'EPIPE'].includes(error?.code ?? '');
    if (!stale || options.method === 'POST') throw error ?? new Error('no answer');
  }
}

interface Outcome {
  readonly response?: IncomingMessage;
  readonly reused: boolean;
  readonly error?: NodeJS.ErrnoException;
}

function attempt(url: URL, options: RequestOptions, body: string | undefined): Promise<Outcome> {
  return new Promise((resolve) => {
    const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const request = send(url, options, (response) => resolve({ response, reused: request.reusedSocket }));
    request.on('error', (error) => resolve({ error, reused: request.reusedSocket }));
    request.end(body);
  });
}

/** Ends a request when its caller does, or when its time is over. */
class Deadline {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #cancel = (): void => this.#controller.abort();
  readonly reason: Error;
  passed = false;

  constructor(request: ApiRequest, timeoutMs: number) {
    this.reason = Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
    this.#caller = request.signal;
    if (this.#caller?.aborted === true) this.#cancel();
    this.#caller?.addEventListener('abort', this.#cancel, { once: true });
    this.#timer = setTimeout(() => {
      this.passed = true;
      this.#controller.abort();
    }, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  stopClock(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    this.stopClock();
    this.#caller?.removeEventListener('abort', this.#cancel);
  }
}
