// Names and patterns from a small alphabet, so that they often meet: directories that are one under two names, affixes,
// and lengths around the 8-byte words that the kernel compares.

import type { ComponentIR, PatternIR } from '../../operator/src/compile/ir.js';
import { canonicalComponents } from '../../operator/src/compile/names.js';
import type { Random } from './random.js';

const COMPONENTS = ['a', 'b', 'ab', 'ba', 'aab', 'usr', 'bin', 'lib', 'lib64', 'sbin', 'var', 'run', 'lock', 'sh'];
/** "/" before the component makes texts of 7, 8 and 9 bytes, and of 15, 16 and 17. */
const AT_WORDS = ['abcdef', 'abcdefg', 'abcdefgh', 'abcdefghijklmn', 'abcdefghijklmno', 'abcdefghijklmnop'];
const ODD = ['a*b', '*', '\\', '\u00ff\u00e9', ' ', '\n', '...', '.a', `a${'x'.repeat(253)}b`];
const AFFIXES = ['', '', 'a', 'b', 'ab', 'aa', '*', 'abcdefg', 'abcdefgh'];
const TOPS = [
  ['bin'],
  ['usr', 'bin'],
  ['lib'],
  ['usr', 'lib'],
  ['var', 'run'],
  ['run'],
  ['var', 'lock'],
  ['run', 'lock'],
  ['var'],
];

export const componentName = (random: Random): string => {
  const kind = random.below(100);
  if (kind < 85) return random.pick(COMPONENTS);
  return random.pick(kind < 95 ? AT_WORDS : ODD);
};

/** Components of a name, not canonical. */
export function nameComponents(random: Random): string[] {
  const top = random.percent(40) ? random.pick(TOPS) : [];
  return [...top, ...random.times(top.length > 0 ? 0 : 1, 3, () => componentName(random))];
}

function patternComponent(random: Random, name: string): ComponentIR {
  if (!random.percent(20)) return { literal: name };
  if (random.percent(50)) return { prefix: random.pick(AFFIXES), suffix: random.pick(AFFIXES) };
  const cut = random.below(name.length + 1);
  return { prefix: name.slice(0, cut), suffix: name.slice(random.between(cut, name.length)) };
}

/** Bytes as the pattern grammar writes them. */
function escaped(bytes: string): string {
  return bytes.replace(/[*\\]|[^ -~]/g, (unit) =>
    unit === '*' || unit === '\\' ? `\\${unit}` : `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function componentText(component: ComponentIR): string {
  if ('literal' in component) return escaped(component.literal);
  return `${escaped(component.prefix)}*${escaped(component.suffix)}`;
}

function patternText({ floating, components, subtree }: Omit<PatternIR, 'text'>): string {
  const parts = components.map((component) => `/${componentText(component)}`);
  return `${floating ? '**' : ''}${parts.join('')}${subtree ? '/**' : ''}`;
}

function withText(pattern: Omit<PatternIR, 'text'>): PatternIR {
  return { ...pattern, text: patternText(pattern) };
}

function isLiteral(pattern: PatternIR): boolean {
  return pattern.components.every((component) => 'literal' in component);
}

export function randomPattern(random: Random): PatternIR {
  const floating = random.percent(20);
  const subtree = random.percent(30);
  if (!floating && subtree && random.percent(10)) return withText({ floating, subtree, components: [] });
  const name = nameComponents(random);
  const components = floating ? name : canonicalComponents(name);
  return withText({ floating, subtree, components: components.map((part) => patternComponent(random, part)) });
}

/**
 * Counts what one layer may have few of (distinct glob shapes, distinct subtree depths) and makes patterns plain where
 * there would be more: the encoder refuses such a set, and a refused set tests nothing.
 */
export class PatternBudget {
  readonly #shapes = new Set<string>();
  readonly #depths = new Set<number>();

  static readonly LIMIT = 8;

  take(random: Random): PatternIR {
    const pattern = randomPattern(random);
    if (this.#fits(pattern)) return pattern;
    const components = canonicalComponents(nameComponents(random)).map((literal) => ({ literal }));
    return withText({ floating: false, subtree: false, components });
  }

  #fits(pattern: PatternIR): boolean {
    if (isLiteral(pattern) && !pattern.floating) {
      return !pattern.subtree || this.#counted(this.#depths, pattern.components.length);
    }
    const sizes = pattern.components.map((component) =>
      'literal' in component ? '' : `${component.prefix.length}*${component.suffix.length}`,
    );
    return this.#counted(this.#shapes, `${pattern.floating} ${pattern.subtree} ${sizes.join('/')}`);
  }

  #counted<T>(seen: Set<T>, value: T): boolean {
    if (!seen.has(value) && seen.size === PatternBudget.LIMIT) return false;
    seen.add(value);
    return true;
  }
}

/** A component that matches; `.` and `..` are no names, and longer ones than 255 bytes do not exist. */
function instance(random: Random, component: ComponentIR): string {
  if ('literal' in component) return component.literal;
  const { prefix, suffix } = component;
  const middle = random.percent(50) || prefix.length + suffix.length > 240 ? '' : random.pick(AFFIXES);
  const text = `${prefix}${middle}${suffix}`;
  return ['', '.', '..'].includes(text) ? `${prefix}a${suffix}` : text;
}

/** A name that matches the pattern. */
export function nameOf(random: Random, pattern: PatternIR): string[] {
  const own = pattern.components.map((component) => instance(random, component));
  const before = pattern.floating ? random.times(0, 2, () => componentName(random)) : [];
  const after = pattern.subtree ? random.times(0, 2, () => componentName(random)) : [];
  return [...before, ...own, ...after];
}

const CHANGES: readonly ((random: Random, name: readonly string[]) => string[])[] = [
  (_random, name) => name.slice(0, -1),
  (_random, name) => name.slice(1),
  (random, name) => [...name, componentName(random)],
  (random, name) => [componentName(random), ...name],
  (random, name) => name.with(random.below(name.length), componentName(random)),
  (random, name) => edited(random, name, (text) => `${text}${random.pick(['a', 'b', '*'])}`),
  (random, name) => edited(random, name, (text) => `${random.pick(['a', 'b', '.'])}${text}`),
  (random, name) => edited(random, name, (text) => text.slice(0, -1)),
  (random, name) => edited(random, name, (text) => text.slice(1)),
  (random, name) =>
    edited(random, name, (text) => (text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase())),
  (_random, name) => [...name].reverse(),
];

function edited(random: Random, name: readonly string[], edit: (text: string) => string): string[] {
  const index = random.below(name.length);
  const text = edit(name[index] ?? '').slice(0, 255);
  return name.with(index, ['', '.', '..'].includes(text) ? 'a' : text);
}

/** A name that differs a little from this one, and so often just fails to match what it matched. */
export function nearMiss(random: Random, name: readonly string[]): string[] {
  return name.length === 0 ? [componentName(random)] : random.pick(CHANGES)(random, name);
}

const OTHER_SPELLINGS: readonly [string[], string[]][] = [
  [['usr', 'bin'], ['bin']],
  [['usr', 'sbin'], ['sbin']],
  [['usr', 'lib'], ['lib']],
  [['usr', 'lib64'], ['lib64']],
  [
    ['run', 'lock'],
    ['var', 'lock'],
  ],
  [['run'], ['var', 'run']],
];

/** The same name by its other directory, where it has one. */
export function otherSpelling(name: readonly string[]): string[] {
  const found = OTHER_SPELLINGS.find(([one]) => one.every((part, index) => name[index] === part));
  return found === undefined ? [...name] : [...found[1], ...name.slice(found[0].length)];
}

export const textOf = (name: readonly string[]): string => `/${name.join('/')}`;
