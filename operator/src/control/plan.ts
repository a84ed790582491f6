// Policies x cgroups x pods -> what the kernel should hold: for each cgroup the pages of the policies that select it, for each
// pod what its next container becomes, and for each combination of cgroup patterns what a new cgroup becomes. Values in,
// values out; the loops are in agent.ts.

import { RfWorkloadFlag } from '../abi/abi.gen.js';
import type { PatternIR } from '../compile/ir.js';
import { matchesPattern } from '../compile/match-path.js';
import { plainComponents } from '../compile/names.js';
import { encodeCgroups } from '../encode/cgroups.js';
import { containerKeyText } from '../encode/pods.js';
import type { EncodedCgroups } from '../encode/cgroups.js';
import type { Wanted, WantedWorkload } from '../encode/diff.js';
import type { EffectivePolicy } from '../encode/pack.js';
import type { EncodeProblem } from '../encode/problem.js';
import { RESERVED_CGROUPS, unitPattern } from '../encode/protected.js';
import type { EncodeContext } from '../encode/ruleset.js';
import type { Cgroup } from '../workload/cgroups.js';
import { identifyCgroup, ownCgroups } from '../workload/identify.js';
import type { NamedWorkload, Ownership } from '../workload/identify.js';
import type { PodTable } from '../workload/pod-table.js';
import type { Handler } from '../workload/pods.js';
import { isCertain } from '../workload/pod-table.js';
import type { PodIdentity, WorkloadIdentity } from '../workload/select.js';
import { LayerMemory, PageBook } from './page-book.js';
import type { PageName } from './page-book.js';

export interface PlanInput {
  /** Those in force first: where not all fit, the newcomers are the ones that do not. */
  readonly policies: readonly EffectivePolicy[];
  readonly named: readonly NamedWorkload[];
  readonly cgroups: Iterable<Cgroup>;
  readonly protectedUnits: readonly string[];
  readonly context: EncodeContext;
  /** Absent without a cluster. */
  readonly pods?: PodTable;
  /** What earlier plans encoded. */
  readonly memory?: LayerMemory;
}

export interface Plan {
  readonly wanted: Wanted;
  /** Not empty: nothing of this plan may be applied. */
  readonly problems: readonly EncodeProblem[];
  /** Cgroups that each policy selects, by policy uid; cgroups below a named workload's do not count again. */
  readonly selected: ReadonlyMap<string, number>;
  /** Pods that each policy selects, by policy uid. */
  readonly selectedPods: ReadonlyMap<string, number>;
  readonly owners: ReadonlyMap<bigint, Ownership>;
  /** By cgroup id, of those that have any. */
  readonly pages: ReadonlyMap<bigint, readonly PageName[]>;
  /** What a container with this identity becomes; undefined where the plan has not foreseen it. */
  foreseen(identity: WorkloadIdentity): Pick<WantedWorkload, 'flags' | 'pages'> | undefined;
}

export function planNode(input: PlanInput): Plan {
  return new Planner(input).plan();
}

class Planner {
  readonly #input: PlanInput;
  readonly #protected: readonly PatternIR[];
  readonly #book: PageBook;
  readonly #selected = new Tally();
  readonly #selectedPods = new Tally();
  readonly #pages = new Map<bigint, readonly PageName[]>();

  constructor(input: PlanInput) {
    this.#input = input;
    this.#protected = input.protectedUnits.map(unitPattern);
    this.#book = new PageBook(input.policies, input.context, input.memory ?? new LayerMemory());
  }

  plan(): Plan {
    const { named, cgroups: present, pods, context } = this.#input;
    const book = this.#book;
    const owners = ownCgroups(present, named, pods);
    const cgroups = encodeCgroups(this.#cgroupPatterns(), context.digest);
    book.problems.push(...cgroups.problems);
    const wanted: Wanted = {
      page: (id) => book.page(id),
      workloads: this.#workloads(owners),
      ...this.#pods(),
      ...this.#handlers(owners),
      ...this.#templates(cgroups),
    };
    return {
      wanted,
      problems: book.problems,
      selected: this.#selected.byUid(),
      selectedPods: this.#selectedPods.byUid(),
      owners,
      pages: this.#pages,
      foreseen: (identity) => {
        const never = identity.kind === 'Pod' && identity.exempt !== undefined;
        const pages = never ? [] : book.known(identity)?.pages;
        return pages && { flags: this.#flags(identity, pages), pages };
      },
    };
  }

  #workloads(owners: ReadonlyMap<bigint, Ownership>): Map<bigint, WantedWorkload> {
    const workloads = new Map<bigint, WantedWorkload>();
    for (const [id, { cgroup, identity, owner }] of owners) {
      const { policies, pages, named } = this.#book.assemble(identity);
      if (owner === id && !cgroup.gone) this.#selected.add(policies);
      if (pages.length > 0) this.#pages.set(id, named);
      if (pages.length > 0 || identity.kind === 'Pod') {
        workloads.set(id, { owner, flags: this.#flags(identity, pages), pages });
      }
    }
    return workloads;
  }

  /** Known before their containers are: the kernel gives a new container what its pod has here. */
  #pods(): Pick<Wanted, 'pods' | 'ahead'> {
    const { pods: table } = this.#input;
    if (table === undefined) return {};
    const pods = new Map<string, WantedWorkload>();
    const ahead: (readonly string[])[] = [];
    for (const known of table.all()) {
      const identity = table.anyOf(known);
      const { policies, pages } = this.#book.assemble(identity);
      const containers = table.eachOf(known).map((one) => this.#book.assemble(one));
      // Of a container that nobody has named yet everything may be true that is true of any.
      if (!known.pod.ended) this.#selectedPods.add(policies);
      pods.set(known.pod.key, { owner: 0n, flags: this.#flags(identity, pages), pages });
      ahead.push(...containers.map((one) => one.pages));
    }
    for (const { container, cgroupName } of table.expected()) {
      const identity = table.identify(container);
      if (!isCertain(identity)) continue;
      const { pages } = this.#book.assemble(identity);
      const key = containerKeyText(container.pod, cgroupName);
      pods.set(key, { owner: 0n, flags: this.#flags(identity, pages), pages });
    }
    return { pods, ahead };
  }

  /** Only where a rule can ask for the session. */
  #handlers(owners: ReadonlyMap<bigint, Ownership>): Pick<Wanted, 'handlers'> {
    const { pods: table } = this.#input;
    if (table === undefined) return {};
    const handlers = new Map<bigint, readonly Handler[]>();
    for (const [id, { cgroup, identity, owner }] of owners) {
      const own = owner === id && !cgroup.gone ? table.handlers(cgroup.path) : [];
      if (own.length > 0 && (this.#book.known(identity)?.pages.length ?? 0) > 0) handlers.set(id, own);
    }
    return { handlers };
  }

  /** Names that matter for a new cgroup. Without Host policies nobody asks which host cgroup it is. */
  #cgroupPatterns(): PatternIR[] {
    const host = this.#input.policies.flatMap(({ policy: { scope } }) => (scope.scope === 'Host' ? scope.cgroups : []));
    const named = this.#input.named.map(({ pattern }) => pattern);
    return host.length === 0 ? named : [...named, ...host, ...RESERVED_CGROUPS, ...this.#protected];
  }

  /** A name that matches a combination and nothing else stands for all such names. */
  #templates({ page, combinations }: EncodedCgroups): Pick<Wanted, 'cgroups'> {
    if (page === undefined) return {};
    this.#book.add(page);
    const templates = combinations.flatMap(({ sum, matched, witness }) => {
      if (matched.length === 0) return [];
      const identity = identifyCgroup(witness, this.#input.named);
      if (identity === undefined) return [];
      const { pages } = this.#book.assemble(identity);
      return [{ sum, workload: { owner: 0n, flags: this.#flags(identity, pages), pages } }];
    });
    return { cgroups: { page: page.id, templates } };
  }

  #flags(identity: WorkloadIdentity, pages: readonly string[]): number {
    if (identity.kind === 'Pod') return containerFlags(identity, pages);
    const name = plainComponents(identity.cgroup) ?? [];
    const guarded = this.#protected.some((pattern) => matchesPattern(pattern, name));
    return RfWorkloadFlag.WORKLOAD_HOST | (guarded ? RfWorkloadFlag.WORKLOAD_PROTECTED : 0);
  }
}

/** Where no policy is about any container of the pod, nothing waits for the name of this one. */
function containerFlags({ podKey, unnamed, exempt, staticPod }: PodIdentity, pages: readonly string[]): number {
  if (podKey === undefined) return 0;
  const waits = exempt === 'Unknown' || (unnamed && exempt === undefined && pages.length > 0);
  return (
    RfWorkloadFlag.WORKLOAD_CONTAINER |
    (waits ? RfWorkloadFlag.WORKLOAD_UNNAMED : 0) |
    (exempt === 'Sandbox' ? RfWorkloadFlag.WORKLOAD_SANDBOX : 0) |
    (staticPod ? RfWorkloadFlag.WORKLOAD_STATIC_POD : 0)
  );
}

/** Many are selected by one and the same list of policies: each list is counted, then the policies. */
class Tally {
  readonly #lists = new Map<readonly EffectivePolicy[], number>();

  add(policies: readonly EffectivePolicy[]): void {
    this.#lists.set(policies, (this.#lists.get(policies) ?? 0) + 1);
  }

  byUid(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [policies, times] of this.#lists) {
      for (const { policy } of policies) counts.set(policy.uid, (counts.get(policy.uid) ?? 0) + times);
    }
    return counts;
  }
}
