// Classes of operations, as policies, events and the command line name them, and the hook concept of each.

import type { HookName } from './ir.js';

const HOOK_OF_CLASS = {
  Read: 'file-read',
  Write: 'file-write',
  Execute: 'file-execute',
  Create: 'file-create',
  Delete: 'file-delete',
  Rename: 'file-rename',
  Link: 'file-link',
  Attributes: 'file-attributes',
  Exec: 'exec',
  Map: 'exec-map',
} as const satisfies Readonly<Record<string, HookName>>;

export type ClassName = keyof typeof HOOK_OF_CLASS;

/** All of them, in the order of HookName. */
export const HOOKS: readonly HookName[] = Object.values(HOOK_OF_CLASS);

const CLASS_OF_HOOK: ReadonlyMap<HookName, string> = new Map(
  Object.entries(HOOK_OF_CLASS).map(([name, hook]) => [hook, name]),
);

export function isClassName(name: string): name is ClassName {
  return Object.hasOwn(HOOK_OF_CLASS, name);
}

export function hookOfClass(name: ClassName): HookName {
  return HOOK_OF_CLASS[name];
}

export function classOfHook(hook: HookName): ClassName {
  const name = CLASS_OF_HOOK.get(hook);
  if (name === undefined || !isClassName(name)) throw new Error(`no class for hook ${hook}`);
  return name;
}
