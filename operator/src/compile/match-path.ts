// Patterns against names, by the definition and without any index: what the kernel's tables must agree with.

import type { ComponentIR, PatternIR } from './ir.js';

function matchesComponent(wanted: ComponentIR, component: string): boolean {
  if ('literal' in wanted) return component === wanted.literal;
  return (
    component.length >= wanted.prefix.length + wanted.suffix.length &&
    component.startsWith(wanted.prefix) &&
    component.endsWith(wanted.suffix)
  );
}

function matchesAt(pattern: PatternIR, name: readonly string[], start: number): boolean {
  return pattern.components.every((wanted, index) => {
    const component = name[start + index];
    return component !== undefined && matchesComponent(wanted, component);
  });
}

/** Whether a canonical name matches. A subtree includes its own top; a floating pattern may begin at the root too. */
export function matchesPattern(pattern: PatternIR, name: readonly string[]): boolean {
  const last = name.length - pattern.components.length;
  if (last < 0) return false;
  if (!pattern.floating) return (pattern.subtree || last === 0) && matchesAt(pattern, name, 0);
  if (!pattern.subtree) return matchesAt(pattern, name, last);
  for (let start = 0; start <= last; start += 1) {
    if (matchesAt(pattern, name, start)) return true;
  }
  return false;
}

/** Every name that matches has the same number of components. */
export function hasFixedDepth(pattern: PatternIR): boolean {
  return !pattern.floating && !pattern.subtree;
}

/**
 * Whether moving the directory `name` would give another name to what the pattern guards: it is one of the leading
 * literal directories of the pattern, and something of the pattern lies below it.
 */
export function isGuardedAncestor(pattern: PatternIR, name: readonly string[]): boolean {
  if (pattern.floating || name.length === 0) return false;
  const firstGlob = pattern.components.findIndex((component) => !('literal' in component));
  const literals = firstGlob === -1 ? pattern.components.length : firstGlob;
  const goesOn = pattern.subtree || firstGlob !== -1;
  if (name.length > literals || (name.length === literals && !goesOn)) return false;
  return name.every((component, index) => {
    const wanted = pattern.components[index];
    return wanted !== undefined && matchesComponent(wanted, component);
  });
}
