// Events of a resource, one object at a time, made from the state of a feed: for handlers that want to be called for each
// object rather than look at all of them. Changes that came together are one event; none is lost; a handler that throws
// is called again. Two objects of one name that followed each other are two objects.
import type { Log } from '../log.js';
import type { Feed, KubeObject, WatchOptions } from './types.js';
import { WorkQueue } from './work-queue.js';

export type ChangeKind = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface Delivery<T extends KubeObject> {
  readonly watch: (options: Pick<WatchOptions<T>, 'onChange'>) => Feed<T>;
  readonly deliver: (kind: ChangeKind, object: T) => Promise<void>;
  readonly log: Log;
}

export class ResourceEvents<T extends KubeObject> {
  readonly #feed: Feed<T>;
  readonly #queue: WorkQueue<string>;
  readonly #deliver: Delivery<T>['deliver'];
  /** As last delivered. */
  readonly #known = new Map<string, T>();

  constructor({ watch, deliver, log }: Delivery<T>) {
    this.#deliver = deliver;
    this.#queue = new WorkQueue({
      work: async (uid) => {
        await this.#look(uid);
        return undefined;
      },
      onFailure: (uid, error, retryMs) => log.warn('handler failed', { uid, error: String(error), retryMs }),
    });
    this.#feed = watch({ onChange: () => this.#compare() });
  }

  async stop(): Promise<void> {
    this.#feed.stop();
    await this.#queue.stop();
  }

  #compare(): void {
    const items = this.#feed.items();
    for (const [uid, object] of items) if (this.#known.get(uid) !== object) this.#queue.add(uid);
    for (const uid of this.#known.keys()) if (!items.has(uid)) this.#queue.add(uid);
  }

  async #look(uid: string): Promise<void> {
    const object = this.#feed.items().get(uid);
    const known = this.#known.get(uid);
    if (object === known) return;
    if (object === undefined) {
      if (known !== undefined) await this.#deliver('DELETED', known);
      this.#known.delete(uid);
      return;
    }
    await this.#deliver(known === undefined ? 'ADDED' : 'MODIFIED', object);
    this.#known.set(uid, object);
  }
}
