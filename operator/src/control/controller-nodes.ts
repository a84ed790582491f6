// Node states as the controller sees them: read once for each version, with the policies that a change is about.

import type { KubeObject } from '../k8s/index.js';
import { backendSignature, readBackends } from '../report/backends.js';
import type { NodeView } from '../report/fold-nodes.js';
import type { Backends } from '../report/guarantee.js';
import type { NodeStateStatus } from '../report/objects.gen.js';

/** An agent that has not renewed its lease for so long is away. */
export const STALE_MS = 40_000;

export interface NodeStateObject extends KubeObject {
  readonly status?: NodeStateStatus;
}

/** `all`: what changed may concern every policy. */
export interface NodeChanges {
  readonly policies: ReadonlySet<string> | 'all';
  readonly changed: readonly NodeView[];
  /** Names of nodes whose state is no more. */
  readonly removed: readonly string[];
}

interface Change {
  readonly view: NodeView;
  /** The object changed, and not only how old its lease is. */
  readonly isNew: boolean;
  readonly policies: ReadonlySet<string> | 'all';
}

interface Known {
  readonly resourceVersion: string;
  readonly view: NodeView;
}

export class ControllerNodes {
  readonly #known = new Map<string, Known>();
  readonly #backends = new Map<string, Backends>();
  readonly #isFresh: (node: string) => boolean;

  /** @param isFresh whether the agent of a node renews its lease */
  constructor(isFresh: (node: string) => boolean) {
    this.#isFresh = isFresh;
  }

  views(): NodeView[] {
    return [...this.#known.values()].map(({ view }) => view);
  }

  has(node: string): boolean {
    return this.#known.has(node);
  }

  sync(objects: Iterable<NodeStateObject>): NodeChanges {
    const present = new Set<string>();
    const changed: NodeView[] = [];
    const policies = new Set<string>();
    let all = false;
    for (const object of objects) {
      present.add(object.metadata.name);
      const change = this.#take(object);
      if (change === undefined) continue;
      if (change.isNew) changed.push(change.view);
      if (change.policies === 'all') all = true;
      else for (const uid of change.policies) policies.add(uid);
    }
    const removed = [...this.#known.keys()].filter((name) => !present.has(name));
    for (const name of removed) this.#known.delete(name);
    return { policies: all || removed.length > 0 ? 'all' : policies, changed, removed };
  }

  /** Undefined: as before. */
  #take(object: NodeStateObject): Change | undefined {
    const { name, resourceVersion = '' } = object.metadata;
    const before = this.#known.get(name);
    const fresh = this.#isFresh(name);
    const isNew = before?.resourceVersion !== resourceVersion;
    if (!isNew && before.view.fresh === fresh) return undefined;
    const view = isNew ? this.#read(object, fresh) : { ...before.view, fresh };
    this.#known.set(name, { resourceVersion, view });
    if (before === undefined || concernsAll(before.view, view)) return { view, isNew, policies: 'all' };
    return { view, isNew, policies: concerned(before.view.state, view.state) };
  }

  #read({ metadata, status = {} }: NodeStateObject, fresh: boolean): NodeView {
    const [problems, findings] = [byPolicy(status.problems), byPolicy(status.findings)];
    return { name: metadata.name, state: status, backends: this.#sharedBackends(status), fresh, problems, findings };
  }

  #sharedBackends({ backends = [] }: NodeStateStatus): Backends {
    const signature = backendSignature(backends);
    const known = this.#backends.get(signature) ?? readBackends(backends);
    this.#backends.set(signature, known);
    return known;
  }
}

function byPolicy<T extends { readonly uid: string }>(list: readonly T[] = []): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of list) found.set(one.uid, [...(found.get(one.uid) ?? []), one]);
  return found;
}

function concernsAll(before: NodeView, now: NodeView): boolean {
  if (before.fresh !== now.fresh || before.backends !== now.backends) return true;
  const fields = ['mode', 'observed', 'kernel', 'omitted', 'agent'] as const;
  return fields.some((field) => !isSame(before.state[field], now.state[field]));
}

/** Policies about which the two states say different things. */
function concerned(before: NodeStateStatus, now: NodeStateStatus): Set<string> {
  const maps = ['programmed', 'selected', 'predating'] as const;
  const uids = maps.flatMap((field) => changedKeys(before[field], now[field]));
  const totals = changedKeys(before.totals, now.totals).map((key) => key.slice(0, key.indexOf('/')));
  return new Set([...uids, ...totals, ...changedProblems(before, now), ...changedFindings(before, now)]);
}

function changedProblems(before: NodeStateStatus, now: NodeStateStatus): string[] {
  if (isSame(before.problems, now.problems) && isSame(before.podProblems, now.podProblems)) return [];
  const both = [before, now];
  const problems = both.flatMap((state) => state.problems ?? []).map(({ uid }) => uid);
  return [...problems, ...both.flatMap((state) => state.podProblems ?? []).flatMap(({ policy }) => policy ?? [])];
}

function changedFindings(before: NodeStateStatus, now: NodeStateStatus): string[] {
  if (isSame(before.findings, now.findings)) return [];
  return [before, now].flatMap(({ findings = [] }) => findings).map(({ uid }) => uid);
}

function changedKeys(before: Keyed = {}, now: Keyed = {}): string[] {
  const gone = Object.keys(before).filter((key) => !(key in now));
  return [...gone, ...Object.keys(now).filter((key) => !isSame(before[key], now[key]))];
}

type Keyed = Readonly<Record<string, unknown>>;

function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b));
}
