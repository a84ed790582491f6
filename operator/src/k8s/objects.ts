// Single objects and whole lists: read, written, deleted. Every call is one request (a list: one for each page) and
// throws a ClusterFault; trying again is the work queue's business.
import { faultOfAnswer, isFault, isObject } from './answer.js';
import { apiVersionOf, collectionPath, objectPath } from './resources.js';
import { ClusterFault } from '../errors.js';
import { describeRequest, type ApiRequest, type Query, type Transport } from './transport.js';
import type { KubeObject, ObjectName, ResourceRef, Selection, WriteOptions } from './types.js';

/** Objects on one page of a list. */
export const PAGE_SIZE = 500;

/** The content types of patches. Server-side apply takes YAML, of which JSON is a part. */
const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';

export interface Page<T> {
  readonly items: T[];
  readonly resourceVersion: string;
  readonly next: string | undefined;
}

export interface Deletion extends ObjectName {
  /** Delete this object only, not one that took its name. */
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

export class Objects {
  readonly #transport: Transport;
  readonly #fieldManager: string;

  constructor(transport: Transport, fieldManager: string) {
    this.#transport = transport;
    this.#fieldManager = fieldManager;
  }

  /** The object, or undefined when there is none. */
  async get<T extends KubeObject>(
    ref: ResourceRef,
    name: string,
    namespace?: string,
    form: Pick<Selection, 'metadataOnly'> = {},
  ): Promise<T | undefined> {
    try {
      const object = await this.#object<T>({
        ...{ verb: 'GET', path: objectPath(ref, { name, namespace }), accept: acceptOf(form) },
      });
      return form.metadataOnly === true ? { ...object, ...kindOf(ref, {}) } : object;
    } catch (error) {
      if (isFault(error, 'CLUSTER_NOT_FOUND')) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(ref: ResourceRef, selection: Selection = {}): Promise<T[]> {
    return (await this.listAll<T>(ref, selection)).items;
  }

  /** The whole list with the version from which a watch can go on. */
  async listAll<T extends KubeObject>(ref: ResourceRef, selection: Selection, signal?: AbortSignal): Promise<Page<T>> {
    try {
      return await this.#pages<T>(ref, selection, signal);
    } catch (error) {
      if (!isFault(error, 'CLUSTER_EXPIRED')) throw error;
      // Pages took so long that their version is gone: one page of everything cannot expire.
      return this.#page<T>(ref, { ...selectors(selection) }, { selection, signal });
    }
  }

  create<T extends KubeObject>(ref: ResourceRef, object: KubeObject): Promise<T> {
    const path = collectionPath(ref, object.metadata.namespace);
    return this.#object<T>({ verb: 'POST', path, query: { fieldManager: this.#fieldManager }, body: object });
  }

  /** Says whether there was anything to delete. */
  async remove(ref: ResourceRef, { uid, resourceVersion, ...name }: Deletion): Promise<boolean> {
    const preconditions = { uid, resourceVersion };
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions };
    try {
      await this.#object({ verb: 'DELETE', path: objectPath(ref, name), body });
      return true;
    } catch (error) {
      if (isFault(error, 'CLUSTER_NOT_FOUND')) return false;
      throw error;
    }
  }

  /** Server-side apply: makes the fields given so, creates what is missing, leaves others' fields alone. */
  apply<T extends KubeObject>(ref: ResourceRef, object: KubeObject, options: WriteOptions = {}): Promise<T> {
    return this.#object<T>(this.#applying(objectPath(ref, object.metadata), object, options));
  }

  applyStatus<T extends KubeObject>(ref: ResourceRef, object: KubeObject, options: WriteOptions = {}): Promise<T> {
    return this.#object<T>(this.#applying(objectPath(ref, object.metadata, 'status'), object, options));
  }

  /** Fails with CLUSTER_CONFLICT when `metadata.resourceVersion` is not the server's. */
  replace<T extends KubeObject>(ref: ResourceRef, object: KubeObject): Promise<T> {
    return this.#replacing<T>(objectPath(ref, object.metadata), object);
  }

  replaceStatus<T extends KubeObject>(ref: ResourceRef, object: KubeObject): Promise<T> {
    return this.#replacing<T>(objectPath(ref, object.metadata, 'status'), object);
  }

  mergePatch<T extends KubeObject>(ref: ResourceRef, name: ObjectName, patch: unknown): Promise<T> {
    return this.#merging<T>(objectPath(ref, name), patch);
  }

  mergePatchStatus<T extends KubeObject>(ref: ResourceRef, name: ObjectName, patch: unknown): Promise<T> {
    return this.#merging<T>(objectPath(ref, name, 'status'), patch);
  }

  #applying(path: string, object: KubeObject, { fieldManager, force = true }: WriteOptions): ApiRequest {
    const query: Query = { fieldManager: fieldManager ?? this.#fieldManager, force, fieldValidation: 'Strict' };
    return { verb: 'PATCH', path, query, body: object, contentType: APPLY };
  }

  #replacing<T extends KubeObject>(path: string, body: KubeObject): Promise<T> {
    return this.#object<T>({ verb: 'PUT', path, query: { fieldManager: this.#fieldManager }, body });
  }

  #merging<T extends KubeObject>(path: string, body: unknown): Promise<T> {
    const query = { fieldManager: this.#fieldManager };
    return this.#object<T>({ verb: 'PATCH', path, query, body, contentType: MERGE });
  }

  async #pages<T extends KubeObject>(ref: ResourceRef, selection: Selection, signal?: AbortSignal): Promise<Page<T>> {
    const items: T[] = [];
    let resourceVersion: string | undefined;
    let next: string | undefined;
    do {
      const query = { ...selectors(selection), limit: PAGE_SIZE, continue: next };
      const page = await this.#page<T>(ref, query, { selection, signal });
      items.push(...page.items);
      resourceVersion ??= page.resourceVersion;
      next = page.next;
    } while (next !== undefined);
    return { items, resourceVersion, next: undefined };
  }

  async #page<T extends KubeObject>(
    ref: ResourceRef,
    query: Query,
    { selection, signal }: { readonly selection: Selection; readonly signal: AbortSignal | undefined },
  ): Promise<Page<T>> {
    const path = collectionPath(ref, selection.namespace);
    const request = { verb: 'GET', path, query, accept: acceptOf(selection, 'List') } as const;
    const list = await this.#json(signal === undefined ? request : { ...request, signal });
    const metadata = list['metadata'] as { resourceVersion?: unknown; continue?: unknown } | undefined;
    const version = metadata?.resourceVersion;
    // An empty list of metadata alone of custom resources comes as null.
    const found = list['items'] ?? [];
    if (!Array.isArray(found) || typeof version !== 'string') {
      throw new ClusterFault('CLUSTER_FAILED', `GET ${path}: the answer is no list`);
    }
    const kind = kindOf(ref, list);
    const items = (found as T[]).map((item) => ({ ...item, ...kind }));
    const next = metadata?.continue;
    return { items, resourceVersion: version, next: typeof next === 'string' && next !== '' ? next : undefined };
  }

  async #object<T extends KubeObject>(request: ApiRequest): Promise<T> {
    return (await this.#json(request)) as unknown as T;
  }

  async #json(request: ApiRequest): Promise<Record<string, unknown>> {
    const answer = await this.#transport.send(request);
    if (answer.status < 200 || answer.status > 299) throw faultOfAnswer(describeRequest(request), answer);
    try {
      const value: unknown = JSON.parse(answer.body);
      if (isObject(value)) return value;
    } catch (cause) {
      throw new ClusterFault('CLUSTER_FAILED', `${describeRequest(request)}: the answer is not JSON`, { cause });
    }
    throw new ClusterFault('CLUSTER_FAILED', `${describeRequest(request)}: the answer is no object`);
  }
}

/** Items of a list do not say what they are, and metadata alone says only that it is metadata. */
export function kindOf(ref: ResourceRef, list: Record<string, unknown>): Pick<KubeObject, 'apiVersion' | 'kind'> {
  const kind = ref.kind === '' && typeof list['kind'] === 'string' ? list['kind'].replace(/List$/, '') : ref.kind;
  return { apiVersion: apiVersionOf(ref), kind };
}

export function acceptOf({ metadataOnly }: Pick<Selection, 'metadataOnly'>, suffix = ''): string | undefined {
  if (metadataOnly !== true) return undefined;
  return `application/json;as=PartialObjectMetadata${suffix};g=meta.k8s.io;v=v1`;
}

export function selectors({ fieldSelector, labelSelector }: Selection): Query {
  return { fieldSelector, labelSelector };
}
