// Names of files as lists of components, in the one spelling that patterns have too. Names are latin-1 text: one UTF-16
// unit for each byte.

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
