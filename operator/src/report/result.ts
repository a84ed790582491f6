// One kind of violation, or one policy's state, as a result of a report (POLICYREPORT.md 3.5). Everything that identifies
// a result is free of process ids, times and counts: consumers take a changed message for a new finding.

import type { Category, Severity } from '../compile/ir.js';
import type { ReportOutcome, ReportResult, RowSample, ViolationRow } from './objects.gen.js';

export const SOURCE = 'ringfence';
const MESSAGE_BYTES_MAX = 512;
const NS_PER_MS = 1_000_000;

/** What reports say of a policy. */
export interface ReportedPolicy {
  readonly uid: string;
  /** `namespace/name`, or the name of a policy of the cluster. */
  readonly title: string;
  readonly rules: ReadonlyMap<string, ReportedRule>;
}

export interface ReportedRule {
  readonly list: 'allow' | 'deny';
  readonly severity: Severity;
  readonly category: Category;
  readonly guarantee?: string;
  readonly tags: readonly string[];
  readonly message?: string;
}

/** What is counted of a result over all nodes. */
export interface ResultCounts {
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly pods: readonly string[];
  readonly podCount: number;
  readonly nodes: readonly string[];
}

/** A result without its counts. */
export type ResultBase = Omit<ReportResult, 'timestamp'>;

const DONE: Readonly<Record<ViolationRow['action'], string>> = {
  Killed: 'killed',
  Blocked: 'blocked with EPERM',
  Audited: 'reported only',
};

const VERBS: Readonly<Record<string, string>> = {
  Exec: 'exec',
  Map: 'executable mapping of',
  Attributes: 'attributes of',
};

export function outcomeOf({ mode }: ViolationRow): 'fail' | 'warn' {
  return mode === 'Enforce' ? 'fail' : 'warn';
}

/** @param policy absent while it is being deleted */
export function violationResult(row: ViolationRow, id: string, policy: ReportedPolicy | undefined): ResultBase {
  const rule = policy?.rules.get(row.rule);
  const title = policy?.title ?? row.uid;
  return {
    source: SOURCE,
    policy: title,
    rule: row.rule,
    category: rule?.category ?? 'Process',
    severity: severityOf(rule?.severity ?? 'High'),
    result: outcomeOf(row),
    scored: row.mode === 'Enforce',
    message: describeViolation(row, title, rule?.list ?? 'deny'),
    properties: propertiesOf(row, id, rule),
  };
}

function severityOf(severity: Severity): NonNullable<ReportResult['severity']> {
  return severity.toLowerCase() as NonNullable<ReportResult['severity']>;
}

function describeViolation(row: ViolationRow, title: string, list: ReportedRule['list']): string {
  const verb = VERBS[row.class] ?? row.class.toLowerCase();
  const object = row.object === undefined || row.object === '' ? 'something without a name' : row.object;
  const actor = row.binary === undefined ? '' : ` by ${row.binary}`;
  const where = row.container === undefined ? '' : ` in container ${row.container}`;
  const why = `(policy ${title}, rule ${row.rule})`;
  return cutBytes(`${list} ${verb} ${object}${actor}${where} ${why}: ${DONE[row.action]}`, MESSAGE_BYTES_MAX);
}

/** At most so many bytes of UTF-8, without half a character at the end. */
export function cutBytes(text: string, max: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= max) return text;
  const whole = new TextDecoder().decode(bytes.subarray(0, max - 3));
  return `${whole.replace(/\uFFFD+$/, '')}...`;
}

function propertiesOf(row: ViolationRow, id: string, rule: ReportedRule | undefined): Record<string, string> {
  const { action, binary, object, container, containerType, session, generation, unresolved } = row;
  return present({
    resultID: id,
    action: action.toLowerCase(),
    hook: row.hook ?? row.class,
    binary,
    object,
    container,
    containerType,
    session,
    unresolved: unresolved === true ? 'true' : '',
    policyGeneration: generation?.toString(),
    ...sampleProperties(row.sample),
    ...(rule && ruleProperties(rule)),
  });
}

function sampleProperties(sample: RowSample = {}): Record<string, string | undefined> {
  const { parent, image, user } = sample;
  return { parent, args: sample.arguments, image, user: user?.toString() };
}

function ruleProperties({ guarantee, tags, message }: ReportedRule): Record<string, string | undefined> {
  return { guarantee, tags: tags.join(','), ruleMessage: message };
}

function present(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const some = Object.entries(values).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  return Object.fromEntries(some);
}

export function withCounts(base: ResultBase, counts: ResultCounts): ReportResult {
  const { count, first, last, pods, podCount, nodes } = counts;
  return {
    ...base,
    timestamp: timestampOf(last),
    properties: {
      ...base.properties,
      count: count.toString(),
      firstSeen: first,
      lastSeen: last,
      ...(pods.length === 0 ? {} : { pods: pods.join(','), podCount: podCount.toString() }),
      ...(nodes.length === 0 ? {} : { nodes: nodes.join(',') }),
    },
  };
}

/** Unix seconds and nanoseconds of an RFC 3339 time. */
export function timestampOf(time: string): { readonly seconds: number; readonly nanos: number } {
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) return { seconds: 0, nanos: 0 };
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: (ms - seconds * 1000) * NS_PER_MS };
}

const COUNTED = ['count', 'firstSeen', 'lastSeen', 'pods', 'podCount', 'nodes'];

/** The way back, from a report of the time before this controller. Undefined: not a violation of ours. */
export function readResult(
  result: ReportResult,
): { readonly id: string; readonly base: ResultBase; readonly counts: ResultCounts } | undefined {
  const { timestamp: _, properties = {}, ...rest } = result;
  const { resultID: id, count, firstSeen, lastSeen } = properties;
  if (result.source !== SOURCE || id === undefined || firstSeen === undefined || lastSeen === undefined)
    return undefined;
  const own = Object.fromEntries(Object.entries(properties).filter(([name]) => !COUNTED.includes(name)));
  return {
    id,
    base: { ...rest, properties: own },
    counts: {
      count: wholeNumber(count),
      first: firstSeen,
      last: lastSeen,
      pods: listOf(properties['pods']),
      podCount: wholeNumber(properties['podCount']),
      nodes: listOf(properties['nodes']),
    },
  };
}

function wholeNumber(text: string | undefined): number {
  const value = Number(text ?? 0);
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function listOf(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((part) => part !== '');
}

/** How a policy as a whole stands for a workload. */
export interface PolicyStanding {
  readonly policy: ReportedPolicy;
  readonly outcome: Extract<ReportOutcome, 'pass' | 'error' | 'skip'>;
  /** Why, without counts and times. */
  readonly message: string;
  /** RFC 3339; since when. */
  readonly since: string;
}

const STANDING_SEVERITY: Readonly<Record<PolicyStanding['outcome'], NonNullable<ReportResult['severity']>>> = {
  pass: 'info',
  skip: 'info',
  error: 'high',
};

export function standingResult(standing: PolicyStanding, id: string): ReportResult {
  const { policy, outcome, message, since } = standing;
  return {
    source: SOURCE,
    policy: policy.title,
    category: 'Integrity',
    severity: STANDING_SEVERITY[outcome],
    result: outcome,
    scored: outcome === 'pass',
    message: cutBytes(message, MESSAGE_BYTES_MAX),
    timestamp: timestampOf(since),
    properties: { resultID: id },
  };
}
