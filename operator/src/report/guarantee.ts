// What this kernel can promise for a rule and what it does for it, from what is attached (POLICY.md section 6). A rule
// stands as its weakest class does.

import type { Action, Guarantee, HookName, RuleIR } from '../compile/ir.js';

/** What the programs at one decision point can do. A hook that is not there cannot be seen. */
export interface Backend {
  /** Name of the programs' hook, for people: `lsm/file_open`. */
  readonly hook: string;
  readonly denies: boolean;
  readonly signals: boolean;
}

export type Backends = ReadonlyMap<HookName, Backend>;

export type Effect = 'DenyAndKill' | 'Deny' | 'Kill' | 'Report' | 'None';
export type Offer = Guarantee | 'None';

export interface RuleStanding {
  readonly effect: Effect;
  readonly guarantee: Offer;
  /** Below the rule's minimum: the rule only reports. */
  readonly refused: boolean;
  /** The classes that make it no better than it is. */
  readonly weakest: readonly HookName[];
}

const RANK: Readonly<Record<Offer, number>> = { None: 0, Observe: 1, Terminate: 2, Prevent: 3 };
const EFFECT_RANK: Readonly<Record<Effect, number>> = { None: 0, Report: 1, Kill: 2, Deny: 3, DenyAndKill: 4 };

interface ClassStanding {
  readonly hook: HookName;
  readonly effect: Effect;
  readonly guarantee: Offer;
}

export function standRule(rule: RuleIR, backends: Backends): RuleStanding {
  const classes = rule.governs.map((hook) => standClass(rule.action, hook, backends.get(hook)));
  const guarantee = lowestOffer(classes.map((one) => one.guarantee));
  const effects = classes.map((one) => one.effect).sort((a, b) => EFFECT_RANK[a] - EFFECT_RANK[b]);
  return {
    effect: effects[0] ?? 'None',
    guarantee,
    refused: RANK[guarantee] < RANK[rule.minimumGuarantee],
    weakest: classes.filter((one) => one.guarantee === guarantee).map((one) => one.hook),
  };
}

function standClass(action: Action, hook: HookName, backend: Backend | undefined): ClassStanding {
  if (backend === undefined) return { hook, effect: 'None', guarantee: 'None' };
  if (action === 'Kill') return { hook, ...standKill(hook, backend) };
  if (action === 'Block' && backend.denies) return { hook, effect: 'Deny', guarantee: 'Prevent' };
  return { hook, effect: 'Report', guarantee: 'Observe' };
}

function standKill(hook: HookName, backend: Backend): Omit<ClassStanding, 'hook'> {
  if (backend.denies) return { effect: backend.signals ? 'DenyAndKill' : 'Deny', guarantee: 'Prevent' };
  if (!backend.signals) return { effect: 'Report', guarantee: 'Observe' };
  // A program killed at its exec dies before its first instruction.
  return { effect: 'Kill', guarantee: hook === 'exec' ? 'Prevent' : 'Terminate' };
}

/** The weakest of several offers. */
export function lowestOffer(offers: readonly Offer[]): Offer {
  return offers.reduce<Offer>((lowest, offer) => (RANK[offer] < RANK[lowest] ? offer : lowest), 'Prevent');
}

/** The weakest of several effects. */
export function lowestEffect(effects: readonly Effect[]): Effect {
  return effects.reduce<Effect>(
    (lowest, one) => (EFFECT_RANK[one] < EFFECT_RANK[lowest] ? one : lowest),
    'DenyAndKill',
  );
}

/** True where the node does less than the rule's action asks for. */
export function isWeaker(action: Action, standing: RuleStanding): boolean {
  return action !== 'Audit' && (standing.guarantee !== 'Prevent' || standing.refused);
}
