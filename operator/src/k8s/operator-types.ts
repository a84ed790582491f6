// Between the types of the operator library and ours.
import operatorModule, {
  type OperatorLogger,
  type ResourceEvent,
  type ResourceEventType,
  type ResourceMeta,
} from '@dot-i/k8s-operator';
import type { KubernetesObject } from '@kubernetes/client-node';
import { apiVersionOf } from './resources.js';
import type { ChangeKind } from './resource-events.js';
import type { KubeObject, ResourceRef } from './types.js';
import type { Log } from '../log.js';

const { ResourceEventType: Type, ResourceMetaImpl } = operatorModule;

const EVENT_TYPES: Readonly<Record<ChangeKind, ResourceEventType>> = {
  ADDED: Type.Added,
  MODIFIED: Type.Modified,
  DELETED: Type.Deleted,
};

export function operatorLogger(log: Log): OperatorLogger {
  return {
    debug: (text) => log.debug('operator', { text }),
    info: (text) => log.info('operator', { text }),
    warn: (text) => log.warn('operator', { text }),
    error: (text) => log.error('operator', { text }),
  };
}

/** What the operator library calls `id` names the resource: `pods.v1`, `runtimepolicies.ringfence.io/v1alpha1`. */
export function refOfMeta({ id, kind, namespace }: Pick<ResourceMeta, 'id' | 'kind' | 'namespace'>): ResourceRef {
  const dot = id.indexOf('.');
  const apiVersion = id.slice(dot + 1).split('/');
  const [group, version] = apiVersion.length === 2 ? apiVersion : ['', ...apiVersion];
  const plural = id.slice(0, dot);
  return { group: group ?? '', version: version ?? '', plural, kind, namespaced: namespace !== undefined };
}

/** Times are strings in what the server sends, whatever the client's types say. */
const asTheirs = (object: KubeObject): KubernetesObject => object as unknown as KubernetesObject;

export function eventOf(ref: ResourceRef, kind: ChangeKind, object: KubeObject): ResourceEvent {
  const meta = ResourceMetaImpl.createWithId(`${ref.plural}.${apiVersionOf(ref)}`, asTheirs(object));
  return { meta, object: asTheirs(object), type: EVENT_TYPES[kind] };
}

export function metaOf({ id }: ResourceMeta, object: KubeObject): ResourceMeta {
  return ResourceMetaImpl.createWithId(id, asTheirs(object));
}

export function bodyOf({ apiVersion, kind, name, namespace, resourceVersion }: ResourceMeta): KubeObject {
  const metadata = { name, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion, kind, metadata };
}
