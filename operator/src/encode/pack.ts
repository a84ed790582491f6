// Which rules share a page, and whether the patterns of a layer fit the lookups that a decision makes.

import { RfLimits } from '../abi/abi.gen.js';
import type { PatternIR, PolicyIR, RuleIR, ScopeIR } from '../compile/ir.js';
import { bytesText } from './page.js';
import { encodePattern } from './pattern.js';
import { type Slot, slotsOf } from './place.js';
import type { EncodeProblem } from './problem.js';

export interface EffectivePolicy {
  /** With mode Monitor too where it is paused. */
  readonly policy: PolicyIR;
  /** Names of its rules that this node cannot give their minimum guarantee: they only report. */
  readonly refused: ReadonlySet<string>;
  /** The workload may be one that it is not about: it does no more than Block. */
  readonly doubtful?: true;
}

export interface LayerRule {
  readonly of: EffectivePolicy;
  readonly rule: RuleIR;
  readonly slots: readonly Slot[];
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function comparePolicies({ policy: a }: EffectivePolicy, { policy: b }: EffectivePolicy): number {
  return (
    compareText(a.kind, b.kind) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.name, b.name) ||
    compareText(a.uid, b.uid)
  );
}

function slotCount(rules: readonly LayerRule[]): number {
  return rules.reduce((sum, { slots }) => sum + slots.length, 0);
}

function fits(rules: readonly LayerRule[]): boolean {
  return rules.length <= RfLimits.RULES_MAX && slotCount(rules) <= RfLimits.SLOTS_MAX;
}

/** A policy stays whole, unless its exceptions alone need more slots than a page has. */
function unitsOf(rules: readonly LayerRule[]): (readonly LayerRule[])[] {
  return fits(rules) ? [rules] : rules.map((rule) => [rule]);
}

function pagesOf(policies: readonly EffectivePolicy[]): LayerRule[][] {
  const units = policies.flatMap((of) => {
    const rules = [...of.policy.rules].sort((a, b) => compareText(a.name, b.name));
    return unitsOf(rules.map((rule) => ({ of, rule, slots: slotsOf(rule) })));
  });
  const pages: LayerRule[][] = [];
  for (const unit of units) {
    const last = pages.at(-1);
    if (last !== undefined && fits([...last, ...unit])) last.push(...unit);
    else pages.push([...unit]);
  }
  return pages;
}

/** As few pages as possible. */
export function packRules(policies: readonly EffectivePolicy[]): LayerRule[][] {
  return pagesOf([...policies].sort(comparePolicies));
}

/** Fewer rules are not worth a page of their own, which each decision that is not remembered has to look into. */
const APART_RULES_MIN = 8;
const APART_GROUPS_MAX = 3;

const scopes = new WeakMap<ScopeIR, string>();

function scopeText(scope: ScopeIR): string {
  const known = scopes.get(scope) ?? JSON.stringify(scope);
  scopes.set(scope, known);
  return known;
}

/**
 * Policies that select alike on pages of their own, so that workloads of many kinds share these and a change of one policy
 * is one page and not one for each kind of workload. Small groups go together.
 */
export function packApart(policies: readonly EffectivePolicy[]): LayerRule[][] {
  const groups = new Map<string, EffectivePolicy[]>();
  for (const one of [...policies].sort(comparePolicies)) {
    const key = scopeText(one.policy.scope);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  const size = (group: readonly EffectivePolicy[]): number =>
    group.reduce((sum, { policy }) => sum + policy.rules.length, 0);
  const large = [...groups.values()].filter((group) => size(group) >= APART_RULES_MIN);
  const apart = new Set(large.sort((a, b) => size(b) - size(a)).slice(0, APART_GROUPS_MAX));
  const rest = [...groups.values()].filter((group) => !apart.has(group)).flat();
  return [rest.sort(comparePolicies), ...apart].flatMap(pagesOf);
}

/** Every pattern that names are looked up for: exceptions too, programs included. */
function patternsOf(policy: PolicyIR): PatternIR[] {
  return policy.rules.flatMap((rule) => [
    ...rule.items.flatMap(({ path }) => path ?? []),
    ...rule.except.flatMap(({ binaries, paths }) => [
      ...(binaries ?? []).flatMap(({ path }) => path ?? []),
      ...(paths ?? []),
    ]),
  ]);
}

/** Kinds of lookups of one sort, each with a pattern that needs it. */
type Kinds = ReadonlyMap<number | string, PatternIR>;

interface Needs {
  readonly depths: Kinds;
  readonly shapes: Kinds;
}

export function needsOf(patterns: readonly PatternIR[]): Needs {
  const depths = new Map<number | string, PatternIR>();
  const shapes = new Map<number | string, PatternIR>();
  for (const pattern of patterns) {
    const { depth, shape } = encodePattern(pattern);
    if (depth !== undefined) depths.set(depth, pattern);
    if (shape !== undefined) shapes.set(bytesText(shape), pattern);
  }
  return { depths, shapes };
}

/** What the needs add to the kinds already taken, when that is more than there may be. */
function beyondLimit(taken: ReadonlySet<number | string>, needs: Kinds, limit: number): PatternIR[] {
  const added = [...needs].filter(([kind]) => !taken.has(kind));
  return taken.size + added.length > limit ? added.map(([, pattern]) => pattern) : [];
}

const policyNeeds = new WeakMap<PolicyIR, Needs>();

function needsOfPolicy(policy: PolicyIR): Needs {
  const known = policyNeeds.get(policy) ?? needsOf(patternsOf(policy));
  policyNeeds.set(policy, known);
  return known;
}

export class ShapeBudget {
  readonly #depths = new Set<number | string>();
  readonly #shapes = new Set<number | string>();

  /** Takes what is needed; when that is too much it takes nothing and returns the patterns that add to it. */
  take({ depths, shapes }: Needs): PatternIR[] {
    const beyond = [
      ...beyondLimit(this.#depths, depths, RfLimits.DEPTHS_MAX),
      ...beyondLimit(this.#shapes, shapes, RfLimits.SHAPES_MAX),
    ];
    if (beyond.length > 0) return beyond;
    for (const depth of depths.keys()) this.#depths.add(depth);
    for (const shape of shapes.keys()) this.#shapes.add(shape);
    return [];
  }
}

export function shapeProblem(policies: readonly string[], beyond: readonly PatternIR[]): EncodeProblem {
  return {
    code: 'AGENT_TOO_MANY_SHAPES',
    policies,
    expected: `at most ${RfLimits.DEPTHS_MAX} depths of directory/** and ${RfLimits.SHAPES_MAX} shapes of wildcards`,
    got: `also ${beyond.map(({ text }) => text).join(' ')}`,
  };
}

export function shapeProblems(policies: readonly EffectivePolicy[]): EncodeProblem[] {
  const budget = new ShapeBudget();
  return policies.flatMap(({ policy }) => {
    const beyond = budget.take(needsOfPolicy(policy));
    return beyond.length > 0 ? [shapeProblem([policy.uid], beyond)] : [];
  });
}
