// Path patterns: the one grammar for names of files and cgroups.
//   pattern   = "/**" | [ "**" ] 1*64( "/" component ) [ "/**" ]
//   component = 1*( byte | "*" | "\*" | "\\" | "\x" HEX HEX )      at most one "*"; not "." or ".."
// Bytes are latin-1 text: one UTF-16 unit, U+0000 to U+00FF, for each byte.
import type { IssueCode } from '../errors.js';
import { canonicalComponents, hiddenDirectory } from './pattern-canonical.js';

export const PATTERN_BYTES_MAX = 1024;
export const PATTERN_COMPONENTS_MAX = 64;
export const COMPONENT_BYTES_MAX = 255;

export type Component = { readonly literal: string } | { readonly prefix: string; readonly suffix: string };

/** Structurally the PatternIR of the compile room. */
export interface Pattern {
  /** `**` first: it may begin in any directory. */
  readonly floating: boolean;
  readonly components: readonly Component[];
  /** `**` last: everything below matches too. */
  readonly subtree: boolean;
  /** As the user wrote it. */
  readonly text: string;
}

export interface PatternProblem {
  readonly code: IssueCode;
  readonly expected: string;
  readonly hint: string;
}

/** What the names are of: names of files have equivalent directories and a self-referring one, cgroups do not. */
export type NameSpace = 'file' | 'cgroup';

export type PatternResult = { readonly pattern: Pattern } | { readonly problem: PatternProblem };

class PatternError extends Error {
  constructor(readonly problem: PatternProblem) {
    super(problem.expected);
  }
}

function fail(code: IssueCode, expected: string, hint: string): never {
  throw new PatternError({ code, expected, hint });
}

/** The UTF-8 bytes of a text, one unit each. */
export function bytesOf(text: string): string {
  let bytes = '';
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

export function textOf(bytes: string): string {
  return new TextDecoder().decode(Uint8Array.from(bytes, (unit) => unit.charCodeAt(0)));
}

/** The one spelling of a path, where dots and slashes are all that is wrong. */
function normalised(text: string): string {
  const kept: string[] = [];
  for (const part of text.split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  const path = kept.join('/');
  return text.startsWith('**/') ? path : `/${path}`;
}

function checkStart(text: string): void {
  if (text.startsWith('/') || text.startsWith('**/')) return;
  const expected = 'an absolute path or a pattern that begins with **/';
  const rest = normalised(text.replace(/^(~|\*\*)(\/|$)/, '/').replace(/^\*\*/, '*')).slice(1);
  if (rest === '') return fail('PATTERN_NOT_ABSOLUTE', expected, 'write /**');
  const last = rest.slice(rest.lastIndexOf('/') + 1);
  const home = text.startsWith('~') ? '/root/' : '/';
  return fail('PATTERN_NOT_ABSOLUTE', expected, `write ${home}${rest} or **/${last}`);
}

function checkSpelling(text: string): void {
  const parts = text.split('/').slice(1);
  if (text === '/') fail('PATTERN_NOT_NORMAL', 'a name below the root, or everything', 'write /**');
  if (!parts.some((part) => part === '' || part === '.' || part === '..')) return;
  const path = normalised(text);
  const whole = path === '/' || path === '**' ? '/**' : path;
  const below = text.endsWith('/') && !whole.endsWith('/**') ? ` or ${whole}/**` : '';
  fail('PATTERN_NOT_NORMAL', 'a path without doubled or trailing slashes, . and ..', `write ${whole}${below}`);
}

/** One unit of a component: an escape, a byte or the star. */
const UNIT = /\\x[0-9A-Fa-f]{2}|\\[*\\]|[^\\*]|\*/gy;

function unescape(unit: string): string {
  if (unit.length === 4) return String.fromCharCode(Number.parseInt(unit.slice(2), 16));
  return unit.length === 2 ? unit.slice(1) : unit;
}

/** The byte strings between the stars of a component. */
function splitAtStars(part: string): string[] {
  const pieces = [''];
  UNIT.lastIndex = 0;
  let read = 0;
  for (const [unit] of part.matchAll(UNIT)) {
    read += unit.length;
    if (unit === '*') pieces.push('');
    else pieces.push((pieces.pop() ?? '') + unescape(unit));
  }
  if (read < part.length)
    fail('PATTERN_UNSUPPORTED', 'a backslash only in \\*, \\\\ or \\xHH', 'write \\\\ for a backslash');
  return pieces;
}

function parseComponent(part: string): Component {
  if (part === '**') fail('PATTERN_UNSUPPORTED', '** only first or last', 'write * for exactly one directory');
  const [first = '', second, ...more] = splitAtStars(part);
  if (more.length > 0) fail('PATTERN_UNSUPPORTED', 'at most one * in a component', 'write \\* for a star in a name');
  const bytes = [first, second].join('');
  if (/[/\0]/.test(bytes)) fail('PATTERN_UNSUPPORTED', 'no byte that a name cannot have: / and NUL', '');
  if (bytes.length > COMPONENT_BYTES_MAX - Number(second !== undefined))
    fail('PATTERN_TOO_LONG', `components of at most ${COMPONENT_BYTES_MAX} bytes, a * among them`, '');
  if (second !== undefined) return { prefix: first, suffix: second };
  if (first === '.' || first === '..') fail('PATTERN_NOT_NORMAL', 'no component . or ..', '');
  return { literal: first };
}

function checkFileName(components: readonly Component[], text: string): void {
  const [first, second] = components.map((component) => ('literal' in component ? component.literal : undefined));
  if (first === 'proc' && (second === 'self' || second === 'thread-self'))
    fail(
      'PATTERN_NOT_NORMAL',
      'a process in /proc by its number: a name cannot mean whoever asks',
      `write ${text.replace(/^\/proc\/[^/]+/, '/proc/*')}`,
    );
  const hidden = hiddenDirectory(components);
  if (!hidden) return;
  const { name, canonical } = hidden;
  const expected = `a name below ${canonical}, which ${name} is: patterns with a * match names as the kernel gives them`;
  fail('PATTERN_NOT_NORMAL', expected, `write ${hidden.rewrite(text)}, or ${name} without a *`);
}

function parseComponents(parts: readonly string[], text: string, anchored: boolean): readonly Component[] {
  const written = parts.map(parseComponent);
  if (anchored) checkFileName(written, text);
  const components = anchored ? canonicalComponents(written) : written;
  if (components.length > PATTERN_COMPONENTS_MAX)
    fail('PATTERN_TOO_LONG', `at most ${PATTERN_COMPONENTS_MAX} components`, '');
  return components;
}

function parse(text: string, space: NameSpace): Pattern {
  if (/[\uD800-\uDFFF]/u.test(text)) fail('PATTERN_UNSUPPORTED', 'well-formed text', 'write single bytes as \\xHH');
  const bytes = bytesOf(text);
  if (bytes.length > PATTERN_BYTES_MAX) fail('PATTERN_TOO_LONG', `at most ${PATTERN_BYTES_MAX} bytes`, '');
  checkStart(text);
  checkSpelling(text);
  const floating = bytes.startsWith('**');
  const subtree = bytes.endsWith('/**');
  const middle = bytes.slice(floating ? 2 : 0, subtree ? -3 : undefined);
  if (floating && middle === '') fail('PATTERN_UNSUPPORTED', 'a name between ** and **', 'write /**');
  const parts = middle.split('/').slice(1);
  return { floating, components: parseComponents(parts, text, space === 'file' && !floating), subtree, text };
}

/** Reads a pattern, or says what is wrong with it. Equivalent directories get their canonical name. */
export function parsePattern(text: string, space: NameSpace = 'file'): PatternResult {
  try {
    return { pattern: parse(text, space) };
  } catch (error) {
    if (error instanceof PatternError) return { problem: error.problem };
    throw error;
  }
}

/** The pattern of a text that validation has accepted. */
export function patternOf(text: string, space: NameSpace = 'file'): Pattern {
  return parse(text, space);
}
