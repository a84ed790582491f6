// Policies x cgroups -> what the kernel should hold: for each cgroup the pages of the policies that select it, and for
// each combination of cgroup patterns what a new cgroup becomes. Values in, values out; the loops are in agent.ts.

import { RfWorkloadFlag } from '../abi/abi.gen.js';
import type { Layer, PatternIR } from '../compile/ir.js';
import { matchesPattern } from '../compile/match-path.js';
import { plainComponents } from '../compile/names.js';
import { encodeCgroups } from '../encode/cgroups.js';
import type { EncodedCgroups } from '../encode/cgroups.js';
import type { Wanted, WantedWorkload } from '../encode/diff.js';
import type { EffectivePolicy } from '../encode/pack.js';
import type { Page } from '../encode/page.js';
import type { EncodeProblem } from '../encode/problem.js';
import { RESERVED_CGROUPS, unitPattern } from '../encode/protected.js';
import { encodeLayer, joinLayers } from '../encode/ruleset.js';
import type { EncodeContext, EncodedLayer } from '../encode/ruleset.js';
import type { Cgroup } from '../workload/cgroups.js';
import { identifyCgroup, ownCgroups } from '../workload/identify.js';
import type { NamedWorkload, Ownership } from '../workload/identify.js';
import { selectionMiss } from '../workload/select.js';
import type { WorkloadIdentity } from '../workload/select.js';

export interface PlanInput {
  /** Those in force first: where not all fit, the newcomers are the ones that do not. */
  readonly policies: readonly EffectivePolicy[];
  readonly named: readonly NamedWorkload[];
  readonly cgroups: Iterable<Cgroup>;
  readonly protectedUnits: readonly string[];
  readonly context: EncodeContext;
}

export interface Plan {
  readonly wanted: Wanted;
  /** Not empty: nothing of this plan may be applied. */
  readonly problems: readonly EncodeProblem[];
  /** Cgroups that each policy selects, by policy uid; cgroups below a named workload's do not count again. */
  readonly selected: ReadonlyMap<string, number>;
  readonly owners: ReadonlyMap<bigint, Ownership>;
}

const LAYERS: readonly Layer[] = ['cluster', 'node', 'namespace', 'host'];

export function planNode(input: PlanInput): Plan {
  return new Planner(input).plan();
}

/** What the policies of one identity come to. */
interface Assembled {
  readonly policies: readonly EffectivePolicy[];
  readonly pages: readonly string[];
}

class Planner {
  readonly #input: PlanInput;
  readonly #protected: readonly PatternIR[];
  readonly #pages = new Map<string, Page>();
  readonly #layers = new Map<string, EncodedLayer>();
  readonly #assembled = new Map<string, Assembled>();
  readonly #problems: EncodeProblem[] = [];

  constructor(input: PlanInput) {
    this.#input = input;
    this.#protected = input.protectedUnits.map(unitPattern);
  }

  plan(): Plan {
    const owners = ownCgroups(this.#input.cgroups, this.#input.named);
    const cgroups = encodeCgroups(this.#cgroupPatterns(), this.#input.context.digest);
    this.#problems.push(...cgroups.problems);
    const workloads = new Map<bigint, WantedWorkload>();
    const selected = new Map<string, number>();
    for (const [id, { cgroup, identity, owner }] of owners) {
      const { policies, pages } = this.#assemble(identity);
      const counts = owner === id && !cgroup.gone;
      for (const { policy } of counts ? policies : []) selected.set(policy.uid, (selected.get(policy.uid) ?? 0) + 1);
      if (pages.length > 0 || identity.kind === 'Pod') {
        workloads.set(id, { owner, flags: this.#flags(identity), pages });
      }
    }
    const templates = this.#templates(cgroups);
    const wanted: Wanted = { page: (id) => this.#pages.get(id), workloads, ...templates };
    return { wanted, problems: this.#problems, selected, owners };
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
    this.#pages.set(page.id, page);
    const templates = combinations.flatMap(({ sum, matched, witness }) => {
      if (matched.length === 0) return [];
      const identity = identifyCgroup(witness, this.#input.named);
      if (identity === undefined) return [];
      const { pages } = this.#assemble(identity);
      return [{ sum, workload: { owner: 0n, flags: this.#flags(identity), pages } }];
    });
    return { cgroups: { page: page.id, templates } };
  }

  #flags(identity: WorkloadIdentity): number {
    if (identity.kind === 'Pod') return 0;
    const name = plainComponents(identity.cgroup) ?? [];
    const guarded = this.#protected.some((pattern) => matchesPattern(pattern, name));
    return RfWorkloadFlag.WORKLOAD_HOST | (guarded ? RfWorkloadFlag.WORKLOAD_PROTECTED : 0);
  }

  #assemble(identity: WorkloadIdentity): Assembled {
    const key = identity.kind === 'Pod' ? JSON.stringify(identity) : identity.cgroup;
    const known = this.#assembled.get(key);
    if (known !== undefined) return known;
    const policies = this.#input.policies.filter(({ policy }) => selectionMiss(policy.scope, identity) === undefined);
    const assembled = { policies, pages: this.#encode(policies) };
    this.#assembled.set(key, assembled);
    return assembled;
  }

  #encode(policies: readonly EffectivePolicy[]): readonly string[] {
    const layers = LAYERS.map((layer) => this.#encodeLayer(policies.filter(({ policy }) => policy.layer === layer)));
    const joined = joinLayers(layers.map(({ pages }) => pages));
    this.#problems.push(...joined.problems);
    return joined.pages.map((page) => page.id);
  }

  #encodeLayer(policies: readonly EffectivePolicy[]): EncodedLayer {
    const key = policies.map(({ policy }) => policy.uid).join();
    const known = this.#layers.get(key);
    if (known !== undefined) return known;
    const encoded = encodeLayer(policies, this.#input.context);
    this.#problems.push(...encoded.problems);
    for (const page of encoded.pages) this.#pages.set(page.id, page);
    this.#layers.set(key, encoded);
    return encoded;
  }
}
