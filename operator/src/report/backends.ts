// What a node says it can do, as agent and controller exchange it: operation classes by rule kind, as in policies.

import type { HookName } from '../compile/ir.js';
import type { Backend, Backends } from './guarantee.js';
import type { NodeBackend, NodeRuleKind } from './objects.gen.js';

export interface HookClass {
  readonly kind: NodeRuleKind;
  readonly class: string;
}

export const HOOK_CLASSES: Readonly<Record<HookName, HookClass>> = {
  'file-read': { kind: 'paths', class: 'Read' },
  'file-write': { kind: 'paths', class: 'Write' },
  'file-execute': { kind: 'paths', class: 'Execute' },
  'file-create': { kind: 'paths', class: 'Create' },
  'file-delete': { kind: 'paths', class: 'Delete' },
  'file-rename': { kind: 'paths', class: 'Rename' },
  'file-link': { kind: 'paths', class: 'Link' },
  'file-attributes': { kind: 'paths', class: 'Attributes' },
  exec: { kind: 'binaries', class: 'Exec' },
  'exec-map': { kind: 'binaries', class: 'Map' },
};

const HOOKS = new Map(Object.entries(HOOK_CLASSES).map(([hook, place]) => [nameOf(place), hook as HookName]));

function nameOf(place: HookClass): string {
  return `${place.kind}/${place.class}`;
}

export function publishBackends(backends: Backends): NodeBackend[] {
  return [...backends].map(([hook, backend]) => ({ ...HOOK_CLASSES[hook], ...backend }));
}

/** A class that this version does not know is left out: no rule that it knows can need it. */
export function readBackends(published: readonly NodeBackend[]): Backends {
  const known = published.flatMap(({ hook, denies, signals, ...place }): [HookName, Backend][] => {
    const name = HOOKS.get(nameOf(place));
    return name === undefined ? [] : [[name, { hook, denies, signals }]];
  });
  return new Map(known);
}

/** Nodes with the same answer offer the same. */
export function backendSignature(published: readonly NodeBackend[]): string {
  return published
    .map((one) => `${nameOf(one)}=${Number(one.denies)}${Number(one.signals)}${one.hook}`)
    .sort()
    .join(' ');
}
