// Directories that are one: a policy means the same whether the image merged /bin into /usr/bin or not. The kernel
// gives names in the same canonical form.
import type { Component } from './pattern.js';

/** Directories of the root that are directories of /usr too. */
export const USR_MERGED = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

/** Directories of /var that are elsewhere. */
const VAR_MOVED: Readonly<Record<string, readonly string[]>> = { run: ['run'], lock: ['run', 'lock'] };

function literalOf(component: Component | undefined): string | undefined {
  return component && 'literal' in component ? component.literal : undefined;
}

const literal = (name: string): Component => ({ literal: name });

export function canonicalComponents(components: readonly Component[]): readonly Component[] {
  const first = literalOf(components[0]);
  if (first === undefined) return components;
  if (USR_MERGED.includes(first)) return [literal('usr'), ...components];
  const second = literalOf(components[1]);
  const moved =
    first === 'var' && second !== undefined && Object.hasOwn(VAR_MOVED, second) ? VAR_MOVED[second] : undefined;
  return moved ? [...moved.map(literal), ...components.slice(2)] : components;
}

export interface HiddenDirectory {
  /** The directory that the wildcard would match by its other name only. */
  readonly name: string;
  readonly canonical: string;
  /** The pattern with the canonical name. */
  readonly rewrite: (text: string) => string;
}

function matches(component: Component | undefined, name: string): boolean {
  if (!component || 'literal' in component || component.prefix + component.suffix === '') return false;
  const { prefix, suffix } = component;
  return name.length >= prefix.length + suffix.length && name.startsWith(prefix) && name.endsWith(suffix);
}

/** A wildcard such as /lib* that names a directory which has another canonical name, and so would never match it. */
export function hiddenDirectory(components: readonly Component[]): HiddenDirectory | undefined {
  const [first, second] = components;
  const merged = USR_MERGED.find((name) => matches(first, name));
  if (merged !== undefined)
    return { name: `/${merged}`, canonical: `/usr/${merged}`, rewrite: (text) => `/usr${text}` };
  const moved = literalOf(first) === 'var' ? Object.keys(VAR_MOVED).find((name) => matches(second, name)) : undefined;
  if (moved === undefined) return undefined;
  const canonical = `/${(VAR_MOVED[moved] ?? []).join('/')}`;
  return { name: `/var/${moved}`, canonical, rewrite: (text) => text.replace(/^\/var\/[^/]+/, canonical) };
}
