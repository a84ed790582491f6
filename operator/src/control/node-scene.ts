// What runs under which policies of the API server, for findings: the containers of pods whose names are known. Values in, values
// out.

import type { PolicyIR } from '../compile/ir.js';
import type { Policy } from '../policy/types.js';
import type { ObjectState } from '../source/merge.js';
import type { Ownership } from '../workload/identify.js';
import { selectionKey, selectionMiss } from '../workload/select.js';
import type { PodIdentity } from '../workload/select.js';

export interface ScenePolicy {
  readonly ir: PolicyIR;
  /** As its author wrote it. */
  readonly policy: Policy;
  /** `namespace/name`, or the name. */
  readonly title: string;
}

export interface SceneContainer {
  readonly id: bigint;
  /** Path of its cgroup, from the cgroup v2 root. */
  readonly path: string;
  readonly identity: PodIdentity;
  /** Uids of the policies that select it, in their order. */
  readonly selecting: readonly string[];
}

export interface Scene {
  readonly policies: ReadonlyMap<string, ScenePolicy>;
  readonly containers: readonly SceneContainer[];
}

export interface SceneInput {
  readonly inForce: ReadonlyMap<string, PolicyIR>;
  readonly owners: ReadonlyMap<bigint, Ownership>;
  readonly objects: ReadonlyMap<string, ObjectState>;
}

function scenePolicies({ inForce, objects }: SceneInput): Map<string, ScenePolicy> {
  const policies = new Map<string, ScenePolicy>();
  for (const uid of [...inForce.keys()].sort()) {
    const [ir, good] = [inForce.get(uid), objects.get(uid)?.good];
    if (ir?.source !== 'API' || ir.scope.scope !== 'Pods') continue;
    if (good?.policy === undefined || good.generation !== ir.generation) continue;
    const { namespace, name } = ir;
    policies.set(uid, { ir, policy: good.policy, title: namespace === '' ? name : `${namespace}/${name}` });
  }
  return policies;
}

export function sceneOf(input: SceneInput): Scene {
  const policies = scenePolicies(input);
  const alike = new Map<string, readonly string[]>();
  const selecting = (identity: PodIdentity): readonly string[] => {
    const key = selectionKey(identity);
    const known = alike.get(key);
    if (known !== undefined) return known;
    const uids = [...policies].filter(([, { ir }]) => selectionMiss(ir.scope, identity) === undefined);
    const found = uids.map(([uid]) => uid);
    alike.set(key, found);
    return found;
  };
  const containers: SceneContainer[] = [];
  for (const [id, { cgroup, identity, owner }] of input.owners) {
    if (owner !== id || cgroup.gone || identity.kind !== 'Pod') continue;
    if (identity.podUid === undefined || identity.unnamed === true) continue;
    const uids = selecting(identity);
    if (uids.length > 0) containers.push({ id, path: cgroup.path, identity, selecting: uids });
  }
  return { policies, containers };
}

/** For people: `shop/web-1, container app`. */
export function describeContainer({ namespace, pod, container }: PodIdentity): string {
  return `${namespace}/${pod}, container ${container}`;
}
