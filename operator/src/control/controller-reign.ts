// What the leading controller does from its election to its end: watch, fold, write. All it knows it gets from the server;
// running it twice changes nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, QueueMetrics } from '../k8s/index.js';
import type { Log } from '../log.js';
import type { PolicyStatus } from '../policy/schema.gen.js';
import type { FoldInput, Folded } from '../report/fold-nodes.js';
import { ControllerEvents, restartLoops } from './controller-events.js';
import { ControllerFeeds } from './controller-feeds.js';
import { ControllerNodes, STALE_MS } from './controller-nodes.js';
import type { NodeChanges } from './controller-nodes.js';
import { ControllerPolicies, pausedUntil, selectsNode } from './controller-policies.js';
import type { KnownPolicy, PolicyChanges } from './controller-policies.js';
import { ReportDesk } from './controller-report-desk.js';
import type { ReportChoice } from './defaults.js';
import { ControllerStatus } from './controller-status.js';
import { ControllerTotals } from './controller-totals.js';
import { UnattendedPods } from './controller-unattended.js';

/** Gathers changes that come together. */
const GATHER_MS = 100;
/** How often time alone may change something: a lease runs out, a pause ends. */
const CLOCK_MS = 5_000;
const WAIT_MS = 50;
const PATIENCE_MS = 30_000;

export interface ReignOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly systemNamespaces: readonly string[];
  readonly reports: ReportChoice;
  /** A result for each policy and workload where nothing was violated. */
  readonly reportPass: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Judged at the moment of each write. */
  readonly isLeading: () => boolean;
}

export interface ReignMetrics {
  readonly policies: number;
  readonly nodes: number;
  readonly staleNodes: number;
  readonly statusWrites: number;
  readonly reportWrites: number;
  readonly statusQueue: QueueMetrics;
  readonly reportQueue?: QueueMetrics;
}

export class Reign {
  readonly #options: ReignOptions;
  readonly #feeds: ControllerFeeds;
  readonly #policies: ControllerPolicies;
  readonly #nodes: ControllerNodes;
  readonly #totals = new ControllerTotals();
  readonly #status: ControllerStatus;
  readonly #desk: ReportDesk | undefined;
  readonly #events: ControllerEvents;
  readonly #unattended: UnattendedPods;
  readonly #clock: NodeJS.Timeout;
  #loops: ReadonlyMap<string, string> = new Map();
  #labels: ReturnType<ControllerFeeds['nodeLabels']> = new Map();
  #begun = false;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: ReignOptions) {
    const { cluster, namespace, log, reports, isLeading, signal, systemNamespaces } = options;
    const mayWrite = (): boolean => isLeading() && !signal.aborted;
    this.#options = options;
    this.#feeds = new ControllerFeeds(cluster, {
      namespace,
      withPods: reports !== 'off',
      onChange: () => this.#soon(),
    });
    this.#policies = new ControllerPolicies(systemNamespaces);
    this.#nodes = new ControllerNodes((node) => (this.#feeds.leaseAgeMs(node) ?? Infinity) < STALE_MS);
    this.#events = new ControllerEvents(cluster);
    const source = {
      policy: (uid: string) => this.#policies.all().get(uid),
      input: (policy: KnownPolicy, previous: PolicyStatus | undefined) => this.#foldInput(policy, previous),
      onFolded: this.#onFolded.bind(this),
    };
    this.#status = new ControllerStatus(cluster, source, log, mayWrite);
    this.#unattended = new UnattendedPods(cluster, log, systemNamespaces);
    const { feeds, policies, nodes } = { feeds: this.#feeds, policies: this.#policies, nodes: this.#nodes };
    this.#desk =
      reports === 'off'
        ? undefined
        : new ReportDesk({ ...options, feeds, policies, nodes, mayWrite, onKnown: () => this.#soon() });
    this.#clock = setInterval(() => this.#tick(), CLOCK_MS);
  }

  /** Resolves when what was written before is known and everything was looked at once. */
  async begin(): Promise<void> {
    const { log, signal } = this.#options;
    await this.#waitFor(
      () => this.#feeds.synced,
      () => this.#feeds.waitingFor(),
    );
    if (this.#isOver()) return;
    const objects = this.#feeds.allPolicies();
    await this.#policies.sync(objects);
    for (const [uid, { status }] of objects) {
      if (status === undefined) continue;
      this.#totals.restore(uid, status);
      this.#status.restore(uid, status);
    }
    const changes = this.#nodes.sync(this.#feeds.nodeStates.items().values());
    for (const { name, state } of changes.changed) this.#totals.observe(name, state);
    this.#totals.settle();
    this.#begun = true;
    this.#desk?.begin(signal).catch((error: unknown) => log.error('reports cannot begin', { error: String(error) }));
    this.#applyNodes(changes);
    for (const uid of this.#policies.all().keys()) this.#status.add(uid);
    this.#soon();
    log.info('controller begins', { policies: objects.size, nodes: this.#nodes.views().length });
  }

  async stop(): Promise<void> {
    clearInterval(this.#clock);
    clearTimeout(this.#timer);
    this.#feeds.stop();
    await Promise.all([this.#status.stop(), this.#desk?.stop(), this.#unattended.stop(), this.#work]);
  }

  metrics(): ReignMetrics {
    const views = this.#nodes.views();
    const reportQueue = this.#desk?.metrics();
    return {
      policies: this.#policies.all().size,
      nodes: views.length,
      staleNodes: views.filter(({ fresh }) => !fresh).length,
      statusWrites: this.#status.writes,
      reportWrites: this.#desk?.writes ?? 0,
      statusQueue: this.#status.metrics(),
      ...(reportQueue && { reportQueue }),
    };
  }

  async #waitFor(condition: () => boolean, describe: () => readonly string[]): Promise<void> {
    const { signal, log } = this.#options;
    let since = performance.now();
    while (!condition() && !signal.aborted) {
      if (performance.now() - since > PATIENCE_MS) {
        log.warn('controller waits', { for: describe() });
        since = performance.now();
      }
      await sleep(WAIT_MS);
    }
  }

  #isOver(): boolean {
    return this.#options.signal.aborted;
  }

  #soon(): void {
    if (!this.#begun || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#work = this.#work.then(() => this.#sync()).catch((error: unknown) => this.#failed(error));
    }, GATHER_MS);
  }

  #failed(error: unknown): void {
    this.#options.log.error('controller failed to look', { error: String(error) });
    this.#soon();
  }

  async #sync(): Promise<void> {
    if (this.#isOver()) return;
    this.#applyPolicies(await this.#policies.sync(this.#feeds.allPolicies()));
    if (this.#isOver()) return;
    const changes = this.#nodes.sync(this.#feeds.nodeStates.items().values());
    for (const { name, state } of changes.changed) this.#totals.observe(name, state);
    this.#applyNodes(changes);
    this.#desk?.lookAtWorkloads();
  }

  #applyPolicies({ changed, removed }: PolicyChanges): void {
    for (const uid of changed) this.#status.add(uid);
    for (const uid of removed) {
      this.#totals.forget(uid);
      this.#status.forget(uid);
    }
    this.#desk?.applyPolicies({ changed, removed });
  }

  #applyNodes({ changed, removed, policies }: NodeChanges): void {
    const now = Date.now();
    for (const node of removed) {
      this.#totals.leave(node);
      this.#events.leave(node);
    }
    for (const view of changed) this.#events.node(view, this.#policies.all(), now);
    this.#desk?.applyNodes({ changed, removed });
    this.#loops = restartLoops(this.#nodes.views().map(({ state }) => state));
    const labels = this.#feeds.nodeLabels();
    const relabelled = JSON.stringify([...labels]) !== JSON.stringify([...this.#labels]);
    this.#labels = labels;
    const all = policies === 'all' || relabelled;
    for (const uid of all ? this.#policies.all().keys() : policies) this.#status.add(uid);
  }

  /** What time alone changes. */
  #tick(): void {
    if (!this.#begun) return;
    this.#soon();
    const nodes = [...this.#feeds.nodeLabels().keys()].filter((name) => !this.#nodes.has(name));
    this.#unattended.look(nodes, this.#policies.all(), this.#feeds.namespaceLabels(), (uid) => this.#status.add(uid));
    for (const policy of this.#policies.all().values()) if (policy.paused !== undefined) this.#status.add(policy.uid);
  }

  #foldInput(policy: KnownPolicy, previous: PolicyStatus | undefined): FoldInput {
    const nowMs = Date.now();
    const paused = pausedUntil(policy, nowMs);
    const loop = this.#loops.get(policy.uid);
    const { uid, generation, mode, issues, ir } = policy;
    return {
      policy: {
        uid,
        generation,
        mode,
        issues,
        ...(ir && { ir }),
        ...(paused !== undefined && { pausedUntil: paused }),
        reaches: ({ name }) => selectsNode(policy, this.#labels.get(name) ?? {}),
        seenBy: ({ state }) => this.#feeds.hasSeen(state.observed, policy),
      },
      nodes: this.#nodes.views(),
      counts: this.#totals.counts(uid),
      podsWithoutAgent: this.#unattended.count(uid),
      ...(loop !== undefined && { restartLoop: loop }),
      previous: previous?.conditions ?? [],
      now: new Date(nowMs).toISOString(),
    };
  }

  #onFolded(policy: KnownPolicy, status: PolicyStatus, folded: Folded, previous: PolicyStatus | undefined): void {
    this.#events.policy(policy, status, previous);
    this.#desk?.fold(policy, status, folded);
  }
}
