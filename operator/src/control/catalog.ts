// What the numbers in kernel records stand for. rule key -> rule of a policy, cgroup id -> workload. Rules that are gone
// keep their names here: their last events may still be on the way.

import type { PolicyIR } from '../compile/ir.js';
import type { RuleRef, WorkloadRef } from '../event/types.js';
import type { Registry } from '../source/registry.js';
import type { CgroupIndex } from '../workload/cgroups.js';
import { ownCgroups } from '../workload/identify.js';
import type { NamedWorkload, Ownership, PodIndex } from '../workload/identify.js';

export class Catalog {
  readonly #registry: Registry;
  readonly #index: CgroupIndex;
  readonly #rules = new Map<number, RuleRef>();
  #owners: ReadonlyMap<bigint, Ownership> = new Map();
  #pods: PodIndex | undefined;
  #named: readonly NamedWorkload[] = [];

  constructor(registry: Registry, index: CgroupIndex) {
    this.#registry = registry;
    this.#index = index;
  }

  /** To be called before the kernel can report under the new policies. */
  learnPolicies(policies: Iterable<PolicyIR>): void {
    for (const policy of policies) this.#learn(policy);
  }

  learnOwners(owners: ReadonlyMap<bigint, Ownership>): void {
    this.#owners = owners;
  }

  /** Who knows whose a container is before a plan has been made with it: its first instruction may be a violation. */
  learnPods(pods: PodIndex): void {
    this.#pods = pods;
  }

  /** The same for workloads that files name. */
  learnNamed(named: readonly NamedWorkload[]): void {
    this.#named = named;
  }

  rule(key: number): RuleRef | undefined {
    return this.#rules.get(key);
  }

  workload(cgroup: bigint): WorkloadRef | undefined {
    const owner = this.#owners.get(cgroup);
    if (owner !== undefined && !isUnnamed(owner)) return describeOwner(owner);
    const known = this.#index.all().get(cgroup);
    if (known === undefined) return owner && describeOwner(owner);
    const identity = ownCgroups([known], this.#named, this.#pods).get(cgroup)?.identity;
    return identity ? describeOwner({ cgroup: known, identity, owner: cgroup }) : { scope: 'Host', cgroup: known.path };
  }

  #learn({ uid, kind, namespace, name, generation, rules }: PolicyIR): void {
    const policy = { kind, namespace, name, uid, generation };
    for (const { name: rule, severity, category, tags, message } of rules) {
      const ref: RuleRef = { policy, rule, severity, category, tags, ...(message === undefined ? {} : { message }) };
      this.#rules.set(this.#registry.ruleKey(uid, rule), ref);
    }
  }
}

/** Its name may be known by now. */
function isUnnamed({ identity }: Ownership): boolean {
  return identity.kind === 'Pod' && identity.unnamed === true;
}

function describeOwner({ cgroup, identity }: Ownership): WorkloadRef {
  if (identity.kind === 'Host') return { scope: 'Host', cgroup: cgroup.path };
  const { namespace, pod, container, labels } = identity;
  const named = { scope: 'Pods' as const, cgroup: cgroup.path, namespace, pod, container, labels };
  const { podUid, owner, containerType } = identity;
  return podUid === undefined || owner === undefined ? named : { ...named, podUid, owner, containerType };
}
