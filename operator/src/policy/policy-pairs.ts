// What two policies on the same containers make of each other: allow lists that intersect, and rules that the other makes moot.
import { classesCover, guardsCover, holdsByInode, listsOf, movesNames, objectCovers, objectsOverlap } from './items.js';
import type { ItemList, RuleItem } from './items.js';
import type { Action, Guarantee } from './schema.gen.js';
import type { Policy, PolicySpec } from './types.js';

export interface PairFinding {
  readonly code: 'ALLOW_LISTS_INTERSECT' | 'COVERED_BY';
  /** In the first of the two. */
  readonly path: string;
  /** Of ALLOW_LISTS_INTERSECT: entries of the list that still allow something. */
  readonly remaining?: number;
}

const ACTIONS: readonly Action[] = ['Audit', 'Block', 'Kill'];
const GUARANTEES: readonly Guarantee[] = ['Observe', 'Terminate', 'Prevent'];
const SESSIONS = ['Main', 'Exec', 'Probe', 'Lifecycle'] as const;

function sessionsOf({ selector }: PolicySpec): readonly string[] {
  return selector.sessions ?? SESSIONS;
}

function inClassesOf(list: ItemList, item: RuleItem): readonly RuleItem[] {
  return list.items.filter(({ classes }) => [...item.classes].some((one) => classes.has(one)));
}

/** Whether the wider item forbids all that the narrower one does, moving what stands above it included. */
function deniesAll(wide: ItemList, item: RuleItem, narrow: ItemList, other: RuleItem): boolean {
  if (!classesCover(item, other) || !objectCovers(item, other)) return false;
  if (holdsByInode(narrow, other) && !holdsByInode(wide, item)) return false;
  return !movesNames(other) || guardsCover(item, other);
}

/** Whether whoever keeps to `strict` keeps to `list` as well. */
function forbidsAll(strict: ItemList, list: ItemList): boolean {
  if (list.list === 'deny') {
    return list.items.every((item) => strict.items.some((wide) => deniesAll(strict, wide, list, item)));
  }
  const classes = new Set(list.items.flatMap((item) => [...item.classes]));
  return [...classes].every((one) => {
    const [own, others] = [list, strict].map(({ items }) => items.filter((item) => item.classes.has(one)));
    if (own === undefined || others === undefined || others.length === 0) return false;
    return others.every((item) => own.some((wide) => objectCovers(wide, item)));
  });
}

function isAsStrict(strict: ItemList, list: ItemList): boolean {
  const [a, b] = [strict.rule, list.rule];
  return (
    a.except === undefined &&
    ACTIONS.indexOf(a.action) >= ACTIONS.indexOf(b.action) &&
    GUARANTEES.indexOf(a.minimumGuarantee) <= GUARANTEES.indexOf(b.minimumGuarantee)
  );
}

/** Whether the other policy decides no milder, on no fewer sessions. */
function isNoMilder(other: PolicySpec, spec: PolicySpec): boolean {
  return (
    other.mode === spec.mode &&
    ACTIONS.indexOf(other.unresolved) >= ACTIONS.indexOf(spec.unresolved) &&
    (other.mainProcess === 'Kill' || spec.mainProcess === 'Block') &&
    sessionsOf(spec).every((session) => sessionsOf(other).includes(session))
  );
}

function makesMoot(strict: ItemList, list: ItemList): boolean {
  return strict.kind === list.kind && strict.list === list.list && isAsStrict(strict, list) && forbidsAll(strict, list);
}

/** Of two rules that mean the same the one of the later name is moot. */
function comesLater(policy: Policy, other: Policy): boolean {
  const [a, b] = [policy, other].map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`);
  return (a ?? '') > (b ?? '');
}

function findCovered(policy: Policy, other: Policy): PairFinding[] {
  if (!isNoMilder(other.spec, policy.spec)) return [];
  const isMutual = isNoMilder(policy.spec, other.spec);
  const others = listsOf(other);
  const covered = listsOf(policy).filter((list) => {
    if (list.rule.action === 'Audit') return false;
    return others.some((strict) => {
      if (!makesMoot(strict, list)) return false;
      return comesLater(policy, other) || !isMutual || !makesMoot(list, strict);
    });
  });
  return covered.map(({ rulePath }) => ({ code: 'COVERED_BY', path: rulePath }));
}

/** Entries of the list that the other leaves something of; undefined where it takes nothing from any. */
function remainingOf(list: ItemList, other: ItemList): number | undefined {
  const shared = list.items.filter((item) => inClassesOf(other, item).length > 0);
  const isWhole = (item: RuleItem): boolean =>
    [...item.classes].every((one) => {
      const theirs = other.items.filter(({ classes }) => classes.has(one));
      return theirs.length === 0 || theirs.some((wide) => objectCovers(wide, item));
    });
  if (shared.every(isWhole)) return undefined;
  const isLeft = (item: RuleItem): boolean => inClassesOf(other, item).some((one) => objectsOverlap(item, one));
  return list.items.length - shared.filter((item) => !isLeft(item)).length;
}

function findIntersecting(policy: Policy, other: Policy): PairFinding[] {
  const [spec, theirs] = [policy.spec, other.spec];
  if (spec.mode !== theirs.mode) return [];
  if (!sessionsOf(spec).some((session) => sessionsOf(theirs).includes(session))) return [];
  const allows = (one: Policy): ItemList[] =>
    listsOf(one).filter(({ list, rule }) => list === 'allow' && rule.action !== 'Audit');
  return allows(policy).flatMap((list) => {
    const counts = allows(other)
      .filter(({ kind }) => kind === list.kind)
      .flatMap((one) => remainingOf(list, one) ?? []);
    if (counts.length === 0) return [];
    const path = `${list.rulePath}.${list.kind}.allow`;
    return [{ code: 'ALLOW_LISTS_INTERSECT', path, remaining: Math.min(...counts) }];
  });
}

/**
 * What the other policy makes of this one, where both are on a container. COVERED_BY holds only where the other selects every
 * container that this one does, which the caller knows.
 */
export function comparePolicies(policy: Policy, other: Policy): PairFinding[] {
  return [...findIntersecting(policy, other), ...findCovered(policy, other)];
}
