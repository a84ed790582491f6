// Whose a cgroup is: a workload that a Workloads file names, or host processes. The kernel decides the same from the name
// of a new cgroup, so both must come to one answer.

import type { PatternIR } from '../compile/ir.js';
import { matchesPattern } from '../compile/match-path.js';
import { plainComponents } from '../compile/names.js';
import { bytesOf, patternOf } from '../policy/pattern.js';
import type { Workload } from '../policy/types.js';
import type { Cgroup } from './cgroups.js';
import { containerCgroup } from './pod-cgroups.js';
import type { ContainerCgroup } from './pod-cgroups.js';
import type { PodIdentity, WorkloadIdentity } from './select.js';

/** A Workloads item, ready to be matched. */
export interface NamedWorkload {
  readonly name: string;
  readonly pattern: PatternIR;
  readonly identity: PodIdentity;
}

/** In the order of their names, which decides where two items match one cgroup. */
export function nameWorkloads(items: readonly Workload[]): NamedWorkload[] {
  return items
    .map((item) => ({ name: item.name, pattern: patternOf(item.cgroup, 'cgroup'), identity: podIdentity(item) }))
    .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

function podIdentity(item: Workload): PodIdentity {
  return {
    kind: 'Pod',
    namespace: item.namespace,
    namespaceLabels: item.namespaceLabels ?? {},
    pod: item.pod,
    labels: item.labels ?? {},
    container: item.container,
    containerType: item.containerType,
  };
}

/**
 * `path` has one unit for each byte, as patterns do.
 * Undefined for the cgroups of Kubernetes' own tree: without a cluster nobody knows their pods, and host they are not.
 */
export function identifyCgroup(path: string, named: readonly NamedWorkload[]): WorkloadIdentity | undefined {
  const components = plainComponents(path);
  if (components === undefined) return undefined;
  const item = named.find(({ pattern }) => matchesPattern(pattern, components));
  if (item !== undefined) return item.identity;
  const [top] = components;
  return top === 'kubepods' || top === 'kubepods.slice' ? undefined : { kind: 'Host', cgroup: path };
}

export interface Ownership {
  readonly cgroup: Cgroup;
  readonly identity: WorkloadIdentity;
  /** Id of the cgroup whose workload its tasks belong to: itself, or the one above that names the container. */
  readonly owner: bigint;
}

/** What is known of pods; absent without a cluster. */
export interface PodIndex {
  identify(container: ContainerCgroup): PodIdentity;
}

/** Cgroups below that of a named workload or a container belong to it, whatever their own names say. */
export function ownCgroups(
  cgroups: Iterable<Cgroup>,
  named: readonly NamedWorkload[],
  pods?: PodIndex,
): Map<bigint, Ownership> {
  const owned = new Map<bigint, Ownership>();
  const fromTheTop = [...cgroups].sort((a, b) => a.path.length - b.path.length);
  for (const cgroup of fromTheTop) {
    const above = cgroup.parent === undefined ? undefined : owned.get(cgroup.parent);
    if (above?.identity.kind === 'Pod') {
      owned.set(cgroup.id, { cgroup, identity: above.identity, owner: above.owner });
      continue;
    }
    const container = pods && containerCgroup(cgroup.path);
    const identity = container ? pods.identify(container) : identifyCgroup(bytesOf(cgroup.path), named);
    if (identity !== undefined) owned.set(cgroup.id, { cgroup, identity, owner: cgroup.id });
  }
  return owned;
}
