// Writes the status of policies. State is written at once, counts alone at most twice a minute, and nothing that the object
// says already.

import { foldPolicy } from '../report/fold.js';
import type { FoldInput, Folded } from '../report/fold-nodes.js';
import { CLUSTER_RUNTIME_POLICIES, RUNTIME_POLICIES, WorkQueue } from '../k8s/index.js';
import type { Again, Cluster, KubeObject, QueueMetrics } from '../k8s/index.js';
import type { Log } from '../log.js';
import type { PolicyStatus } from '../policy/schema.gen.js';
import type { KnownPolicy } from './controller-policies.js';

const COUNTS_MS = 30_000;
const CONCURRENCY = 4;

export interface StatusSource {
  /** Undefined: the policy is no more. */
  policy(uid: string): KnownPolicy | undefined;
  input(policy: KnownPolicy, previous: PolicyStatus | undefined): FoldInput;
  /** After each look, written or not. */
  onFolded(policy: KnownPolicy, status: PolicyStatus, folded: Folded, previous: PolicyStatus | undefined): void;
}

interface Written {
  readonly status: PolicyStatus;
  readonly atMs: number;
}

export class ControllerStatus {
  readonly #cluster: Cluster;
  readonly #source: StatusSource;
  readonly #mayWrite: () => boolean;
  readonly #written = new Map<string, Written>();
  readonly #queue: WorkQueue<string>;
  #writes = 0;

  constructor(cluster: Cluster, source: StatusSource, log: Log, mayWrite: () => boolean) {
    this.#cluster = cluster;
    this.#source = source;
    this.#mayWrite = mayWrite;
    this.#queue = new WorkQueue({
      work: (uid) => this.#write(uid),
      concurrency: CONCURRENCY,
      onFailure: (uid, error) => log.warn('status not written', { uid, error: String(error) }),
    });
  }

  /** What the object says now, by whoever wrote it. */
  restore(uid: string, status: PolicyStatus): void {
    this.#written.set(uid, { status, atMs: -COUNTS_MS });
  }

  add(uid: string): void {
    this.#queue.add(uid);
  }

  forget(uid: string): void {
    this.#written.delete(uid);
  }

  get writes(): number {
    return this.#writes;
  }

  metrics(): QueueMetrics {
    return this.#queue.metrics();
  }

  stop(): Promise<void> {
    return this.#queue.stop();
  }

  async #write(uid: string): Promise<Again | undefined> {
    const policy = this.#source.policy(uid);
    if (policy === undefined) {
      this.#written.delete(uid);
      return undefined;
    }
    const before = this.#written.get(uid);
    const { status, folded } = foldPolicy(this.#source.input(policy, before?.status));
    this.#source.onFolded(policy, status, folded, before?.status);
    const waitMs = before === undefined ? 0 : waitOf(before, status);
    if (waitMs > 0 && waitMs < Infinity) return { againAfterMs: waitMs };
    if (waitMs > 0 || !this.#mayWrite()) return undefined;
    await this.#apply(policy, status);
    this.#written.set(uid, { status, atMs: performance.now() });
    this.#writes += 1;
    return undefined;
  }

  async #apply(policy: KnownPolicy, status: PolicyStatus): Promise<void> {
    const { kind, namespace, name, uid } = policy;
    const ref = kind === 'RuntimePolicy' ? RUNTIME_POLICIES : CLUSTER_RUNTIME_POLICIES;
    // The UID is a precondition: another policy of that name has another status.
    const metadata = { name, uid, ...(namespace !== '' && { namespace }) };
    const body: KubeObject & { status: PolicyStatus } = { apiVersion: 'ringfence.io/v1alpha1', kind, metadata, status };
    try {
      await this.#cluster.applyStatus(ref, body);
    } catch (error) {
      if (isGone(error)) return;
      throw error;
    }
  }
}

/** How long the status has to wait; forever if the object says it already. */
function waitOf(before: Written, status: PolicyStatus): number {
  if (canonical(status) === canonical(before.status)) return Infinity;
  if (stateOf(status) !== stateOf(before.status)) return 0;
  return Math.max(0, before.atMs + COUNTS_MS - performance.now());
}

/** Deleted, or made anew, since we looked. */
function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return code === 'CLUSTER_NOT_FOUND' || code === 'CLUSTER_CONFLICT';
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** The status without its counts. */
function stateOf({ violations: _, pods: __, rules = [], ...state }: PolicyStatus): string {
  const named = rules.map(({ violations: ___, departed: ____, ...rule }) => rule);
  return canonical({ ...state, rules: named });
}
