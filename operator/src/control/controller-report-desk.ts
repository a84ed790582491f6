// The reports of the leading controller: rows of nodes and standings of policies into the book, and what changed to the
// writer.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Feed, KubeObject, QueueMetrics } from '../k8s/index.js';
import type { Log } from '../log.js';
import type { PolicyStatus } from '../policy/schema.gen.js';
import type { Folded, NodeView } from '../report/fold-nodes.js';
import type { ViolationRow } from '../report/objects.gen.js';
import { ReportBook } from '../report/report-book.js';
import type { Said } from '../report/report-book.js';
import type { Subject } from '../report/report-object.js';
import type { PolicyStanding } from '../report/result.js';
import type { ControllerFeeds } from './controller-feeds.js';
import type { ControllerNodes, NodeChanges } from './controller-nodes.js';
import { ControllerOwners } from './controller-owners.js';
import type { ControllerPolicies, KnownPolicy, PolicyChanges } from './controller-policies.js';
import { OURS, readReports } from './controller-report-api.js';
import type { LiveReport, ReportApi } from './controller-report-api.js';
import type { ReportChoice } from './defaults.js';
import { ControllerReports, nameOf } from './controller-reports.js';
import { ControllerStandings } from './controller-standings.js';
import { ControllerWorkloads } from './controller-workloads.js';

const RETRY_MS = 2_000;
const WAIT_MS = 50;
/** Pods come and go; which workloads there are is looked at so often at most. */
const WORKLOADS_MS = 2_000;

export interface DeskOptions {
  readonly cluster: Cluster;
  readonly reports: ReportChoice;
  readonly reportPass: boolean;
  readonly systemNamespaces: readonly string[];
  readonly log: Log;
  readonly feeds: ControllerFeeds;
  readonly policies: ControllerPolicies;
  readonly nodes: ControllerNodes;
  readonly mayWrite: () => boolean;
  /** A workload that a row or pod belongs to became known. */
  readonly onKnown: () => void;
}

export class ReportDesk {
  readonly #options: DeskOptions;
  readonly #book = new ReportBook();
  readonly #standings: ControllerStandings;
  readonly #owners: ControllerOwners;
  readonly #workloads: ControllerWorkloads;
  /** Nodes of which some rows have no known workload yet. */
  readonly #unresolved = new Set<string>();
  #writer: ControllerReports | undefined;
  /** What was reported before is known; counts before that would be counted twice. */
  #restored = false;
  #feeds: readonly Feed<KubeObject>[] = [];
  #podsVersion = -1;
  #workloadsMs = 0;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#standings = new ControllerStandings(options.reportPass);
    this.#workloads = new ControllerWorkloads(options.systemNamespaces);
    this.#owners = new ControllerOwners(options.cluster, options.log, () => {
      this.#podsVersion = -1;
      options.onKnown();
    });
  }

  get writes(): number {
    return this.#writer?.writes ?? 0;
  }

  metrics(): QueueMetrics | undefined {
    return this.#writer?.metrics();
  }

  /** Reads what was reported before. Nothing may be written until every row is known, or counts would be taken twice. */
  async begin(signal: AbortSignal): Promise<void> {
    const found = await this.#find(signal);
    if (found === undefined) return;
    const { api, reports } = found;
    for (const report of reports) this.#book.restore(report);
    this.#restored = true;
    const { policies, nodes } = this.#options;
    for (const policy of policies.all().values()) this.#standings.note(policy);
    for (const view of nodes.views()) this.#observe(view);
    while (this.#unresolved.size > 0 && !signal.aborted) {
      await sleep(WAIT_MS);
      for (const view of nodes.views()) if (this.#unresolved.has(view.name)) this.#observe(view);
    }
    if (signal.aborted) return;
    this.#book.settle();
    this.#book.dropPolicies((uid) => policies.all().has(uid));
    this.#open(api, reports);
  }

  applyPolicies({ changed, removed }: PolicyChanges): void {
    const { policies } = this.#options;
    for (const uid of changed) {
      const policy = policies.all().get(uid);
      if (policy) this.#standings.note(policy);
    }
    for (const uid of removed) for (const node of this.#standings.forget(uid)) this.#addNode(node);
    if (removed.size === 0) return;
    this.#addAll(this.#book.dropPolicies((uid) => policies.all().has(uid)));
    // Passes of the policy stand in the reports of all it selected.
    this.#addAll(this.#book.keys());
  }

  applyNodes({ changed, removed }: Pick<NodeChanges, 'changed' | 'removed'>): void {
    if (!this.#restored) return;
    for (const node of removed) this.#book.leave(node);
    for (const view of changed) this.#addAll(this.#observe(view));
    const again = this.#options.nodes.views().filter(({ name }) => this.#unresolved.has(name));
    for (const view of again) this.#addAll(this.#observe(view));
  }

  fold(policy: KnownPolicy, status: PolicyStatus, folded: Folded): void {
    const { changed, nodes } = this.#standings.fold(policy, status, folded);
    for (const node of nodes) this.#addNode(node);
    if (!changed) return;
    for (const key of this.#workloads.keys()) if (this.#workloads.isSelected(key, policy)) this.#addWorkload(key);
  }

  /** Which workloads there are may have changed. */
  lookAtWorkloads(): void {
    const { feeds } = this.#options;
    if (this.#writer === undefined || feeds.pods === undefined || this.#podsVersion === feeds.podsVersion) return;
    const waitMs = this.#workloadsMs + WORKLOADS_MS - performance.now();
    if (waitMs > 0) {
      setTimeout(this.#options.onKnown, waitMs).unref();
      return;
    }
    this.#podsVersion = feeds.podsVersion;
    this.#workloadsMs = performance.now();
    for (const key of this.#workloads.sync(feeds.pods.items().values(), feeds.namespaceLabels(), this.#owners))
      this.#addWorkload(key);
  }

  async stop(): Promise<void> {
    for (const feed of this.#feeds) feed.stop();
    await Promise.all([this.#writer?.stop(), this.#owners.stop()]);
  }

  async #find(signal: AbortSignal): Promise<{ api: ReportApi; reports: LiveReport[] } | undefined> {
    const { cluster, reports, log } = this.#options;
    let told = '';
    while (!signal.aborted) {
      const found = await readReports(cluster, reports).catch((error: unknown) => String(error));
      if (typeof found === 'object') return found;
      const why = found ?? 'the cluster has no such kind';
      if (why !== told) log.warn('reports cannot be read', { why });
      told = why;
      await sleep(RETRY_MS);
    }
    return undefined;
  }

  #open(api: ReportApi, reports: readonly LiveReport[]): void {
    const { cluster, log, mayWrite } = this.#options;
    const parts = { cluster, api, log, mayWrite, book: this.#book };
    const said = (key: string): Said => ({ standings: this.#standingsOf(key), policies: this.#standings.policies() });
    const exists = (subject: Subject): Promise<boolean> => this.#owners.exists(subject);
    this.#writer = new ControllerReports({ ...parts, said, exists }, reports);
    this.#addAll(this.#book.keys());
    for (const node of this.#standings.nodes()) this.#addNode(node);
    this.#podsVersion = -1;
    this.#options.onKnown();
    const watch = (ref: ReportApi['cluster']): Feed<KubeObject> => {
      const selection = { labelSelector: OURS, metadataOnly: true };
      return cluster.watch<KubeObject>(ref, { ...selection, onChange: () => this.#checkReports(api) });
    };
    this.#feeds = [watch(api.namespaced), watch(api.cluster)];
  }

  #checkReports(api: ReportApi): void {
    const [namespaced, ofCluster] = this.#feeds;
    if (namespaced?.synced !== true || ofCluster?.synced !== true) return;
    const names = (feed: Feed<KubeObject>, ref: ReportApi['cluster']): string[] =>
      [...feed.items().values()].map(({ metadata }) => nameOf(metadata, ref));
    const present = new Set([...names(namespaced, api.namespaced), ...names(ofCluster, api.cluster)]);
    this.#writer?.missing(present).catch((error: unknown) => {
      this.#options.log.warn('deleted reports cannot be looked at', { error: String(error) });
    });
  }

  #observe(view: NodeView): Set<string> {
    this.#unresolved.delete(view.name);
    return this.#book.observe(view.name, view.state, this.#standings.policies(), (node, row) => {
      const subject = this.#subjectOf(node, row);
      if (subject === undefined && row.namespace !== undefined) this.#unresolved.add(view.name);
      return subject;
    });
  }

  #subjectOf(node: string, row: ViolationRow): Subject | undefined {
    if (row.namespace !== undefined) return this.#owners.ofRow(row, row.namespace);
    return this.#nodeSubject(node);
  }

  #nodeSubject(name: string): Subject | undefined {
    const node = [...this.#options.feeds.nodes.items().values()].find(({ metadata }) => metadata.name === name);
    const uid = node?.metadata.uid;
    return uid === undefined ? undefined : { apiVersion: 'v1', kind: 'Node', name, uid };
  }

  #standingsOf(key: string): readonly PolicyStanding[] {
    const subject = this.#book.subject(key);
    if (subject?.kind === 'Node') return this.#standings.ofNode(subject.name);
    const policies = this.#options.policies.all();
    return [...this.#standings.ofPolicies()].flatMap(([uid, standing]) => {
      const policy = policies.get(uid);
      return policy && this.#workloads.isSelected(key, policy) ? [standing] : [];
    });
  }

  #addNode(name: string): void {
    const subject = this.#nodeSubject(name);
    if (subject === undefined) return;
    this.#book.open(subject);
    this.#writer?.add(subject.uid);
  }

  #addWorkload(key: string): void {
    const subject = this.#workloads.subject(key);
    if (subject === undefined) return;
    this.#book.open(subject);
    this.#writer?.add(key);
  }

  #addAll(keys: Iterable<string>): void {
    for (const key of [...keys]) this.#writer?.add(key);
  }
}
