// What a check sees and says while an object is validated: its path, and issues that get their position from it.
import { issueLevel } from '../errors.js';
import type { Issue, IssueCode } from '../errors.js';
import { childPath } from './positions.js';
import type { Positions } from './positions.js';
import type { PolicyKind } from './types.js';

export interface Finding {
  readonly code: IssueCode;
  readonly path: string;
  readonly expected: string;
  readonly got: string;
  readonly hint?: string;
  /** Point at the key instead of the value. */
  readonly atKey?: boolean;
  /** Where to point; absent: where `path` stands. */
  readonly at?: string;
}

/** One object under validation. */
export class Check {
  readonly issues: Issue[] = [];

  constructor(
    readonly file: string,
    readonly kind: PolicyKind | 'Workloads',
    private readonly positions: Positions,
  ) {}

  report(finding: Finding): void {
    const { code, path, expected, got, hint = '', atKey = false, at = path } = finding;
    const position = atKey ? this.positions.keyAt(at) : this.positions.valueAt(at);
    this.issues.push({ code, level: issueLevel(code), file: this.file, ...position, path, expected, got, hint });
  }

  /** A value as it was written: without defaults. */
  describeWritten(value: unknown, path: string): string {
    if (!isObject(value)) return describe(value);
    const written = Object.keys(value).filter((key) => this.positions.has(childPath(path, key)));
    return describe(Object.fromEntries(written.map((key) => [key, null])));
  }

  hasErrors(): boolean {
    return this.issues.some((issue) => issue.level === 'error');
  }

  /** Whether the object has a shape other than the language gives it; then it cannot be looked at as a whole. */
  isMalformed(): boolean {
    return this.issues.some((issue) => issue.level === 'error' && issue.code !== 'NOT_IMPLEMENTED');
  }

  /** Whether something at or below a path is wrong. */
  hasErrorsBelow(path: string): boolean {
    return this.issues.some((issue) => issue.level === 'error' && issue.path.startsWith(path));
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The entries of a list, or none where it is no list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

const TEXT_MAX = 120;

function quoted(text: string): string {
  return JSON.stringify(text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}...` : text);
}

/** A value in an error message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (!isObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an empty object';
  const listed = keys.slice(0, 8).join(', ') + (keys.length > 8 ? ', ...' : '');
  return `${keys.length === 1 ? 'the field' : 'the fields'} ${listed}`;
}

/** Words of a list as in a sentence. */
export function oneOf(words: readonly string[]): string {
  return words.length === 1 ? (words[0] ?? '') : `one of ${words.join(', ')}`;
}
