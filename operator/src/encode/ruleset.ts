// The policies of one layer that select one workload -> pages, each the content of one ruleset.

import { RfAction, RfClass, RfLimits } from '../abi/abi.gen.js';
import type { RfRule } from '../abi/abi.gen.js';
import type { Action, HookName, RuleIR, Session } from '../compile/ir.js';
import { type EffectivePolicy, type LayerRule, packRules, shapeProblems } from './pack.js';
import { type Digest, type Page, PageBuilder, type RulesetHead } from './page.js';
import {
  CLASS_OF,
  MOVE_CLASSES,
  SESSION_OF,
  classMask,
  guardsAncestors,
  hasFixedDepth,
  placeRule,
  placeSlot,
} from './place.js';
import type { PlacedItem } from './place.js';
import type { EncodeProblem } from './problem.js';

export interface EncodeContext {
  readonly digest: Digest;
  /** Number of a rule on this node, kept through edits; names its counters. */
  readonly ruleKey: (policyUid: string, rule: string) => number;
}

/** With problems there are no pages: half of what was asked for is not applied. */
export interface EncodedLayer {
  readonly pages: readonly Page[];
  readonly problems: readonly EncodeProblem[];
}

const ACTION_OF: Readonly<Record<Action, number>> = {
  Kill: RfAction.KILL,
  Block: RfAction.BLOCK,
  Audit: RfAction.AUDIT,
};

const POD_SESSIONS: readonly Session[] = ['Main', 'Exec', 'Probe', 'Lifecycle'];

function encodeRule(rule: LayerRule, context: EncodeContext): RfRule {
  const { policy, refused, doubtful } = rule.of;
  const asked = ACTION_OF[rule.rule.action];
  const strictest = doubtful ? RfAction.BLOCK : RfAction.KILL;
  const action = policy.mode === 'Monitor' || refused.has(rule.rule.name) ? RfAction.AUDIT : Math.min(asked, strictest);
  return {
    key: context.ruleKey(policy.uid, rule.rule.name),
    action,
    mainAction: Math.min(action, ACTION_OF[policy.mainProcess]),
    unresolved: Math.min(action, ACTION_OF[policy.unresolved]),
    asked,
  };
}

/** One bit for each rule that the test holds for. */
function rulesWith(rules: readonly LayerRule[], test: (rule: LayerRule) => boolean): bigint {
  return rules.reduce((mask, rule, index) => (test(rule) ? mask | (1n << BigInt(index)) : mask), 0n);
}

function byClass(rules: readonly LayerRule[], test: (rule: RuleIR, hook: HookName) => boolean): bigint[] {
  const masks = new Array<bigint>(RfLimits.CLASSES).fill(0n);
  for (const [hook, index] of Object.entries(CLASS_OF) as [HookName, number][]) {
    masks[index] = rulesWith(rules, ({ rule }) => test(rule, hook));
  }
  return masks;
}

/** Items with origins are left to RF_ITEM_NAMED, which says for which origins the name matters. */
function needsName(rule: RuleIR, hook: HookName): boolean {
  return rule.items.some(
    ({ path, origins, hooks }) => path !== undefined && origins === undefined && hooks.includes(hook),
  );
}

function needsWholeName(rule: RuleIR, hook: HookName): boolean {
  return rule.items.some(
    ({ path, origins, hooks }) =>
      path !== undefined && origins === undefined && !hasFixedDepth(path) && hooks.includes(hook),
  );
}

function sessionsOf({ of: { policy } }: LayerRule): readonly Session[] {
  return policy.scope.scope === 'Host' ? ['Host'] : (policy.scope.sessions ?? POD_SESSIONS);
}

function governedClasses(rule: RuleIR): number {
  const moves = rule.items.some((item) => guardsAncestors(rule, item)) ? MOVE_CLASSES : 0;
  return classMask(rule.governs) | moves;
}

function encodeSlots(rules: readonly LayerRule[]) {
  const slots = rules.flatMap(({ slots: own }, rule) => own.map((slot) => ({ slot, rule })));
  const slotsWith = (test: (entry: (typeof slots)[number]) => boolean): bigint =>
    slots.reduce((mask, entry, index) => (test(entry) ? mask | (1n << BigInt(index)) : mask), 0n);
  return {
    slots,
    head: {
      slotCount: slots.length,
      slotRule: Uint8Array.from(slots, ({ rule }) => rule),
      slotNeedsProgram: slotsWith(({ slot }) => slot.binaries.length > 0),
      slotNeedsObject: slotsWith(({ slot }) => slot.paths.length > 0),
      slotSessions: Array.from({ length: RfLimits.SESSIONS }, (_, session) =>
        slotsWith(({ slot }) => (slot.sessions & (1 << session)) !== 0),
      ),
    },
  };
}

function encodeHead(rules: readonly LayerRule[], context: EncodeContext): Omit<RulesetHead, 'slotCount'> {
  const sessions = new Array<bigint>(RfLimits.SESSIONS).fill(0n);
  for (const [session, index] of Object.entries(SESSION_OF) as [Session, number][]) {
    sessions[index] = rulesWith(rules, (rule) => sessionsOf(rule).includes(session));
  }
  return {
    ...encodeSlots(rules).head,
    allow: byClass(rules, (rule, hook) => rule.list === 'allow' && rule.governs.includes(hook)),
    denyNamed: byClass(rules, needsName),
    deep: byClass(rules, needsWholeName),
    denyLink: rulesWith(
      rules,
      ({ rule }) =>
        rule.kind === 'paths' && rule.list === 'deny' && (classMask(rule.governs) & (1 << RfClass.LINK)) !== 0,
    ),
    sessions,
    rules: rules.map((rule) => encodeRule(rule, context)),
    classes: rules.reduce((mask, { rule }) => mask | governedClasses(rule), 0),
    ruleCount: rules.length,
  };
}

/** What one policy of a page puts into its tables. */
function placePage(rules: readonly LayerRule[]): { uid: string; placed: PlacedItem }[] {
  let slot = 0;
  return rules.flatMap(({ of: { policy }, rule, slots }, index) => {
    const placed = [...placeRule(rule, index), ...slots.flatMap((own) => placeSlot(own, slot++))];
    return placed.map((entry) => ({ uid: policy.uid, placed: entry }));
  });
}

export interface EncodedPage {
  /** Absent with problems. */
  readonly page?: Page;
  readonly problems: readonly EncodeProblem[];
}

export function encodePage(rules: readonly LayerRule[], context: EncodeContext): EncodedPage {
  const builder = new PageBuilder();
  const collided = new Set<string>();
  for (const { uid, placed } of placePage(rules)) {
    if (!builder.add(placed)) collided.add(uid);
  }
  if (collided.size > 0) {
    const expected = 'patterns of different hashes in one ruleset';
    const problem: EncodeProblem = {
      code: 'AGENT_HASH_COLLISION',
      policies: [...collided],
      expected,
      got: 'two patterns of one hash',
    };
    return { problems: [problem] };
  }
  const head: RulesetHead = { ...encodeHead(rules, context), slotCount: encodeSlots(rules).slots.length };
  const policies = [...new Set(rules.map(({ of: { policy } }) => policy.uid))];
  return { page: builder.finish(head, policies, context.digest), problems: [] };
}

/** The order of `policies` says who goes first where they need more depths or shapes than a layer may have. */
export function encodeLayer(policies: readonly EffectivePolicy[], context: EncodeContext): EncodedLayer {
  const shapes = shapeProblems(policies);
  if (shapes.length > 0) return { pages: [], problems: shapes };
  const encoded = packRules(policies).map((rules) => encodePage(rules, context));
  const problems = encoded.flatMap((page) => page.problems);
  return problems.length > 0 ? { pages: [], problems } : { pages: encoded.flatMap(({ page }) => page ?? []), problems };
}

/** All layers of one workload; what is beyond the pages that a workload can have is a problem of the last policies. */
export function joinLayers<P extends Pick<Page, 'policies'>>(
  layers: readonly (readonly P[])[],
): { readonly pages: readonly P[]; readonly problems: readonly EncodeProblem[] } {
  const pages = layers.flat();
  if (pages.length <= RfLimits.PAGES_MAX) return { pages, problems: [] };
  const kept = new Set(pages.slice(0, RfLimits.PAGES_MAX).flatMap((page) => page.policies));
  const beyond = pages.slice(RfLimits.PAGES_MAX).flatMap((page) => page.policies);
  const problem: EncodeProblem = {
    code: 'AGENT_TOO_MANY_RULESETS',
    policies: [...new Set(beyond.filter((uid) => !kept.has(uid)))],
    expected: `at most ${RfLimits.PAGES_MAX} rulesets of ${RfLimits.RULES_MAX} rules for one workload`,
    got: String(pages.length),
  };
  return { pages: [], problems: [problem] };
}
