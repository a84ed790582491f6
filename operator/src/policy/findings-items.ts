// Items that other items make useless, or that contradict each other, within one policy.
import type { Check } from './check.js';
import { classesCover, guardsCover, holdsByInode, movesNames, objectCovers, objectsOverlap } from './items.js';
import type { ItemList, OperationClass, RuleItem } from './items.js';
import type { Action } from './schema.gen.js';

const STRICTNESS: Readonly<Record<Action, number>> = { Audit: 0, Block: 1, Kill: 2 };

/** Whether removing `narrow` changes nothing beside `wide` in the same list. */
function makesUseless(list: ItemList, wide: RuleItem, narrow: RuleItem): boolean {
  if (!classesCover(wide, narrow) || !objectCovers(wide, narrow)) return false;
  if (list.list === 'allow') return true;
  if (wide.pattern && holdsByInode(list, narrow) && !holdsByInode(list, wide)) return false;
  return !movesNames(narrow) || guardsCover(wide, narrow);
}

function shadowing(list: ItemList, index: number): RuleItem | undefined {
  const item = list.items[index];
  if (!item) return undefined;
  return list.items.find((other, at) => {
    if (at === index || !makesUseless(list, other, item)) return false;
    return at < index || !makesUseless(list, item, other);
  });
}

export function findShadowed(check: Check, lists: readonly ItemList[]): void {
  for (const list of lists)
    for (const [index, item] of list.items.entries()) {
      const wider = shadowing(list, index);
      if (!wider) continue;
      const expected = `an item that ${wider.path} does not cover`;
      check.report({
        code: 'SHADOWED',
        path: item.path,
        expected,
        got: 'one that matches nothing more',
        hint: 'remove it',
      });
    }
}

function governs(list: ItemList, one: OperationClass): boolean {
  return list.items.some((item) => item.classes.has(one));
}

/** Whether the allow list refuses everything that the item of a deny list does. */
function refuses(allow: ItemList, item: RuleItem): boolean {
  const classes = [...item.classes];
  return classes.every(
    (one) => governs(allow, one) && !allow.items.some((other) => other.classes.has(one) && objectsOverlap(other, item)),
  );
}

/** A deny of programs also holds for interpreters and libraries, of which an allow list says nothing. */
function canBeDead(list: ItemList, item: RuleItem): boolean {
  return list.kind === 'paths' && list.list === 'deny' && !holdsByInode(list, item) && !movesNames(item);
}

export function findDeadDeny(check: Check, lists: readonly ItemList[]): void {
  const allows = lists.filter(({ kind, list, rule }) => kind === 'paths' && list === 'allow' && !rule.except);
  for (const list of lists)
    for (const item of list.items.filter((one) => canBeDead(list, one))) {
      const strict = allows.filter(({ rule }) => STRICTNESS[rule.action] >= STRICTNESS[list.rule.action]);
      const dead = strict.find((allow) => refuses(allow, item));
      if (!dead) continue;
      const expected = `an item that rule ${dead.rule.name} does not refuse already`;
      check.report({ code: 'DEAD_DENY', path: item.path, expected, got: 'one that it refuses', hint: 'remove it' });
    }
}

/** Whether a deny list forbids everything, of some class, that an item of an allow list permits. */
function forbids(deny: ItemList, item: RuleItem): boolean {
  if (deny.rule.action === 'Audit' || deny.rule.except) return false;
  return deny.items.some(
    (other) => [...item.classes].some((one) => other.classes.has(one)) && objectCovers(other, item),
  );
}

export function findContradicted(check: Check, lists: readonly ItemList[]): void {
  const denies = lists.filter(({ list }) => list === 'deny');
  for (const list of lists.filter((one) => one.list === 'allow'))
    for (const item of list.items) {
      const deny = denies.find((other) => other.kind === list.kind && forbids(other, item));
      if (!deny) continue;
      const expected = `an item that rule ${deny.rule.name} does not deny`;
      const hint = 'remove it from one of the two rules; the denial holds';
      check.report({ code: 'ALLOW_CONTRADICTED', path: item.path, expected, got: 'one that it denies', hint });
    }
}

function disjointClass(a: ItemList, b: ItemList): OperationClass | undefined {
  const classes = new Set(a.items.flatMap((item) => [...item.classes]));
  return [...classes].find((one) => {
    const [first, second] = [a, b].map((list) => list.items.filter((item) => item.classes.has(one)));
    if (!first || !second || second.length === 0) return false;
    return !first.some((item) => second.some((other) => objectsOverlap(item, other)));
  });
}

function reportDisjoint(check: Check, a: ItemList, b: ItemList): void {
  const one = disjointClass(a, b);
  if (one === undefined) return;
  const finding = {
    path: `${b.rulePath}.${b.kind}.allow`,
    expected: `something in common with rule ${a.rule.name} for ${one}: allow lists intersect`,
    got: 'nothing in common, so that nothing is allowed',
    hint: 'put both into one list',
  };
  check.report({ code: 'ALLOW_LISTS_DISJOINT', ...finding });
}

/** Two allow rules that together allow nothing. Exceptions may still let something through. */
export function findAllowLists(check: Check, lists: readonly ItemList[]): void {
  const allows = lists.filter(({ list, rule }) => list === 'allow' && !rule.except);
  for (const [index, b] of allows.entries())
    for (const a of allows.slice(0, index)) if (a.kind === b.kind) reportDisjoint(check, a, b);
}

const REACHES_CONTENT: readonly OperationClass[] = ['Read', 'Write', 'Execute'];
const MOVES: readonly OperationClass[] = ['Rename', 'Link'];

/** File systems in which nothing can be renamed or linked. */
function hasFixedNames(item: RuleItem): boolean {
  const first = item.pattern?.components[0];
  return (
    item.pattern?.floating === false && first !== undefined && 'literal' in first && /^(proc|sys)$/.test(first.literal)
  );
}

function movesLeftFree(item: RuleItem, denied: readonly RuleItem[]): readonly OperationClass[] {
  if (!REACHES_CONTENT.some((one) => item.classes.has(one)) || hasFixedNames(item)) return [];
  return MOVES.filter((one) => !denied.some((other) => other.classes.has(one) && objectCovers(other, item)));
}

export function findNameCanMove(check: Check, lists: readonly ItemList[]): void {
  const denies = lists.filter(({ kind, list }) => kind === 'paths' && list === 'deny');
  const holding = denies.filter(({ rule }) => rule.action !== 'Audit').flatMap(({ items }) => items);
  for (const list of denies)
    for (const item of list.items) {
      const free = movesLeftFree(item, list.rule.action === 'Audit' ? [...holding, item] : holding);
      if (free.length === 0) continue;
      const expected = `${free.join(' and ')} denied too`;
      const hint = 'add them to access: under another name the file is another one';
      check.report({ code: 'NAME_CAN_MOVE', path: item.path, expected, got: [...item.classes].join(', '), hint });
    }
}
