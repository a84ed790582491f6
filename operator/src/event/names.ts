// Names of the kernel contract's enums, as events and the command line show them.

import { RfClass, RfEventFlag, RfHook, RfMiss, RfOrigin, RfSession } from '../abi/abi.gen.js';
import type { ClassName } from '../compile/classes.js';
import type { Action, Session } from '../compile/ir.js';

/** In the order of rf_class. */
export const CLASS_NAMES: readonly ClassName[] = [
  'Read',
  'Write',
  'Execute',
  'Create',
  'Delete',
  'Rename',
  'Link',
  'Attributes',
  'Exec',
  'Map',
];

export function classNames(mask: number): ClassName[] {
  return CLASS_NAMES.filter((_, bit) => (mask & (1 << bit)) !== 0);
}

const HOOKS = new Map<number, string>([
  [RfHook.EXEC, 'exec'],
  [RfHook.MAP, 'map'],
  [RfHook.OPEN, 'open'],
  [RfHook.RECEIVE, 'receive'],
  [RfHook.TRUNCATE, 'truncate'],
  [RfHook.CREATE, 'create'],
  [RfHook.UNLINK, 'unlink'],
  [RfHook.RENAME, 'rename'],
  [RfHook.LINK, 'link'],
  [RfHook.ATTRIBUTES, 'attributes'],
  [RfHook.MOUNT, 'mount'],
]);

const ORIGINS = new Map<number, string>([
  [RfOrigin.IMAGE, 'Image'],
  [RfOrigin.UPPER_LAYER, 'UpperLayer'],
  [RfOrigin.READ_ONLY_VOLUME, 'ReadOnlyVolume'],
  [RfOrigin.WRITABLE_VOLUME, 'WritableVolume'],
  [RfOrigin.ANONYMOUS, 'Anonymous'],
]);

const MISSES = new Map<number, string>([
  [RfMiss.DETACHED, 'Detached'],
  [RfMiss.DEEP, 'Deep'],
  [RfMiss.UNSTABLE, 'Unstable'],
  [RfMiss.READ, 'Read'],
  [RfMiss.NO_MOUNT, 'NoMount'],
]);

const SESSIONS = new Map<number, Session>([
  [RfSession.MAIN, 'Main'],
  [RfSession.EXEC, 'Exec'],
  [RfSession.PROBE, 'Probe'],
  [RfSession.LIFECYCLE, 'Lifecycle'],
  [RfSession.HOST, 'Host'],
]);

const NOTES: readonly (readonly [number, string])[] = [
  [RfEventFlag.EVENT_UNRESOLVED, 'Unresolved'],
  [RfEventFlag.EVENT_PROTECTED, 'Protected'],
  [RfEventFlag.EVENT_NODE_MONITOR, 'NodeMonitor'],
  [RfEventFlag.EVENT_KILL_FAILED, 'KillFailed'],
  [RfEventFlag.EVENT_CANNOT_DENY, 'CannotDeny'],
  [RfEventFlag.EVENT_ENDS_SETUP, 'EndsSetup'],
];

/** In the order of rf_action. */
const ACTIONS: readonly (Action | 'Allow')[] = ['Allow', 'Audit', 'Block', 'Kill'];

export function hookName(hook: number): string {
  return HOOKS.get(hook) ?? 'unknown';
}

export function originName(origin: number): string {
  return ORIGINS.get(origin) ?? 'Unknown';
}

export function missName(miss: number): string | undefined {
  return MISSES.get(miss);
}

export function sessionName(session: number): string {
  return SESSIONS.get(session) ?? 'Host';
}

export function noteNames(flags: number): string[] {
  return NOTES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
}

export function verdictName(action: number): Action | 'Allow' {
  return ACTIONS[action] ?? 'Allow';
}

/** A hit is at least reported. */
export function actionName(action: number): Action {
  const name = verdictName(action);
  return name === 'Allow' ? 'Audit' : name;
}

export function classBit(name: ClassName): number {
  return 1 << RfClass[name.toUpperCase() as Uppercase<ClassName>];
}
