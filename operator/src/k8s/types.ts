// What the rooms of a cluster speak of: resources and objects, as far as this room has to know them. The shape of `spec`
// and `status` belongs to whoever asked for the resource.

/** A resource of the API: `group` is empty for the core group. */
export interface ResourceRef {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  /** Opaque: it may be handed back, never compared. */
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** A part of a resource's objects: all of them when nothing is given. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** Objects come with `metadata` alone: much less to send, parse and keep. */
  readonly metadataOnly?: boolean | undefined;
}

export interface ObjectName {
  readonly name: string;
  readonly namespace?: string | undefined;
}

/**
 * `listing`: nothing is known yet. `retrying`: the server is away or unwell, what is held stays. `absent`: the server does
 * not know the resource, a normal state. `forbidden`: the account may not read it.
 */
export type FeedState = 'listing' | 'watching' | 'retrying' | 'absent' | 'forbidden' | 'stopped';
export const FEED_STATES: readonly FeedState[] = ['listing', 'watching', 'retrying', 'absent', 'forbidden', 'stopped'];

/** The objects of a selection, kept as the server has them. */
export interface Feed<T extends KubeObject> {
  /** A list was completed, and `items` is what the server held at some moment since. */
  readonly synced: boolean;
  readonly state: FeedState;
  /** By `metadata.uid`. The same map throughout; it changes between two turns of the event loop. */
  items(): ReadonlyMap<string, T>;
  stop(): void;
}

export interface WatchOptions<T extends KubeObject> extends Selection {
  /** After any change of the items, and when `synced` changes. Work is done elsewhere: this only says "look". */
  readonly onChange: () => void;
  readonly onState?: ((state: FeedState) => void) | undefined;
  /** Keeps of an object what is needed; `managedFields` is dropped in any case. */
  readonly trim?: ((object: T) => T) | undefined;
}

export interface WriteOptions {
  /** Who owns the fields; the adapter's own name when absent. */
  readonly fieldManager?: string | undefined;
  /** Takes fields that another manager owns; default true. */
  readonly force?: boolean | undefined;
}
