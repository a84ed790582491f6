// Which part of the cluster a verb is about.

import { openClusterView } from '../control/cluster-view.js';
import type { ClusterView, ViewedPolicy } from '../control/cluster-view.js';
import type { KubectlOptions } from './kubectl.js';

/** Runs against the cluster that the options name. */
export async function withView<R>(options: KubectlOptions, work: (view: ClusterView) => Promise<R>): Promise<R> {
  const view = await openClusterView(options);
  try {
    return await work(view);
  } finally {
    await view.stop();
  }
}

/** Undefined: all namespaces. */
export function namespaceOf(view: ClusterView, { namespace, allNamespaces }: KubectlOptions): string | undefined {
  return allNamespaces === true ? undefined : (namespace ?? view.namespace);
}

/** `namespace/name`, or the name of a policy of the cluster. */
export function titleOf({ metadata }: ViewedPolicy): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** True also when no names are asked for. */
export function isNamed(names: readonly string[], { metadata }: ViewedPolicy): boolean {
  return names.length === 0 || names.includes(metadata.name);
}
