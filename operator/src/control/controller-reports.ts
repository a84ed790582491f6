// Writes reports, one workload at a time: what is new within two seconds, at most two writes a minute, and nothing that the
// server has already. One writer: the leader. What it writes over must be what it saw, so that two that believe to lead
// cannot lose each other's counts.

import { WorkQueue } from '../k8s/index.js';
import type { Again, Cluster, KubeObject, QueueMetrics, ResourceRef } from '../k8s/index.js';
import type { Log } from '../log.js';
import { FLUSHED, isOurs, reportFingerprint, reportName } from '../report/report-object.js';
import type { ReportObject, Subject } from '../report/report-object.js';
import type { ReportBook, Said } from '../report/report-book.js';
import { isFault } from './controller-report-api.js';
import { ReportPace } from './report-pace.js';
import type { LiveReport, ReportApi } from './controller-report-api.js';

/** Gathers what comes together. */
const GATHER_MS = 200;
const CONCURRENCY = 4;

interface Live {
  readonly fingerprint: string;
  readonly resourceVersion: string;
}

export interface ReportParts {
  readonly cluster: Cluster;
  readonly api: ReportApi;
  readonly book: ReportBook;
  readonly log: Log;
  readonly mayWrite: () => boolean;
  /** What policies say of a workload beside violations. */
  readonly said: (key: string) => Said;
  readonly exists: (subject: Subject) => Promise<boolean>;
}

export class ControllerReports {
  readonly #parts: ReportParts;
  /** By kind, namespace and name. */
  readonly #live = new Map<string, Live>();
  readonly #pace = new ReportPace(() => Math.random());
  readonly #queue: WorkQueue<string>;
  #writes = 0;

  constructor(parts: ReportParts, reports: readonly LiveReport[]) {
    this.#parts = parts;
    for (const report of reports) this.#remember(report);
    this.#queue = new WorkQueue({
      work: (key) => this.#flush(key),
      concurrency: CONCURRENCY,
      onFailure: (key, error) => parts.log.warn('report not written', { key, error: String(error) }),
    });
  }

  get writes(): number {
    return this.#writes;
  }

  metrics(): QueueMetrics {
    return this.#queue.metrics();
  }

  add(key: string): void {
    this.#queue.addAfter(key, Math.max(GATHER_MS, this.#waitMs(key)));
  }

  /** Somebody deleted a report: it is written again, unless its workload is gone too. */
  async missing(present: ReadonlySet<string>): Promise<void> {
    for (const key of [...this.#parts.book.keys()]) {
      const subject = this.#parts.book.subject(key);
      const name = subject && this.#nameOf(subject, 0);
      if (subject === undefined || name === undefined || !this.#live.has(name) || present.has(name)) continue;
      this.#live.delete(name);
      if (await this.#parts.exists(subject)) this.add(key);
      else this.#parts.book.dropWorkload(key);
    }
  }

  stop(): Promise<void> {
    return this.#queue.stop();
  }

  #waitMs(key: string): number {
    return this.#pace.dueMs(key, this.#parts.book.kinds(key)) - performance.now();
  }

  async #flush(key: string): Promise<Again | undefined> {
    const waitMs = this.#waitMs(key);
    if (waitMs > 0) return { againAfterMs: waitMs };
    const { book, api, said } = this.#parts;
    const kinds = book.kinds(key);
    const plan = book.plan(key, said(key), Date.now());
    if (plan === undefined) return undefined;
    let wrote = false;
    for (const content of plan.contents) wrote = (await this.#write(api.render(content))) || wrote;
    for (let shard = plan.contents.length; shard < plan.shardsBefore; shard++) await this.#remove(plan.subject, shard);
    if (wrote) this.#pace.note(key, kinds, performance.now());
    return undefined;
  }

  /** False: the server has it already. */
  async #write(report: ReportObject): Promise<boolean> {
    const name = nameOf(report.metadata, this.#refOf(report.metadata.namespace));
    const live = this.#live.get(name);
    if (live?.fingerprint === reportFingerprint(report)) return false;
    if (!this.#parts.mayWrite()) return false;
    this.#remember(await this.#put(stamped(report), live?.resourceVersion));
    this.#writes += 1;
    return true;
  }

  async #put(report: LiveReport, resourceVersion: string | undefined): Promise<LiveReport> {
    const { cluster } = this.#parts;
    const ref = this.#refOf(report.metadata.namespace);
    try {
      if (resourceVersion === undefined) return await cluster.create(ref, report);
      return await cluster.replace(ref, { ...report, metadata: { ...report.metadata, resourceVersion } });
    } catch (error) {
      if (!isFault(error, 'CLUSTER_CONFLICT') && !isFault(error, 'CLUSTER_NOT_FOUND')) throw error;
      return this.#putAgain(report, ref, error);
    }
  }

  /** It was changed, deleted or made since we saw it: what is there now is replaced if it is ours. */
  async #putAgain(report: LiveReport, ref: ResourceRef, error: unknown): Promise<LiveReport> {
    const { cluster, log } = this.#parts;
    const { name, namespace } = report.metadata;
    const now = await cluster.get<LiveReport>(ref, name, namespace);
    if (now === undefined) {
      if (isFault(error, 'CLUSTER_CONFLICT')) throw error;
      return cluster.create(ref, report);
    }
    if (!isOurs(now)) {
      log.error('a report of this name belongs to somebody else', { name, namespace });
      throw error;
    }
    const { resourceVersion } = now.metadata;
    return cluster.replace(ref, {
      ...report,
      metadata: { ...report.metadata, ...(resourceVersion && { resourceVersion }) },
    });
  }

  async #remove(subject: Subject, shard: number): Promise<void> {
    const name = reportName(subject, shard);
    const { namespace } = subject;
    const ref = this.#refOf(namespace);
    const key = nameOf({ name, namespace }, ref);
    if (!this.#live.has(key) || !this.#parts.mayWrite()) return;
    await this.#parts.cluster.remove(ref, { name, namespace });
    this.#live.delete(key);
    this.#writes += 1;
  }

  #remember(report: LiveReport): void {
    const { resourceVersion = '', namespace } = report.metadata;
    const name = nameOf(report.metadata, this.#refOf(namespace));
    this.#live.set(name, { fingerprint: reportFingerprint(report), resourceVersion });
  }

  #nameOf(subject: Subject, shard: number): string {
    return nameOf({ name: reportName(subject, shard), namespace: subject.namespace }, this.#refOf(subject.namespace));
  }

  #refOf(namespace: string | undefined): ResourceRef {
    return namespace === undefined ? this.#parts.api.cluster : this.#parts.api.namespaced;
  }
}

export function nameOf(
  { name, namespace = '' }: { readonly name: string; readonly namespace?: string | undefined },
  ref: ResourceRef,
): string {
  return `${ref.plural}/${namespace}/${name}`;
}

function stamped(report: ReportObject): LiveReport {
  const { metadata } = report;
  const annotations = { ...metadata.annotations, [FLUSHED]: new Date().toISOString() };
  return { ...report, metadata: { ...metadata, annotations } } as unknown as LiveReport & KubeObject;
}
