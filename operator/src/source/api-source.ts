// Policies from the API server: what its objects say, merged with what was good before. uid -> object. Generations are the
// server's. An object that the validator rejects keeps its last good version; one that is deleted goes. At start the last
// good objects come from the state directory, until the server has been heard.

import { contentHash } from './identity.js';
import type { GoodObject, ObjectState } from './merge.js';
import { readDocument } from './policy-source.js';
import type { SourceState } from './policy-source.js';
import type { ObjectIdentity, SourceDocument } from './documents.js';
import type { ValidateOptions } from '../policy/validate.js';
import type { StoredObject } from './state.js';

/** The part of a policy object that is read here. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly uid?: string;
    readonly name: string;
    readonly namespace?: string;
    readonly generation?: number;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
}

export const PAUSED_ANNOTATION = 'ringfence.io/paused';

interface Read {
  readonly version: string;
  readonly document: SourceDocument | undefined;
}

export class ApiSource {
  readonly #options: ValidateOptions;
  readonly #read = new Map<string, Read>();
  /** By uid: an object that is there as it was says what it said. */
  #seen = new Map<string, { readonly object: ApiObject; readonly state: ObjectState }>();
  #good = new Map<string, GoodObject>();

  constructor(options: ValidateOptions) {
    this.#options = options;
  }

  /** Last good objects of an earlier run. One that this version does not accept is left out. */
  restore(stored: readonly StoredObject[]): SourceState {
    const objects = new Map<string, ObjectState>();
    for (const one of stored.filter(({ source }) => source === 'API')) {
      const document = this.#document(one.uid, one.generation, one.text, one.file);
      if (document?.policy === undefined) continue;
      const { uid, kind, namespace, name, generation, file, text, pausedUntil } = one;
      const identity = { uid, kind, namespace, name, ...(pausedUntil !== undefined && { pausedUntil }) };
      const good: GoodObject = { ...identity, generation, file, text, source: 'API', policy: document.policy };
      objects.set(uid, { ...identity, observedGeneration: generation, issues: [], good });
      this.#good.set(uid, good);
    }
    return { objects, strayIssues: [] };
  }

  /** @param unheard kinds that the server has not listed yet: what was good of them stays */
  take(present: Iterable<ApiObject>, unheard: ReadonlySet<string>): SourceState {
    const objects = new Map<string, ObjectState>();
    const seen = new Map<string, { readonly object: ApiObject; readonly state: ObjectState }>();
    for (const object of present) {
      const state = this.#stateOf(object);
      if (state === undefined) continue;
      objects.set(state.uid, state);
      seen.set(state.uid, { object, state });
    }
    this.#seen = seen;
    for (const [uid, good] of this.#good) {
      if (!objects.has(uid) && unheard.has(good.kind)) objects.set(uid, kept(good));
    }
    this.#good = new Map([...objects].flatMap(([uid, { good }]) => (good === undefined ? [] : [[uid, good] as const])));
    for (const uid of this.#read.keys()) if (!objects.has(uid)) this.#read.delete(uid);
    return { objects, strayIssues: [] };
  }

  #stateOf(object: ApiObject): ObjectState | undefined {
    const known = this.#seen.get(object.metadata.uid ?? '');
    return known?.object === object ? known.state : this.#state(object);
  }

  #state(object: ApiObject): ObjectState | undefined {
    const identity = identityOf(object);
    if (identity === undefined) return undefined;
    const { uid, kind, namespace, name } = identity;
    const generation = object.metadata.generation ?? 1;
    const file = [kind, namespace, name].filter((part) => part !== '').join('/');
    const text = textOf(object);
    const document = this.#document(uid, generation, text, file);
    const before = this.#good.get(uid);
    const good = document?.policy ? goodOf({ ...identity, generation, file, text }, document.policy, before) : before;
    const issues = document?.issues ?? [];
    return { ...identity, observedGeneration: generation, issues, ...(good && { good }) };
  }

  #document(uid: string, generation: number, text: string, file: string): SourceDocument | undefined {
    const version = `${generation} ${contentHash(text)}`;
    const known = this.#read.get(uid);
    if (known?.version === version) return known.document;
    const document = readDocument(text, file, this.#options);
    this.#read.set(uid, { version, document });
    return document;
  }
}

function identityOf({ kind, metadata }: ApiObject): ObjectIdentity | undefined {
  const { uid, name, namespace = '', annotations } = metadata;
  const pausedUntil = annotations?.[PAUSED_ANNOTATION];
  return uid === undefined
    ? undefined
    : { uid, kind, namespace, name, ...(pausedUntil !== undefined && { pausedUntil }) };
}

/** JSON is YAML; what the server adds is not the author's. */
function textOf({ apiVersion, kind, metadata: { name, namespace }, spec }: ApiObject): string {
  return JSON.stringify({ apiVersion, kind, metadata: { name, ...(namespace && { namespace }) }, spec });
}

/** The same object as before where nothing changed: what was compiled of it is still right. */
function goodOf(
  named: Omit<GoodObject, 'source' | 'policy' | 'workloads'>,
  policy: NonNullable<GoodObject['policy']>,
  before: GoodObject | undefined,
): GoodObject {
  const same = before?.generation === named.generation && before.text === named.text;
  if (same && before.pausedUntil === named.pausedUntil) return before;
  return { ...named, source: 'API', policy };
}

function kept(good: GoodObject): ObjectState {
  const { uid, kind, namespace, name, pausedUntil, generation } = good;
  const identity = { uid, kind, namespace, name, ...(pausedUntil !== undefined && { pausedUntil }) };
  return { ...identity, observedGeneration: generation, issues: [], good };
}
