// All that reports say, by workload: violations of all nodes merged by what is alike in the cluster, with counts that never fall. Begins with what the last reports said.

import { Ledger } from './ledger.js';
import type { Entry } from './ledger.js';
import type { NodeStateStatus, ReportResult, ViolationRow } from './objects.gen.js';
import { packShards } from './report-shards.js';
import type { Packed } from './report-shards.js';
import { readReport } from './report-object.js';
import type { ReportContent, ReportObject, Subject } from './report-object.js';
import { readResult, standingResult, outcomeOf, violationResult, withCounts } from './result.js';
import type { PolicyStanding, ReportedPolicy, ResultBase } from './result.js';
import { resultId } from './row-key.js';
import { hashText } from './digest.js';

const SOME_MAX = 5;
const DAY_MS = 86_400_000;
/** How long a result stays after its last violation. */
const KEPT_MS: Readonly<Record<string, number>> = { fail: 30 * DAY_MS, warn: 7 * DAY_MS };

/** A result and what is counted of it; the counts themselves are in the ledger. */
export interface ResultRecord {
  readonly id: string;
  readonly policyUid: string;
  /** The newest of its violations, or what a report said of those that are on no list any more. */
  text: { readonly row: ViolationRow } | { readonly base: ResultBase };
  first: string;
  last: string;
  pods: readonly string[];
  nodes: readonly string[];
  shard: number;
}

interface Chapter {
  subject: Subject;
  readonly records: Map<string, ResultRecord>;
  overflow: number;
  /** Shards of the last time, to delete those that are no longer there. */
  shards: number;
}

export interface ReportPlan {
  readonly contents: readonly ReportContent[];
  /** Names of shards above these may still exist. */
  readonly shardsBefore: number;
  readonly subject: Subject;
}

/** What policies say beside violations, and what is known of them. */
export interface Said {
  readonly standings: readonly PolicyStanding[];
  readonly policies: ReadonlyMap<string, ReportedPolicy>;
}

export type ResolveSubject = (node: string, row: ViolationRow) => Subject | undefined;

/** Elements of a vector of the ledger. */
const [COUNT, PODS] = [0, 1];
const WIDTH = 2;

export class ReportBook {
  readonly #ledger = new Ledger(WIDTH);
  readonly #chapters = new Map<string, Chapter>();
  readonly #chapterOf = new Map<string, string>();

  /** Keys of workloads that have something to say. */
  keys(): Iterable<string> {
    return this.#chapters.keys();
  }

  subject(key: string): Subject | undefined {
    return this.#chapters.get(key)?.subject;
  }

  /** How many kinds of violations a workload has. */
  kinds(key: string): number {
    return this.#chapters.get(key)?.records.size ?? 0;
  }

  /** Before anything is observed. Returns the key of the workload that the report is about. */
  restore(report: ReportObject): string | undefined {
    const content = readReport(report);
    if (content === undefined) return undefined;
    const { subject, shard, results, ledger, overflow } = content;
    const chapter = this.#chapter(subject);
    chapter.overflow = Math.max(chapter.overflow, overflow);
    chapter.shards = Math.max(chapter.shards, shard + 1);
    for (const result of results) this.#restoreResult(chapter, result, ledger, shard);
    return subject.uid;
  }

  /** Every node was observed once. */
  settle(): void {
    this.#ledger.settle();
  }

  /**
   * The rows of a node. Rows whose policy or workload is not known are left for the next time. Returns the keys of
   * workloads whose reports changed.
   */
  observe(
    node: string,
    state: NodeStateStatus,
    policies: ReadonlyMap<string, ReportedPolicy>,
    resolve: ResolveSubject,
  ): Set<string> {
    const known = knownRows(state.violations ?? [], policies, (row) => resolve(node, row));
    const entries = known.map(({ id, row }) => {
      return [row.key, { item: id, since: row.first, counts: [row.count, row.podCount ?? 0] }] as const;
    });
    const changed = this.#ledger.observe(node, state.agent?.epoch ?? '', new Map<string, Entry>(entries));
    for (const one of known) if (changed.has(one.id) || !this.#chapterOf.has(one.id)) this.#note(node, one);
    return new Set([...changed].flatMap((id) => this.#chapterOf.get(id) ?? []));
  }

  leave(node: string): void {
    this.#ledger.leave(node);
  }

  /** Results of policies that are no more go at once. Returns the keys of workloads that had some. */
  dropPolicies(isThere: (policyUid: string) => boolean): Set<string> {
    const changed = new Set<string>();
    for (const [key, chapter] of this.#chapters) {
      for (const record of chapter.records.values()) {
        if (isThere(record.policyUid)) continue;
        this.#forget(chapter, record.id);
        changed.add(key);
      }
    }
    return changed;
  }

  /** The workload is no more; its reports go with it. */
  dropWorkload(key: string): void {
    const chapter = this.#chapters.get(key);
    for (const id of chapter?.records.keys() ?? []) {
      this.#ledger.forget(id);
      this.#chapterOf.delete(id);
    }
    this.#chapters.delete(key);
  }

  /** Makes room for a workload that has standings and no violations. */
  open(subject: Subject): void {
    this.#chapter(subject);
  }

  /** What the reports of a workload shall say now. No contents: they shall not exist. */
  plan(key: string, said: Said, nowMs: number): ReportPlan | undefined {
    const { standings, policies } = said;
    const chapter = this.#chapters.get(key);
    if (chapter === undefined) return undefined;
    this.#expire(chapter, nowMs);
    const records = [...chapter.records.values()].filter((record) => isKept(record, nowMs));
    const violated = new Set(records.map(({ policyUid }) => policyUid));
    const states = standings.filter(({ outcome, policy }) => outcome !== 'pass' || !violated.has(policy.uid));
    const packed = packShards({
      violations: records.map((record) => ({ record, result: this.#render(record, policies) })),
      states: states.map((standing) => standingResult(standing, hashText(`${standing.policy.uid}/${key}`))),
      droppedBefore: chapter.overflow,
    });
    this.#evict(chapter, packed);
    const contents = this.#contents(chapter, packed);
    const shardsBefore = chapter.shards;
    chapter.shards = contents.length;
    if (contents.length === 0 && chapter.records.size === 0) this.#chapters.delete(key);
    return { contents, shardsBefore, subject: chapter.subject };
  }

  #contents(chapter: Chapter, packed: Packed): ReportContent[] {
    const { subject, overflow } = chapter;
    const filled = packed.shards
      .map((results, shard) => ({ results, shard }))
      .filter(({ results }) => results.length > 0);
    const shards = (filled.at(-1)?.shard ?? -1) + 1;
    return packed.shards.slice(0, shards).map((results, shard) => {
      const ids = results.map((result) => result.properties?.['resultID'] ?? '');
      const records = ids.flatMap((id) => chapter.records.get(id) ?? []);
      const ledger = Object.fromEntries(
        records.map(({ id, policyUid }) => [id, [policyUid, ...this.#ledger.departed(id)] as const]),
      );
      return { subject, shard, shards, results, ledger, overflow: shard === 0 ? overflow : 0 };
    });
  }

  /** What had no room and is on no node's list will not come back. */
  #evict(chapter: Chapter, { dropped }: Packed): void {
    for (const record of dropped) {
      if (this.#isLive(record)) continue;
      this.#forget(chapter, record.id);
      chapter.overflow += 1;
    }
  }

  /** Results that no node lists and that are too old: nobody will bring them back. */
  #expire(chapter: Chapter, nowMs: number): void {
    for (const record of chapter.records.values()) {
      if (!this.#isLive(record) && !isKept(record, nowMs)) this.#forget(chapter, record.id);
    }
  }

  /** Some node lists it. */
  #isLive({ id }: ResultRecord): boolean {
    return this.#ledger.total(id)[COUNT] !== this.#ledger.departed(id)[COUNT];
  }

  #forget(chapter: Chapter, id: string): void {
    chapter.records.delete(id);
    this.#chapterOf.delete(id);
    this.#ledger.forget(id);
  }

  #render(record: ResultRecord, policies: ReadonlyMap<string, ReportedPolicy>): ReportResult {
    const { text, first, last, pods, nodes } = record;
    const total = this.#ledger.total(record.id);
    const base = 'base' in text ? text.base : violationResult(text.row, record.id, policies.get(record.policyUid));
    const podCount = Math.max(pods.length, total[PODS] ?? 0);
    return withCounts(base, { count: total[COUNT] ?? 0, first, last, pods, podCount, nodes });
  }

  #chapter(subject: Subject): Chapter {
    const known = this.#chapters.get(subject.uid);
    if (known !== undefined) return known;
    const chapter = { subject, records: new Map<string, ResultRecord>(), overflow: 0, shards: 0 };
    this.#chapters.set(subject.uid, chapter);
    return chapter;
  }

  #note(node: string, { id, row, subject }: KnownRow): void {
    const chapter = this.#chapter(subject);
    const made: ResultRecord = {
      id,
      policyUid: row.uid,
      text: { row },
      first: row.first,
      last: row.last,
      pods: some(
        [],
        (row.pods ?? []).map(({ name }) => name),
      ),
      nodes: [node],
      shard: -1,
    };
    const before = chapter.records.get(id);
    this.#chapterOf.set(id, subject.uid);
    chapter.records.set(id, before === undefined ? made : merge(before, made));
  }

  #restoreResult(chapter: Chapter, result: ReportResult, ledger: ReportContent['ledger'], shard: number): void {
    const read = readResult(result);
    const [policyUid, ...departed] = read === undefined ? [] : (ledger[read.id] ?? []);
    if (read === undefined || policyUid === undefined) return;
    const { id, base, counts } = read;
    const { first, last, pods, nodes } = counts;
    chapter.records.set(id, { id, policyUid, text: { base }, first, last, pods, nodes, shard });
    this.#chapterOf.set(id, chapter.subject.uid);
    this.#ledger.restore(id, [counts.count, counts.podCount], departed);
  }
}

/** A row whose policy and workload are known. */
interface KnownRow {
  readonly id: string;
  readonly row: ViolationRow;
  readonly subject: Subject;
}

function knownRows(
  rows: readonly ViolationRow[],
  policies: ReadonlyMap<string, ReportedPolicy>,
  resolve: (row: ViolationRow) => Subject | undefined,
): KnownRow[] {
  return rows.flatMap((row) => {
    const subject = policies.has(row.uid) ? resolve(row) : undefined;
    return subject === undefined ? [] : [{ id: resultId(row, subject.uid), row, subject }];
  });
}

/** The newer text, all times and names. */
function merge(before: ResultRecord, now: ResultRecord): ResultRecord {
  const newer = now.last >= before.last ? now : before;
  return {
    ...before,
    text: newer.text,
    first: before.first < now.first ? before.first : now.first,
    last: newer.last,
    pods: some(before.pods, now.pods),
    nodes: some(before.nodes, now.nodes),
  };
}

function isKept({ text, last }: ResultRecord, nowMs: number): boolean {
  const result = 'base' in text ? (text.base.result ?? 'fail') : outcomeOf(text.row);
  return nowMs - Date.parse(last) <= (KEPT_MS[result] ?? 0);
}

/** The first few names that were seen, so that they do not change with every look. */
function some(before: readonly string[] = [], more: readonly string[]): readonly string[] {
  if (before.length >= SOME_MAX) return before;
  return [...new Set([...before, ...more])].slice(0, SOME_MAX);
}
