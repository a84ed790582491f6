// Items of rules as sets of operations on objects, so that two of them can be compared.
import { isEverything, isExact, covers, guardedDirectories, overlaps } from './pattern-relation.js';
import { patternOf } from './pattern.js';
import type { Pattern } from './pattern.js';
import type { Access, BinaryMatch, OriginName, PathMatch } from './schema.gen.js';
import type { Policy, PolicyRule } from './types.js';

/** Classes of operations, of paths and of binaries. */
export type OperationClass = Access | 'Exec' | 'Map';

const ALL_ACCESS: readonly Access[] = ['Read', 'Write', 'Execute', 'Create', 'Delete', 'Rename', 'Link', 'Attributes'];
const UNTRUSTED: readonly OriginName[] = ['UpperLayer', 'WritableVolume', 'Anonymous', 'Unknown'];
const ALL_ORIGINS = 6;

export interface RuleItem {
  readonly path: string;
  readonly classes: ReadonlySet<OperationClass>;
  /** Absent: any object. */
  readonly pattern?: Pattern;
  /** Absent: any origin. */
  readonly origins?: ReadonlySet<OriginName>;
}

export interface ItemList {
  readonly rule: PolicyRule;
  readonly rulePath: string;
  readonly kind: 'binaries' | 'paths';
  readonly list: 'allow' | 'deny';
  readonly items: readonly RuleItem[];
}

function expandOrigins(origins: readonly OriginName[] | undefined): ReadonlySet<OriginName> | undefined {
  if (!origins) return undefined;
  const all = new Set(origins.flatMap((origin) => (origin === 'Untrusted' ? UNTRUSTED : [origin])));
  return all.size === ALL_ORIGINS ? undefined : all;
}

/** `path` and `origins` of an item or an exception. */
export function objectOf(match: Pick<BinaryMatch, 'path' | 'origins'>): Pick<RuleItem, 'pattern' | 'origins'> {
  const origins = expandOrigins(match.origins);
  return {
    ...(match.path === undefined ? {} : { pattern: patternOf(match.path) }),
    ...(origins ? { origins } : {}),
  };
}

function binaryItem(match: BinaryMatch, list: 'allow' | 'deny', path: string): RuleItem {
  return { path, classes: new Set(list === 'deny' ? ['Exec', 'Map'] : ['Exec']), ...objectOf(match) };
}

function pathItem(match: PathMatch, path: string): RuleItem {
  return { path, classes: new Set(match.access ?? ALL_ACCESS), pattern: patternOf(match.path) };
}

function listsOfRule(rule: PolicyRule, rulePath: string): ItemList[] {
  const { binaries, paths } = rule;
  const lists: ItemList[] = [];
  for (const list of ['allow', 'deny'] as const) {
    const at = (kind: string, index: number): string => `${rulePath}.${kind}.${list}[${index}]`;
    const programs = binaries?.[list]?.map((match, index) => binaryItem(match, list, at('binaries', index)));
    const names = paths?.[list]?.map((match, index) => pathItem(match, at('paths', index)));
    if (programs) lists.push({ rule, rulePath, kind: 'binaries', list, items: programs });
    if (names) lists.push({ rule, rulePath, kind: 'paths', list, items: names });
  }
  return lists;
}

const LISTS = new WeakMap<Policy, readonly ItemList[]>();

/** Worked out once for each policy: who compares many of them asks again and again. */
export function listsOf(policy: Policy): readonly ItemList[] {
  const known =
    LISTS.get(policy) ?? policy.spec.rules.flatMap((rule, index) => listsOfRule(rule, `spec.rules[${index}]`));
  LISTS.set(policy, known);
  return known;
}

function originsCover(wide: ReadonlySet<OriginName> | undefined, narrow: ReadonlySet<OriginName> | undefined): boolean {
  if (!wide) return true;
  return narrow !== undefined && [...narrow].every((origin) => wide.has(origin));
}

/** Every object of `narrow` is one of `wide`. */
export function objectCovers(wide: RuleItem, narrow: RuleItem): boolean {
  if (!originsCover(wide.origins, narrow.origins)) return false;
  if (!wide.pattern) return true;
  return narrow.pattern !== undefined && covers(wide.pattern, narrow.pattern);
}

/** Some object may be of both. */
export function objectsOverlap(a: Pick<RuleItem, 'pattern' | 'origins'>, b: RuleItem): boolean {
  const [first, second] = [a.origins, b.origins];
  const origins = !first || !second || [...first].some((origin) => second.has(origin));
  return origins && (!a.pattern || !b.pattern || overlaps(a.pattern, b.pattern));
}

export function classesCover(wide: RuleItem, narrow: RuleItem): boolean {
  return [...narrow.classes].every((one) => wide.classes.has(one));
}

export function movesNames(item: RuleItem): boolean {
  return item.classes.has('Rename') || item.classes.has('Link');
}

/** A deny of one name holds for its inode too, under whatever name: no pattern of names covers that. */
export function holdsByInode(list: ItemList, item: RuleItem): boolean {
  return list.list === 'deny' && item.pattern !== undefined && isExact(item.pattern);
}

/** Whether what `narrow` forbids to directories above its names is forbidden by `wide` as well. */
export function guardsCover(wide: RuleItem, narrow: RuleItem): boolean {
  const { pattern } = wide;
  if (!pattern || !narrow.pattern) return true;
  if (isEverything(pattern)) return true;
  const guarded = guardedDirectories(pattern);
  return guardedDirectories(narrow.pattern).every(
    (directory) => covers(pattern, directory) || guarded.some((other) => covers(other, directory)),
  );
}
