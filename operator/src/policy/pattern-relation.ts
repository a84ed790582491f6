// How two patterns relate: does one match everything that the other matches, is there a name that both match.
import type { Component, Pattern } from './pattern.js';

function matchesLiteral(component: Component, name: string): boolean {
  if ('literal' in component) return component.literal === name;
  const { prefix, suffix } = component;
  return name.length >= prefix.length + suffix.length && name.startsWith(prefix) && name.endsWith(suffix);
}

function componentCovers(wide: Component, narrow: Component): boolean {
  if ('literal' in narrow) return matchesLiteral(wide, narrow.literal);
  if ('literal' in wide) return false;
  return narrow.prefix.startsWith(wide.prefix) && narrow.suffix.endsWith(wide.suffix);
}

function componentsOverlap(a: Component, b: Component): boolean {
  if ('literal' in a) return matchesLiteral(b, a.literal);
  if ('literal' in b) return matchesLiteral(a, b.literal);
  const prefixes = a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix);
  const suffixes = a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix);
  return prefixes && suffixes;
}

function coversAt(wide: Pattern, narrow: Pattern, start: number): boolean {
  return wide.components.every((component, index) => {
    const other = narrow.components[start + index];
    return other !== undefined && componentCovers(component, other);
  });
}

function coversSomewhere(wide: Pattern, narrow: Pattern, spare: number): boolean {
  for (let start = 0; start <= spare; start += 1) if (coversAt(wide, narrow, start)) return true;
  return false;
}

/** True only if every name that `narrow` matches is matched by `wide`. */
export function covers(wide: Pattern, narrow: Pattern): boolean {
  if (isEverything(wide)) return true;
  if ((narrow.floating && !wide.floating) || (narrow.subtree && !wide.subtree)) return false;
  const spare = narrow.components.length - wide.components.length;
  if (!wide.floating) return (wide.subtree ? spare >= 0 : spare === 0) && coversAt(wide, narrow, 0);
  return wide.subtree ? coversSomewhere(wide, narrow, spare) : coversAt(wide, narrow, spare);
}

export function isEverything(pattern: Pattern): boolean {
  return pattern.subtree && pattern.components.length === 0;
}

/** Whether the components agree where they meet when `b` begins `shift` components after `a`. */
function agreeAt(a: Pattern, b: Pattern, shift: number): boolean {
  const from = Math.max(0, shift);
  const to = Math.min(a.components.length, b.components.length + shift);
  for (let index = from; index < to; index += 1) {
    const [one, other] = [a.components[index], b.components[index - shift]];
    if (one && other && !componentsOverlap(one, other)) return false;
  }
  return true;
}

/** Whether one name can hold both patterns with this shift: who is anchored begins first, who is closed ends last. */
function fits(a: Pattern, b: Pattern, shift: number): boolean {
  const end = a.components.length - (b.components.length + shift);
  const starts = (shift >= 0 || a.floating) && (shift <= 0 || b.floating);
  const ends = (end >= 0 || a.subtree) && (end <= 0 || b.subtree);
  return starts && ends && agreeAt(a, b, shift);
}

/** True if some name is matched by both. */
export function overlaps(a: Pattern, b: Pattern): boolean {
  if (isEverything(a) || isEverything(b)) return true;
  if (!a.floating && !b.floating) return fits(a, b, 0);
  for (let shift = -b.components.length; shift <= a.components.length; shift += 1) if (fits(a, b, shift)) return true;
  return false;
}

/** Whether the pattern matches one name only: such a deny holds for the file's inode too. */
export function isExact(pattern: Pattern): boolean {
  return !pattern.floating && !pattern.subtree && pattern.components.every((component) => 'literal' in component);
}

export function samePattern(a: Pattern, b: Pattern): boolean {
  return covers(a, b) && covers(b, a);
}

/** Directories above the literal part of a pattern, the root left out: renaming one takes the name away. */
export function guardedDirectories(pattern: Pattern): Pattern[] {
  if (pattern.floating) return [];
  const stop = pattern.components.findIndex((component) => !('literal' in component));
  const literal = stop === -1 ? pattern.components.length - (pattern.subtree ? 0 : 1) : stop;
  return pattern.components.slice(0, literal).map((_, index) => ({
    floating: false,
    subtree: false,
    components: pattern.components.slice(0, index + 1),
    text: '',
  }));
}
