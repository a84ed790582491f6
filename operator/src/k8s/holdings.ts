// What a feed holds: uid -> object, as last listed or reported. An object that was deleted and made again under the same
// name is another object, whether or not its deletion was seen.
import { nameOf } from './resources.js';
import type { WatchEvent } from './watch-events.js';
import type { KubeObject } from './types.js';

type Keep<T> = (object: T) => T;

/** The name stands in for servers that give no uid: none of Kubernetes' own, but then nothing is lost. */
const uidOf = (object: KubeObject): string => object.metadata.uid ?? nameOf(object);

export class Holdings<T extends KubeObject> {
  readonly items = new Map<string, T>();
  /** name -> uid of the object that has it now. */
  readonly #names = new Map<string, string>();
  readonly #keep: Keep<T>;

  constructor(trim: Keep<T> = (object) => object) {
    this.#keep = (object) => {
      delete (object.metadata as { managedFields?: unknown }).managedFields;
      return trim(object);
    };
  }

  /** Makes the items those of the list. Says whether anything differed. */
  replace(listed: readonly T[]): boolean {
    const present = new Set(listed.map(uidOf));
    let changed = false;
    for (const [uid, object] of [...this.items]) {
      if (!present.has(uid)) changed = this.#drop(uid, object) || changed;
    }
    for (const object of listed) changed = this.#put(object) || changed;
    return changed;
  }

  /** Says whether anything differed. */
  change({ type, object }: WatchEvent): boolean {
    if (type === 'BOOKMARK') return false;
    const uid = uidOf(object);
    if (type === 'DELETED') return this.#drop(uid, object);
    return this.#put(object as T);
  }

  clear(): boolean {
    return this.replace([]);
  }

  #put(object: T): boolean {
    const uid = uidOf(object);
    const name = nameOf(object);
    const before = this.#names.get(name);
    if (before !== undefined && before !== uid) this.items.delete(before);
    this.#names.set(name, uid);
    const held = this.items.get(uid)?.metadata.resourceVersion;
    if (held !== undefined && held === object.metadata.resourceVersion) return false;
    this.items.set(uid, this.#keep(object));
    return true;
  }

  #drop(uid: string, object: KubeObject): boolean {
    const name = nameOf(object);
    if (this.#names.get(name) === uid) this.#names.delete(name);
    return this.items.delete(uid);
  }
}
