// Policies of the API server. Until it has been heard the last good ones from the disk are in force; while it is away, those
// it told of last. A kind that it does not know is a normal state.

import { CLUSTER_RUNTIME_POLICIES, RUNTIME_POLICIES } from '../k8s/index.js';
import type { Cluster, Feed, KubeObject, ResourceRef } from '../k8s/index.js';
import type { ApiSource } from '../source/api-source.js';
import type { Clock } from '../source/clock.js';
import type { ObjectState } from '../source/merge.js';
import type { StoredObject } from '../source/state.js';
import type { PolicyFeed } from './policy-feed.js';

/** A server that starts answers 404 for its custom kinds for a while. */
const ABSENT_AFTER_MS = 30_000;
const KINDS: readonly ResourceRef[] = [RUNTIME_POLICIES, CLUSTER_RUNTIME_POLICIES];

interface PolicyObject extends KubeObject {
  readonly spec?: unknown;
}

export interface ClusterPoliciesOptions {
  readonly source: ApiSource;
  readonly clock: Clock;
  readonly onChange: () => void;
}

export class ClusterPolicies implements PolicyFeed {
  readonly #options: ClusterPoliciesOptions;
  readonly #feeds = new Map<string, Feed<PolicyObject>>();
  readonly #absentSince = new Map<string, number>();
  #objects: ReadonlyMap<string, ObjectState> = new Map();
  #isHolding = false;
  #remembers = false;

  constructor(options: ClusterPoliciesOptions) {
    this.#options = options;
  }

  objects(): ReadonlyMap<string, ObjectState> {
    return this.#objects;
  }

  strayIssues(): readonly unknown[] {
    return [];
  }

  isHolding(): boolean {
    return this.#isHolding;
  }

  missing(): readonly string[] {
    if (this.#remembers) return [];
    return [...this.#unheard()].map((kind) => `objects of kind ${kind} have not been listed yet`);
  }

  /** Only the disk has told of it so far. */
  isUnheard(uid: string): boolean {
    const kind = this.#objects.get(uid)?.kind;
    return kind !== undefined && !this.#isHeard(kind);
  }

  restore(stored: readonly StoredObject[]): void {
    this.#objects = this.#options.source.restore(stored).objects;
    this.#remembers = this.#objects.size > 0;
  }

  /** An agent before left its policies in the kernel: they stay until the server tells of them, unless the disk does. */
  takeOver(remembers: boolean): void {
    this.#isHolding = !remembers;
  }

  start(cluster: Cluster): void {
    const { onChange, clock } = this.#options;
    for (const ref of KINDS) {
      const feed = cluster.watch<PolicyObject>(ref, {
        onChange,
        onState: (state) => {
          this.#absentSince.delete(ref.kind);
          if (state !== 'absent') return;
          this.#absentSince.set(ref.kind, clock.now());
          clock.after(ABSENT_AFTER_MS, onChange);
        },
        trim: ({ apiVersion, kind, metadata, spec }) => ({ apiVersion, kind, metadata, spec }),
      });
      this.#feeds.set(ref.kind, feed);
    }
  }

  /** Looks at what the server told; to be called after a change. */
  take(): void {
    const unheard = this.#unheard();
    const present = [...this.#feeds.values()].flatMap((feed) => [...feed.items().values()]);
    this.#objects = this.#options.source.take(present, unheard).objects;
    if (unheard.size === 0) this.#isHolding = false;
  }

  stop(): void {
    for (const feed of this.#feeds.values()) feed.stop();
  }

  #unheard(): Set<string> {
    return new Set(KINDS.map(({ kind }) => kind).filter((kind) => !this.#isHeard(kind)));
  }

  #isHeard(kind: string): boolean {
    const since = this.#absentSince.get(kind);
    if (since !== undefined) return this.#options.clock.now() - since >= ABSENT_AFTER_MS;
    return this.#feeds.get(kind)?.synced === true;
  }
}
