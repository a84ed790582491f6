// How many different look-ups the patterns of a policy cost. A decision looks up an exact name, a last component, the
// directories of each depth used with /**, and each shape of wildcards; the last two are bounded.
import type { Component, Pattern } from './pattern.js';
import { patternOf } from './pattern.js';
import type { Policy, PolicyRule } from './types.js';

/** Depths, and shapes, that what selects one workload may use. */
export const SHAPES_MAX = 8;

const KEPT = 'literal';

function componentShape(component: Component): string {
  return 'literal' in component ? KEPT : `${component.prefix.length}*${component.suffix.length}`;
}

function isLiteral(component: Component): boolean {
  return 'literal' in component;
}

/** What a pattern is looked up by; patterns with the same text share one look-up. */
export function lookupOf(pattern: Pattern): string {
  const { floating, subtree, components } = pattern;
  if (components.every(isLiteral)) {
    if (!floating) return subtree ? `depth ${components.length}` : 'exact';
    if (!subtree && components.length === 1) return 'last component';
  }
  const shape = components.map(componentShape).join('/');
  return `shape ${floating ? '**/' : '/'}${shape}${subtree ? '/**' : ''}`;
}

function patternsOf(rule: PolicyRule): string[] {
  const { binaries, paths } = rule;
  const items = [...(binaries?.allow ?? binaries?.deny ?? []), ...(paths?.allow ?? paths?.deny ?? [])];
  const exceptions = (rule.except ?? []).flatMap((exception) => [
    ...(exception.binaries ?? []).map(({ path }) => path),
    ...(exception.paths ?? []),
  ]);
  return [...items.map(({ path }) => path), ...exceptions].filter((path) => path !== undefined);
}

/** One pattern of each bounded look-up that the policy uses, by what is counted. */
export function shapesOf(policy: Policy): Readonly<Record<string, readonly string[]>> {
  const used = new Map<string, string>();
  for (const text of policy.spec.rules.flatMap(patternsOf)) {
    const lookup = lookupOf(patternOf(text));
    if (!used.has(lookup)) used.set(lookup, text);
  }
  const starting = (word: string): string[] =>
    [...used].filter(([lookup]) => lookup.startsWith(word)).map(([, text]) => text);
  return { 'depths of directory/**': starting('depth'), 'shapes of wildcards': starting('shape') };
}
