// Short spellings of policies and operations for tests. Patterns here have no escapes; the real parser is tested by itself.

import type {
  ComponentIR,
  ExceptIR,
  HookName,
  ItemIR,
  ObjectIR,
  OperationIR,
  PatternIR,
  PolicyIR,
  RuleIR,
} from '../../operator/src/compile/ir.js';
import { canonicalComponents } from '../../operator/src/compile/names.js';

function component(text: string): ComponentIR {
  const star = text.indexOf('*');
  return star === -1 ? { literal: text } : { prefix: text.slice(0, star), suffix: text.slice(star + 1) };
}

export function pattern(text: string): PatternIR {
  const floating = text.startsWith('**') && text !== '/**';
  const subtree = text.endsWith('/**');
  const parts = text.split('/').filter((part) => part !== '' && part !== '**');
  const components = (floating ? parts : canonicalComponents(parts)).map(component);
  return { floating, components, subtree, text };
}

export const FILE_HOOKS: readonly HookName[] = [
  'file-read',
  'file-write',
  'file-execute',
  'file-create',
  'file-delete',
  'file-rename',
  'file-link',
  'file-attributes',
];

/** An item of a `paths` list; without hooks it speaks about all eight. */
export function path(text: string, ...hooks: HookName[]): ItemIR {
  return { hooks: hooks.length === 0 ? FILE_HOOKS : hooks, path: pattern(text) };
}

/** An item of a `binaries` list. Allow items have `exec` only. */
export function binary(text: string | undefined, extra: Partial<ItemIR> = {}): ItemIR {
  return { hooks: ['exec', 'exec-map'], ...(text === undefined ? {} : { path: pattern(text) }), ...extra };
}

export type RulePatch = Partial<Omit<RuleIR, 'except'>> & { readonly except?: readonly ExceptIR[] };

function rule(kind: RuleIR['kind'], list: RuleIR['list'], items: readonly ItemIR[], patch: RulePatch): RuleIR {
  const named = items.map((item) =>
    kind === 'binaries' && list === 'allow' ? { ...item, hooks: ['exec' as const] } : item,
  );
  return {
    name: 'r',
    kind,
    list,
    governs: [...new Set(named.flatMap((item) => item.hooks))],
    items: named,
    except: [],
    action: 'Kill',
    minimumGuarantee: 'Observe',
    severity: 'Medium',
    category: kind === 'paths' ? 'File' : 'Process',
    tags: [],
    ...patch,
  };
}

export const denyPaths = (items: readonly ItemIR[], patch: RulePatch = {}): RuleIR =>
  rule('paths', 'deny', items, patch);
export const allowPaths = (items: readonly ItemIR[], patch: RulePatch = {}): RuleIR =>
  rule('paths', 'allow', items, patch);
export const denyBinaries = (items: readonly ItemIR[], patch: RulePatch = {}): RuleIR =>
  rule('binaries', 'deny', items, patch);
export const allowBinaries = (items: readonly ItemIR[], patch: RulePatch = {}): RuleIR =>
  rule('binaries', 'allow', items, patch);

export function policy(name: string, rules: readonly RuleIR[], patch: Partial<PolicyIR> = {}): PolicyIR {
  return {
    uid: `uid-${name}`,
    kind: 'RuntimePolicy',
    namespace: 'default',
    name,
    generation: 1,
    source: 'File',
    mode: 'Enforce',
    layer: 'namespace',
    scope: { scope: 'Pods', namespace: 'default', podSelector: { matchLabels: {}, matchExpressions: [] } },
    mainProcess: 'Kill',
    unresolved: 'Block',
    rules,
    ...patch,
  };
}

export type OperationPatch = Partial<Omit<OperationIR, 'object'>> & { readonly object?: Partial<ObjectIR> };

function operation(hooks: readonly HookName[], name: string | undefined, patch: OperationPatch): OperationIR {
  return {
    hooks,
    session: 'Main',
    mainProcess: false,
    program: { path: '/usr/bin/app', origin: 'Image' },
    ...patch,
    object: { origin: 'Image', ...(name === undefined ? {} : { path: name }), ...patch.object },
  };
}

export const exec = (name: string | undefined, patch: OperationPatch = {}): OperationIR =>
  operation(['exec', 'file-execute'], name, patch);
export const map = (name: string | undefined, patch: OperationPatch = {}): OperationIR =>
  operation(['exec-map', 'file-execute'], name, patch);
export const read = (name: string | undefined, patch: OperationPatch = {}): OperationIR =>
  operation(['file-read'], name, patch);
export const file = (hook: HookName, name: string, patch: OperationPatch = {}): OperationIR =>
  operation([hook], name, patch);

export const directory: OperationPatch = { object: { isDirectory: true } };
