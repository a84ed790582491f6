// The resources that Ringfence reads or writes, and where their objects live.
import type { KubeObject, ObjectName, ResourceRef } from './types.js';

const core = (plural: string, kind: string, namespaced = true): ResourceRef => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const ours = (plural: string, kind: string, namespaced: boolean): ResourceRef => ({
  group: 'ringfence.io',
  version: 'v1alpha1',
  plural,
  kind,
  namespaced,
});
const report = (group: string, plural: string, kind: string, namespaced: boolean): ResourceRef => ({
  group,
  version: group === 'openreports.io' ? 'v1alpha1' : 'v1alpha2',
  plural,
  kind,
  namespaced,
});

export const PODS = core('pods', 'Pod');
export const NODES = core('nodes', 'Node', false);
export const NAMESPACES = core('namespaces', 'Namespace', false);
export const CONFIG_MAPS = core('configmaps', 'ConfigMap');
export const RUNTIME_POLICIES = ours('runtimepolicies', 'RuntimePolicy', true);
export const CLUSTER_RUNTIME_POLICIES = ours('clusterruntimepolicies', 'ClusterRuntimePolicy', false);
export const NODE_STATES = ours('nodestates', 'NodeState', false);
export const POLICY_REPORTS = report('wgpolicyk8s.io', 'policyreports', 'PolicyReport', true);
export const CLUSTER_POLICY_REPORTS = report('wgpolicyk8s.io', 'clusterpolicyreports', 'ClusterPolicyReport', false);
export const REPORTS = report('openreports.io', 'reports', 'Report', true);
export const CLUSTER_REPORTS = report('openreports.io', 'clusterreports', 'ClusterReport', false);
export const LEASES: ResourceRef = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
export const EVENTS: ResourceRef = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};
export const CUSTOM_RESOURCE_DEFINITIONS: ResourceRef = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

export function apiVersionOf(ref: ResourceRef): string {
  return ref.group === '' ? ref.version : `${ref.group}/${ref.version}`;
}

/** Path of a resource's objects; without a namespace those of all namespaces. */
export function collectionPath(ref: ResourceRef, namespace?: string): string {
  const root = ref.group === '' ? `/api/${ref.version}` : `/apis/${ref.group}/${ref.version}`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${ref.plural}`;
}

export function objectPath(ref: ResourceRef, { name, namespace }: ObjectName, subresource?: 'status'): string {
  const path = `${collectionPath(ref, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** `namespace/name`, or the name alone. */
export function nameOf({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}
