// What goes wrong, in two kinds. An issue is about the user's policy: the user changes a file. A fault is about the
// system: something that was tried failed. Every code is in the registry (errors/), which is also where
// docs/reference/errors.md comes from.
import { FAULT_CODES } from './errors/faults.js';
import { ISSUE_CODES } from './errors/issues.js';

export { FAULT_CODES, ISSUE_CODES };

export type IssueCode = keyof typeof ISSUE_CODES;
export type FaultCode = keyof typeof FAULT_CODES;
export type Level = 'error' | 'warning';

/** One finding about a policy file. Lines and columns count from 1; columns count UTF-16 units. */
export interface Issue {
  readonly code: IssueCode;
  /** An error rejects its object, a warning does not. */
  readonly level: Level;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where in the object: `spec.rules[0].binaries.deny[1].path`; empty for the whole file or object. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
  /** What to do; empty where `expected` says it all. */
  readonly hint: string;
}

export function issueLevel(code: IssueCode): Level {
  return ISSUE_CODES[code].level;
}

/** The form in which an issue is printed: one line that finds the place, one that says what is wrong and what to do. */
export function formatIssue(issue: Issue): string {
  const where = `${issue.file}:${issue.line}:${issue.column} ${issue.code}`;
  const path = issue.path === '' ? '' : ` ${issue.path}`;
  const hint = issue.hint === '' ? '' : `; ${issue.hint}`;
  return `${where}${path}:\n  expected ${issue.expected}, got ${issue.got}${hint}`;
}

export interface FaultDetails {
  /** What it was done to: a map, a program, a file. */
  readonly object?: string;
  /** Name of the error number, `EPERM`. */
  readonly errno?: string;
  /** Overrides the registry's word on whether trying again can help. */
  readonly retryable?: boolean;
  /** What to do, where the registry's text is too general. */
  readonly hint?: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** Anything else worth keeping, such as the verifier's log: never part of the message. */
  readonly [property: string]: unknown;
}

/** Something that was tried failed. `attempt` completes "could not ...": `load program file_open`. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly attempt: string;
  readonly object: string | undefined;
  readonly errno: string | undefined;
  readonly retryable: boolean;
  readonly hint: string;
  readonly properties: Readonly<Record<string, unknown>>;

  constructor(code: FaultCode, attempt: string, details: FaultDetails = {}) {
    const { object, errno, retryable, hint, cause, ...properties } = details;
    const entry = FAULT_CODES[code];
    super(faultMessage(attempt, object, errno), cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.attempt = attempt;
    this.object = object;
    this.errno = errno;
    this.retryable = retryable ?? entry.retryable;
    this.hint = hint ?? entry.fix;
    this.properties = properties;
  }
}

function faultMessage(attempt: string, object?: string, errno?: string): string {
  const subject = object === undefined ? '' : ` (${object})`;
  const reason = errno === undefined ? '' : `: ${errno}`;
  return `${attempt}${subject}${reason}`;
}

/** The kernel refused something, or does not have it. */
export class KernelFault extends Fault {}

/** A source of policies or workloads cannot be read, or its state cannot be written. */
export class SourceFault extends Fault {}

/** The agent itself cannot run or go on. */
export class AgentFault extends Fault {}

/** The API server refused something, or could not be asked. */
export class ClusterFault extends Fault {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The server's word for it: `AlreadyExists`, `Conflict`, `Expired`. */
  readonly reason: string;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number;

  constructor(code: FaultCode, attempt: string, details: FaultDetails & Partial<ClusterAnswer> = {}) {
    const { status = 0, reason = '', retryAfterMs = 0, ...rest } = details;
    super(code, attempt, rest);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

interface ClusterAnswer {
  readonly status: number;
  readonly reason: string;
  readonly retryAfterMs: number;
}

/** `CODE attempt: ERRNO; what to do` on one line, for people. */
export function formatFault(fault: Fault): string {
  return `${fault.code} ${fault.message}; ${fault.hint}`;
}
