// Which rules share a page, and whether the patterns of a layer fit the lookups that a decision makes.

import { RfLimits } from '../abi/abi.gen.js';
import type { PatternIR, PolicyIR, RuleIR } from '../compile/ir.js';
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

export function packRules(policies: readonly EffectivePolicy[]): LayerRule[][] {
  const units = [...policies].sort(comparePolicies).flatMap((of) => {
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

/** Every pattern that names are looked up for: exceptions too, programs included. */
export function patternsOf(policy: PolicyIR): PatternIR[] {
  return policy.rules.flatMap((rule) => [
    ...rule.items.flatMap(({ path }) => path ?? []),
    ...rule.except.flatMap(({ binaries, paths }) => [
      ...(binaries ?? []).flatMap(({ path }) => path ?? []),
      ...(paths ?? []),
    ]),
  ]);
}

/** Kinds of lookups of one sort, each with the first pattern that needs it. */
type Needs = Map<number | string, PatternIR>;

function needsOf(patterns: readonly PatternIR[]): { depths: Needs; shapes: Needs } {
  const needs = { depths: new Map() as Needs, shapes: new Map() as Needs };
  for (const pattern of patterns) {
    const { depth, shape } = encodePattern(pattern);
    if (depth !== undefined) needs.depths.set(depth, pattern);
    if (shape !== undefined) needs.shapes.set(bytesText(shape), pattern);
  }
  return needs;
}

/** What the needs add to the kinds already taken, when that is more than there may be. */
function beyondLimit(taken: ReadonlySet<number | string>, needs: Needs, limit: number): PatternIR[] {
  const added = [...needs].filter(([kind]) => !taken.has(kind));
  return taken.size + added.length > limit ? added.map(([, pattern]) => pattern) : [];
}

export class ShapeBudget {
  readonly #depths = new Set<number | string>();
  readonly #shapes = new Set<number | string>();

  /** Takes what the patterns need; when that is too much it takes nothing and returns the patterns that add to it. */
  take(patterns: readonly PatternIR[]): PatternIR[] {
    const { depths, shapes } = needsOf(patterns);
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
    const beyond = budget.take(patternsOf(policy));
    return beyond.length > 0 ? [shapeProblem([policy.uid], beyond)] : [];
  });
}
