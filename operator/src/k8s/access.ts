// How the API server is reached: address, credentials and the pool of connections. Credentials are asked for at every
// request, because tokens are rotated (client-node reads a token file again after a minute) and exec plugins renew
// certificates; a pool is kept as long as the TLS material stays the same. client-node itself opens a new connection
// for each request.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { Agent as HttpAgent, type OutgoingHttpHeaders, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions, type RequestOptions as HttpsOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { ClusterFault } from '../errors.js';

export interface Access {
  readonly server: URL;
  readonly headers: OutgoingHttpHeaders;
  /** `user:password`, for servers that still take it. */
  readonly auth: string | undefined;
  readonly agent: HttpAgent;
  /** For watches, which keep their connection: they must not take those of requests. */
  readonly streamAgent: HttpAgent;
}

type Pool = Pick<Access, 'agent' | 'streamAgent'>;

/** Some load balancers drop connections that say nothing for a minute. */
const KEEP_ALIVE_MS = 30_000;
/** Connections for requests. Three hundred requests at once took three times as long, and 70 MB, with a connection each. */
const MAX_REQUESTS = 8;

const TLS_KEYS = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername'] as const;

function tlsOf(options: HttpsOptions): AgentOptions {
  return Object.fromEntries(TLS_KEYS.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]));
}

function fingerprint(server: URL, tls: AgentOptions): string {
  const material = TLS_KEYS.map((key) => {
    const value: unknown = tls[key];
    return Buffer.isBuffer(value) ? value.toString('base64') : value;
  });
  return createHash('sha256')
    .update(JSON.stringify([server.href, material]))
    .digest('hex');
}

export class AccessSource {
  readonly #config: KubeConfig;
  #pool: ({ readonly key: string } & Pool) | undefined;

  constructor(config: KubeConfig) {
    this.#config = config;
  }

  async next(): Promise<Access> {
    const cluster = this.#config.getCurrentCluster();
    if (cluster === null) throw new ClusterFault('CLUSTER_NO_CONFIG', 'find the current cluster in the configuration');
    const options: HttpsOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const server = new URL(cluster.server);
    // A proxy's agent is client-node's; it keeps the certificates that it was made with.
    const proxied = cluster.proxyUrl !== undefined && options.agent instanceof HttpAgent;
    const proxy = options.agent as HttpAgent;
    const pool = proxied ? { agent: proxy, streamAgent: proxy } : this.#pooled(server, tlsOf(options));
    const { auth } = options as RequestOptions;
    const { agent, streamAgent } = pool;
    return { server, headers: options.headers as OutgoingHttpHeaders, auth: auth ?? undefined, agent, streamAgent };
  }

  /** Connections that no request uses. After one proved dead the others are not to be trusted either. */
  dropIdle(): void {
    for (const sockets of Object.values(this.#pool?.agent.freeSockets ?? {})) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }

  close(): void {
    this.#pool?.agent.destroy();
    this.#pool?.streamAgent.destroy();
    this.#pool = undefined;
  }

  #pooled(server: URL, tls: AgentOptions): Pool {
    const key = fingerprint(server, tls);
    if (this.#pool?.key === key) return this.#pool;
    // Requests under way keep the old pool's connections until they end.
    this.dropIdle();
    const isPlain = server.protocol === 'http:';
    const make = (options: AgentOptions): HttpAgent =>
      isPlain ? new HttpAgent(options) : new HttpsAgent({ ...options, ...tls });
    const keep = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS };
    this.#pool = {
      ...{ key, agent: make({ ...keep, maxSockets: MAX_REQUESTS }) },
      // A watch that ended leaves no connection worth keeping; TCP keep-alive still watches over it.
      streamAgent: make({ ...keep, maxFreeSockets: 0 }),
    };
    return this.#pool;
  }
}
