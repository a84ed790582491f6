// Which tables the items and exceptions of one rule stand in.

import { RfClass, RfItemFlag, RfItemKind, RfLimits, RfOrigin, RfSession, RfTable } from '../abi/abi.gen.js';
import type { RfItem } from '../abi/abi.gen.js';
import type { ExceptIR, HookName, ItemIR, Origin, PatternIR, RuleIR, Session } from '../compile/ir.js';
import { type EncodedPattern, encodeAncestors, encodePattern, isExact } from './pattern.js';

export interface PlacedItem {
  readonly pattern: EncodedPattern;
  readonly item: RfItem;
}

/** One exception slot: exceptions that differ only in what they list are one. */
export interface Slot {
  /** Mask of RfSession. */
  readonly sessions: number;
  readonly binaries: readonly Omit<ItemIR, 'hooks'>[];
  readonly paths: readonly PatternIR[];
}

export const CLASS_OF: Readonly<Record<HookName, number>> = {
  'file-read': RfClass.READ,
  'file-write': RfClass.WRITE,
  'file-execute': RfClass.EXECUTE,
  'file-create': RfClass.CREATE,
  'file-delete': RfClass.DELETE,
  'file-rename': RfClass.RENAME,
  'file-link': RfClass.LINK,
  'file-attributes': RfClass.ATTRIBUTES,
  exec: RfClass.EXEC,
  'exec-map': RfClass.MAP,
};

const ORIGIN_OF: Readonly<Record<Origin, number>> = {
  Image: RfOrigin.IMAGE,
  UpperLayer: RfOrigin.UPPER_LAYER,
  ReadOnlyVolume: RfOrigin.READ_ONLY_VOLUME,
  WritableVolume: RfOrigin.WRITABLE_VOLUME,
  Anonymous: RfOrigin.ANONYMOUS,
  Unknown: RfOrigin.UNKNOWN,
};

export const SESSION_OF: Readonly<Record<Session, number>> = {
  Main: RfSession.MAIN,
  Exec: RfSession.EXEC,
  Probe: RfSession.PROBE,
  Lifecycle: RfSession.LIFECYCLE,
  Host: RfSession.HOST,
};

const EVERY_SESSION: readonly Session[] = ['Main', 'Exec', 'Probe', 'Lifecycle', 'Host'];

/** An item that covers one of the two guards the directories above against both: either gives the name away. */
export const MOVE_CLASSES = (1 << RfClass.RENAME) | (1 << RfClass.LINK);

const ANY_PATTERN: EncodedPattern = { table: RfTable.ANY, hash: 0n, words: new Uint8Array(0) };

export function classMask(hooks: readonly HookName[]): number {
  return hooks.reduce((mask, hook) => mask | (1 << CLASS_OF[hook]), 0);
}

export function sessionMask(sessions: readonly Session[]): number {
  return sessions.reduce((mask, session) => mask | (1 << SESSION_OF[session]), 0);
}

function originMask(origins: readonly Origin[] | undefined): number {
  return origins?.reduce((mask, origin) => mask | ORIGIN_OF[origin], 0) ?? RfOrigin.ALL;
}

/** Whether every name that matches has as many components: only then a cut path is known not to match. */
export function hasFixedDepth(pattern: PatternIR): boolean {
  return !pattern.floating && !pattern.subtree;
}

export function guardsAncestors(rule: RuleIR, item: ItemIR): boolean {
  return rule.kind === 'paths' && rule.list === 'deny' && (classMask(item.hooks) & MOVE_CLASSES) !== 0;
}

function flagsOf(rule: RuleIR, path: PatternIR): number {
  if (rule.list === 'allow') return 0;
  const byInode = isExact(path) ? RfItemFlag.ITEM_BY_INODE : 0;
  return rule.kind === 'binaries' ? byInode | RfItemFlag.ITEM_GIVEN_NAME : byInode;
}

function placeItem(rule: RuleIR, item: ItemIR, index: number): PlacedItem[] {
  const bare: RfItem = {
    index,
    kind: RfItemKind.ITEM_RULE,
    origins: originMask(item.origins),
    flags: 0,
    classes: classMask(item.hooks),
  };
  const { path } = item;
  if (path === undefined) return [{ pattern: ANY_PATTERN, item: bare }];
  const placed: PlacedItem[] = [{ pattern: encodePattern(path), item: { ...bare, flags: flagsOf(rule, path) } }];
  if (guardsAncestors(rule, item)) {
    for (const pattern of encodeAncestors(path)) placed.push({ pattern, item: { ...bare, classes: MOVE_CLASSES } });
  }
  if (item.origins !== undefined) {
    const flags = hasFixedDepth(path) ? 0 : RfItemFlag.ITEM_DEEP;
    placed.push({ pattern: ANY_PATTERN, item: { ...bare, kind: RfItemKind.ITEM_NAMED, flags } });
  }
  return placed;
}

export function placeRule(rule: RuleIR, index: number): PlacedItem[] {
  return rule.items.flatMap((item) => placeItem(rule, item, index));
}

/** Exceptions with both conditions, which must hold together, are slots of their own. */
function slotKey(except: ExceptIR, index: number): string {
  if (except.binaries !== undefined && except.paths !== undefined) return `both ${index}`;
  const sessions = except.sessions === undefined ? '' : String(sessionMask(except.sessions));
  if (except.binaries !== undefined) return `binaries ${sessions}`;
  return except.paths === undefined ? 'sessions' : `paths ${sessions}`;
}

export function slotsOf(rule: RuleIR): Slot[] {
  const slots = new Map<string, Slot>();
  rule.except.forEach((except, index) => {
    const key = slotKey(except, index);
    const known = slots.get(key);
    slots.set(key, {
      sessions: sessionMask(except.sessions ?? EVERY_SESSION) | (known?.sessions ?? 0),
      binaries: [...(known?.binaries ?? []), ...(except.binaries ?? [])],
      paths: [...(known?.paths ?? []), ...(except.paths ?? [])],
    });
  });
  return [...slots.values()];
}

/** Exceptions say nothing about classes: they hold for whatever their rule says. */
export function placeSlot(slot: Slot, index: number): PlacedItem[] {
  const bare = { index, flags: 0, classes: (1 << RfLimits.CLASSES) - 1 };
  const programs = slot.binaries.map(({ path, origins }) => ({
    pattern: path === undefined ? ANY_PATTERN : encodePattern(path),
    item: { ...bare, kind: RfItemKind.ITEM_EXCEPT_PROGRAM, origins: originMask(origins) },
  }));
  const objects = slot.paths.map((path) => ({
    pattern: encodePattern(path),
    item: { ...bare, kind: RfItemKind.ITEM_EXCEPT_OBJECT, origins: RfOrigin.ALL },
  }));
  return [...programs, ...objects];
}
