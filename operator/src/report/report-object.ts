// Reports as objects of the API: names, labels, owners, and what they hold for the controller that comes after this one.

import type { ObjectMeta } from '../policy/schema.gen.js';
import { hashText, shortHash } from './digest.js';
import type { ObjectReference, OpenReport, PolicyReport, ReportResult, ReportSummary } from './objects.gen.js';
import { SOURCE } from './result.js';

export const MANAGED_BY = 'app.kubernetes.io/managed-by';
const SCHEMA = 'ringfence.io/report-schema';
const SHARD = 'ringfence.io/shard';
const OVERFLOW = 'ringfence.io/overflow';
/** resultID -> [UID of the policy, counts that no node lists any more]. */
const LEDGER = 'ringfence.io/ledger';
export const FLUSHED = 'ringfence.io/flushed';
const SCHEMA_VERSION = '1';
const NAME_MAX = 253;
const LABEL_MAX = 63;
const HASH_AND_DASH = 9;

/** What a report is about: a workload, or a Node, which has no namespace. */
export interface Subject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  /** It does not exist any more: an owner that is not there would have the report collected at once. */
  readonly gone?: boolean;
}

export interface ReportContent {
  readonly subject: Subject;
  /** From 0. */
  readonly shard: number;
  readonly shards: number;
  readonly results: readonly ReportResult[];
  readonly ledger: Readonly<Record<string, readonly [policyUid: string, ...departed: number[]]>>;
  readonly overflow: number;
}

export type ReportObject = PolicyReport & { readonly metadata: ObjectMeta };

/** Readable by itself; never a bare UID, which other engines use. */
export function reportName({ kind, name }: Subject, shard: number): string {
  const plain = `ringfence-${kind.toLowerCase()}-${name}`;
  if (shard === 0 && plain.length <= NAME_MAX) return plain;
  // A hash, or another workload's name could be this one's with a number.
  const end = shard === 0 ? '' : `-${shard + 1}`;
  const room = NAME_MAX - HASH_AND_DASH - end.length;
  return `${plain.slice(0, room).replace(/[-.]+$/, '')}${end}-${shortHash(`${plain}/${shard}`)}`;
}

function labelValue(text: string): string {
  if (text.length <= LABEL_MAX) return text;
  return `${text.slice(0, LABEL_MAX - HASH_AND_DASH).replace(/[-._]+$/, '')}-${shortHash(text)}`;
}

function metadataOf(content: ReportContent): ObjectMeta {
  const { subject, shard, shards, overflow, ledger } = content;
  const { apiVersion, kind, name, uid, namespace } = subject;
  const owner = { apiVersion, kind, name, uid, controller: false, blockOwnerDeletion: false };
  return {
    name: reportName(subject, shard),
    ...(namespace === undefined ? {} : { namespace }),
    labels: {
      [MANAGED_BY]: SOURCE,
      'ringfence.io/workload-kind': labelValue(kind),
      'ringfence.io/workload-name': labelValue(name),
    },
    annotations: {
      [SCHEMA]: SCHEMA_VERSION,
      [SHARD]: `${shard + 1}/${shards}`,
      [LEDGER]: JSON.stringify(ledger),
      ...(overflow > 0 ? { [OVERFLOW]: overflow.toString() } : {}),
    },
    ...(subject.gone === true ? {} : { ownerReferences: [owner] }),
  };
}

export function summarize(results: readonly ReportResult[]): Required<ReportSummary> {
  const summary = { pass: 0, fail: 0, warn: 0, error: 0, skip: 0 };
  for (const { result } of results) if (result !== undefined) summary[result] += 1;
  return summary;
}

function bodyOf({ subject, results }: ReportContent): Pick<PolicyReport, 'scope' | 'summary' | 'results'> {
  const { gone: _, ...scope } = subject;
  return { scope, summary: summarize(results), results };
}

export function policyReport(content: ReportContent): ReportObject {
  const kind = content.subject.namespace === undefined ? 'ClusterPolicyReport' : 'PolicyReport';
  return { apiVersion: 'wgpolicyk8s.io/v1alpha2', kind, metadata: metadataOf(content), ...bodyOf(content) };
}

export function openReport(content: ReportContent): OpenReport & ReportObject {
  const kind = content.subject.namespace === undefined ? 'ClusterReport' : 'Report';
  return {
    apiVersion: 'openreports.io/v1alpha1',
    kind,
    metadata: metadataOf(content),
    source: SOURCE,
    ...bodyOf(content),
  };
}

export function isOurs({ metadata }: ReportObject): boolean {
  return metadata.labels?.[MANAGED_BY] === SOURCE;
}

/** What a report says, for a controller that did not write it. Undefined where it is not ours or cannot be read. */
export function readReport(report: ReportObject): Omit<ReportContent, 'shards'> | undefined {
  const subject = report.scope && subjectOf(report.scope);
  const { annotations = {} } = report.metadata;
  if (!isOurs(report) || subject === undefined || annotations[SCHEMA] !== SCHEMA_VERSION) return undefined;
  return {
    subject,
    shard: Math.max(0, wholeNumber(annotations[SHARD]) - 1),
    results: report.results ?? [],
    ledger: readLedger(annotations[LEDGER]),
    overflow: wholeNumber(annotations[OVERFLOW]),
  };
}

/** The number that a text begins with, or 0. */
function wholeNumber(text = ''): number {
  return Number(/^\d{1,15}/.exec(text)?.[0] ?? 0);
}

function subjectOf({ apiVersion, kind, name, uid, namespace }: ObjectReference): Subject | undefined {
  if (apiVersion === undefined || kind === undefined || name === undefined || uid === undefined) return undefined;
  return { apiVersion, kind, name, uid, ...(namespace === undefined ? {} : { namespace }) };
}

function readLedger(text: string | undefined): ReportContent['ledger'] {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(Object.entries(value).filter(isLedgerEntry));
  } catch {
    return {};
  }
}

function isLedgerEntry(entry: [string, unknown]): entry is [string, [string, ...number[]]] {
  const [, value] = entry;
  if (!Array.isArray(value)) return false;
  const [uid, ...counts] = value as unknown[];
  return typeof uid === 'string' && counts.every((count) => typeof count === 'number' && count >= 0);
}

/** Whether writing one over the other would change anything that matters. */
export function sameReport(a: ReportObject, b: ReportObject): boolean {
  return contentOf(a) === contentOf(b);
}

/** The same for reports that are the same in this sense. */
export function reportFingerprint(report: ReportObject): string {
  return hashText(contentOf(report));
}

function contentOf({ metadata, scope, summary, results }: ReportObject): string {
  const { labels, annotations = {}, ownerReferences } = metadata;
  const { [FLUSHED]: _, ...told } = annotations;
  return JSON.stringify([labels, told, ownerReferences, scope, summary, results], sortedKeys);
}

/** The server gives the fields of an object back in an order of its own. */
function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
