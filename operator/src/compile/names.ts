// Names of files as lists of components, in the one spelling that patterns have too. Names are latin-1 text: one UTF-16
// unit for each byte.

import type { PatternIR } from './ir.js';

export const USR_MERGED: ReadonlySet<string> = new Set(['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']);

/** `/bin/sh` and `/usr/bin/sh` are one name, and so are `/var/run` and `/run`, `/var/lock` and `/run/lock`. */
export function canonicalComponents(components: readonly string[]): readonly string[] {
  const [first, second] = components;
  if (first !== undefined && USR_MERGED.has(first)) return ['usr', ...components];
  if (first === 'var' && second === 'run') return ['run', ...components.slice(2)];
  if (first === 'var' && second === 'lock') return ['run', 'lock', ...components.slice(2)];
  return components;
}

/** Components of an absolute name as it stands: cgroups have no equivalent directories. */
export function plainComponents(path: string): readonly string[] | undefined {
  return path.startsWith('/') ? path.split('/').filter((component) => component !== '') : undefined;
}

/** Components of a name that the kernel gave: absolute and without `.` or `..`. Undefined where there is no name. */
export function objectComponents(path: string | undefined): readonly string[] | undefined {
  const components = plainComponents(path ?? '');
  return components && canonicalComponents(components);
}

/**
 * Components of the name that a process gave to execve. Only an absolute one says something without knowing the
 * working directory, and one with `..` may pass through links, so that its text does not name a file.
 */
export function givenComponents(given: string | undefined): readonly string[] | undefined {
  if (given === undefined || !given.startsWith('/')) return undefined;
  const components = given.split('/').filter((component) => component !== '' && component !== '.');
  return components.includes('..') ? undefined : canonicalComponents(components);
}

/** Both spellings of what canonical names have one for: an image need not have /bin as a link. */
export function spellings(components: readonly string[]): readonly (readonly string[])[] {
  const [first, second = ''] = components;
  return first === 'usr' && USR_MERGED.has(second) ? [components, components.slice(1)] : [components];
}

/** The components before the first wildcard; undefined where the pattern may begin anywhere. */
export function literalPrefix({ floating, components }: PatternIR): readonly string[] | undefined {
  if (floating) return undefined;
  const end = components.findIndex((component) => !('literal' in component));
  const before = end === -1 ? components : components.slice(0, end);
  return before.flatMap((component) => ('literal' in component ? [component.literal] : []));
}
