// Findings about policies that are on the same containers: compared two by two, once for each pair of versions. Values in, values
// out.

import { comparePolicies } from '../policy/policy-pairs.js';
import type { PairFinding } from '../policy/policy-pairs.js';
import type { NodeFinding } from '../report/objects.gen.js';
import type { Scene, ScenePolicy } from './node-scene.js';

/** Policies on one container that are compared with each other; a container with more is left out. */
const TOGETHER_MAX = 200;

/** Containers under the same policies. */
interface Group {
  readonly uids: ReadonlySet<string>;
  readonly pods: Set<string>;
}

export class PairBook {
  #known = new Map<string, readonly PairFinding[]>();
  #before: ReadonlyMap<string, readonly PairFinding[]> = new Map();

  /** One pair after the other, so that others can be let in between. */
  *compare(scene: Scene): Generator<undefined, NodeFinding[]> {
    const findings: NodeFinding[] = [];
    this.#before = this.#known;
    this.#known = new Map();
    const groups = groupsOf(scene);
    for (const [uid, policy] of scene.policies) {
      const own = groups.filter(({ uids }) => uids.has(uid));
      const others = new Set(own.flatMap(({ uids }) => [...uids]));
      for (const other of [...others].sort()) {
        const theirs = scene.policies.get(other);
        if (other === uid || theirs === undefined) continue;
        yield;
        findings.push(...this.#findings(policy, theirs, own));
      }
    }
    return findings;
  }

  #findings(policy: ScenePolicy, other: ScenePolicy, own: readonly Group[]): NodeFinding[] {
    const found = this.#pair(policy, other);
    if (found.length === 0) return [];
    const both = own.filter(({ uids }) => uids.has(other.ir.uid));
    const count = new Set(both.flatMap(({ pods }) => [...pods])).size;
    const { uid, generation } = policy.ir;
    return found
      .filter(({ code }) => code !== 'COVERED_BY' || both.length === own.length)
      .map(({ code, path, remaining }) => ({
        ...{ uid, generation, code, path, other: other.title },
        ...(remaining !== undefined && { detail: `${remaining} of its entries remain` }),
        count,
      }));
  }

  #pair(policy: ScenePolicy, other: ScenePolicy): readonly PairFinding[] {
    const key = [policy, other].map(({ ir }) => `${ir.uid}@${ir.generation}`).join();
    const found = this.#before.get(key) ?? comparePolicies(policy.policy, other.policy);
    this.#known.set(key, found);
    return found;
  }
}

function groupsOf({ containers }: Scene): Group[] {
  const groups = new Map<string, Group>();
  for (const { selecting, identity } of containers) {
    if (selecting.length > TOGETHER_MAX) continue;
    const key = selecting.join();
    const group = groups.get(key) ?? { uids: new Set(selecting), pods: new Set<string>() };
    groups.set(key, group);
    group.pods.add(identity.podUid ?? '');
  }
  return [...groups.values()];
}
