// Policies x cgroups -> kernel, again and again: each run reads what is wanted and what the kernel holds, and makes the
// one the other. A set that does not fit changes nothing: its newcomers wait, named, and what was in force stays.

import { RfWorkloadFlag } from '../abi/abi.gen.js';
import type { PolicyIR } from '../compile/ir.js';
import { holdsAll, recoverApplied, refreshApplied } from '../encode/adopt.js';
import type { MapReader } from '../encode/adopt.js';
import type { Applied } from '../encode/applied.js';
import { abandonChange, announcePod, bindWorkload, diffEntries } from '../encode/diff.js';
import { idleRulesets, sweepEntries } from '../encode/sweep.js';
import type { Change, WantedWorkload } from '../encode/diff.js';
import type { MapOp } from '../encode/ops.js';
import type { EffectivePolicy } from '../encode/pack.js';
import type { EncodeProblem } from '../encode/problem.js';
import type { EncodeContext } from '../encode/ruleset.js';
import { Fault } from '../errors.js';
import { standRule } from '../report/guarantee.js';
import type { Backends } from '../report/guarantee.js';
import type { Cgroup } from '../workload/cgroups.js';
import type { NamedWorkload, Ownership } from '../workload/identify.js';
import type { PodTable } from '../workload/pod-table.js';
import type { Handler } from '../workload/pods.js';
import type { PodIdentity } from '../workload/select.js';
import { LayerMemory } from './page-book.js';
import type { PageName } from './page-book.js';
import { planNode } from './plan.js';
import type { Plan } from './plan.js';

/** The kernel as a reconciler changes it. */
export interface KernelPort {
  readonly reader: MapReader;
  apply(ops: readonly MapOp[]): void;
}

export interface ReconcileInput {
  readonly policies: readonly PolicyIR[];
  readonly named: readonly NamedWorkload[];
  readonly cgroups: ReadonlyMap<bigint, Cgroup>;
  readonly backends: Backends;
  /** Absent without a cluster. */
  readonly pods?: PodTable;
}

export interface Outcome {
  /** By policy uid: the version that the kernel holds. */
  readonly inForce: ReadonlyMap<string, PolicyIR>;
  /** By policy uid: why its newest version is not in force. */
  readonly failed: ReadonlyMap<string, string>;
  readonly selected: ReadonlyMap<string, number>;
  readonly selectedPods: ReadonlyMap<string, number>;
  readonly owners: ReadonlyMap<bigint, Ownership>;
  /** By cgroup id: what its processes are judged by. */
  readonly pages: ReadonlyMap<bigint, readonly PageName[]>;
  /** Changes made; 0 when the kernel held everything already. */
  readonly ops: number;
  /** Something may now lie in the kernel that nothing refers to. */
  readonly sweep: boolean;
}

export class Reconciler {
  readonly #kernel: KernelPort;
  readonly #context: EncodeContext;
  readonly #protectedUnits: readonly string[];
  #applied: Applied;
  #inForce = new Map<string, PolicyIR>();
  readonly #memory = new LayerMemory();
  #plan: Plan | undefined;

  constructor(kernel: KernelPort, applied: Applied, context: EncodeContext, protectedUnits: readonly string[]) {
    this.#kernel = kernel;
    this.#applied = applied;
    this.#context = context;
    this.#protectedUnits = protectedUnits;
  }

  /** Whether the kernel has an entry for the cgroup. */
  holds(cgroup: bigint): boolean {
    return this.#applied.workloads.has(cgroup);
  }

  reconcile(input: ReconcileInput): Outcome {
    this.#applied = refreshApplied(this.#applied, this.#kernel.reader);
    this.#memory.turn();
    const attempt = new Attempt(input, this.#inForce);
    for (;;) {
      const plan = planNode({
        policies: attempt.effective(),
        named: input.named,
        cgroups: input.cgroups.values(),
        protectedUnits: this.#protectedUnits,
        context: this.#context,
        memory: this.#memory,
        ...(input.pods && { pods: input.pods }),
      });
      const problems = plan.problems.length > 0 ? plan.problems : this.#program(plan, input);
      if (problems.length === 0) return this.#outcome(attempt, plan);
      if (!attempt.retreat(problems)) return this.#standStill(attempt, plan);
    }
  }

  /**
   * Gives one container what the last plan foresaw for it, without working out anything else.
   * @returns whether the kernel has it; if not, the next reconciliation will
   */
  bind(cgroup: bigint, identity: PodIdentity, handlers: readonly Handler[]): boolean {
    const foreseen = this.#plan?.foreseen(identity);
    const change = foreseen && bindWorkload(this.#applied, cgroup, { owner: cgroup, ...foreseen }, handlers);
    if (change === undefined) return false;
    this.#make(change);
    return true;
  }

  /**
   * Tells the kernel what a container becomes before its cgroup is there.
   * @returns whether the kernel has it; if not, the container is bound when it comes
   */
  announce(key: string, identity: PodIdentity): boolean {
    const foreseen = this.#plan?.foreseen(identity);
    const change = foreseen && announcePod(this.#applied, key, { owner: 0n, ...foreseen });
    if (change === undefined) return false;
    this.#make(change);
    return true;
  }

  /** Whether the kernel, read back, holds what was written. What it has added itself is its own. */
  isHeld(): boolean {
    return holdsAll(this.#applied, this.#kernel.reader);
  }

  /** Whether the kernel holds the entrypoint of such a container back. */
  waitsForName(identity: PodIdentity): boolean {
    if (identity.exempt === 'Unknown') return true;
    return ((this.#plan?.foreseen(identity)?.flags ?? 0) & RfWorkloadFlag.WORKLOAD_UNNAMED) !== 0;
  }

  /** Rulesets that nothing points at. */
  idle(): ReadonlySet<number> {
    return idleRulesets(this.#applied);
  }

  /**
   * To be called when no program can still be using what an earlier run replaced.
   * @param only rulesets that may go; absent: all that are idle
   */
  sweep(only?: ReadonlySet<number>): number {
    const change = sweepEntries(refreshApplied(this.#applied, this.#kernel.reader), only);
    this.#kernel.apply(change.ops);
    this.#applied = change.applied;
    return change.ops.length;
  }

  #ops = 0;

  #program(plan: Plan, input: ReconcileInput): readonly EncodeProblem[] {
    const wanted = { ...plan.wanted, workloads: this.#withHeld(plan, input) };
    const change = diffEntries(wanted, this.#applied);
    if (change.problems.length > 0) return change.problems;
    this.#ops = change.ops.length;
    this.#make(change);
    return [];
  }

  #make(change: Change): void {
    try {
      this.#kernel.apply(change.ops);
      this.#applied = change.applied;
    } catch (error) {
      this.#applied = recoverApplied(abandonChange(this.#applied, change), this.#kernel.reader);
      throw error;
    }
  }

  /**
   * Entries that nothing wants and that tasks may still belong to: of cgroups that lost their last policy, and of cgroups
   * that are gone. A task whose entry is missing would be refused everything, or nothing. Containers of pods that nobody
   * knows (now, or any more) stay under what they had.
   */
  #withHeld(plan: Plan, { cgroups }: ReconcileInput): Map<bigint, WantedWorkload> {
    const pageOf = new Map([...this.#applied.pages].map(([id, { ruleset }]) => [ruleset, id]));
    const workloads = new Map(plan.wanted.workloads);
    for (const [id, { owner, flags, pages, pageCount }] of this.#applied.workloads) {
      const unknown = isUnknown(plan.owners.get(id));
      if (workloads.has(id) && !unknown) continue;
      const kept = pages.slice(0, pageCount).flatMap((ruleset) => pageOf.get(ruleset) ?? []);
      workloads.set(id, { owner, flags, pages: cgroups.has(id) && !unknown ? [] : kept });
    }
    return workloads;
  }

  #outcome(attempt: Attempt, plan: Plan): Outcome {
    this.#inForce = new Map(attempt.chosen);
    this.#plan = plan;
    return { ...this.#report(attempt, plan), ops: this.#ops, sweep: this.#ops > 0 };
  }

  /** Not even what was in force can be planned: nothing is touched. */
  #standStill(attempt: Attempt, plan: Plan): Outcome {
    return { ...this.#report(attempt, plan), ops: 0, sweep: false };
  }

  #report({ failed }: Attempt, plan: Plan): Omit<Outcome, 'ops' | 'sweep'> {
    const { selected, selectedPods, owners, pages } = plan;
    return { inForce: this.#inForce, failed, selected, selectedPods, owners, pages };
  }
}

function isUnknown(ownership: Ownership | undefined): boolean {
  return ownership?.identity.kind === 'Pod' && ownership.identity.exempt === 'Unknown';
}

/** The versions that are being tried, and those that had to give way. */
class Attempt {
  readonly chosen: Map<string, PolicyIR>;
  readonly failed = new Map<string, string>();
  readonly #inForce: ReadonlyMap<string, PolicyIR>;
  readonly #backends: Backends;

  constructor(input: ReconcileInput, inForce: ReadonlyMap<string, PolicyIR>) {
    this.#inForce = inForce;
    this.#backends = input.backends;
    this.chosen = new Map(input.policies.map((policy) => [policy.uid, policy]));
  }

  /** Those in force first, so that newcomers are the ones that find no room. */
  effective(): EffectivePolicy[] {
    const policies = [...this.chosen.values()].map((policy) => ({
      policy,
      refused: refusedRules(policy, this.#backends),
    }));
    const rank = ({ policy }: EffectivePolicy): number => (this.#isNew(policy.uid) ? 1 : 0);
    return policies.sort((a, b) => rank(a) - rank(b) || (a.policy.uid < b.policy.uid ? -1 : 1));
  }

  /** Puts the policies that the problems name, or all newcomers, back to what was in force; false when there are none. */
  retreat(problems: readonly EncodeProblem[]): boolean {
    const newcomers = [...this.chosen.keys()].filter((uid) => this.#isNew(uid));
    const named = newcomers.filter((uid) => problems.some(({ policies }) => policies.includes(uid)));
    const culprits = named.length > 0 ? named : newcomers;
    for (const uid of culprits) {
      this.failed.set(uid, describeProblem(problems, uid));
      const kept = this.#inForce.get(uid);
      if (kept === undefined) this.chosen.delete(uid);
      else this.chosen.set(uid, kept);
    }
    return culprits.length > 0;
  }

  #isNew(uid: string): boolean {
    return this.chosen.get(uid) !== this.#inForce.get(uid);
  }
}

export function refusedRules(policy: PolicyIR, backends: Backends): Set<string> {
  return new Set(policy.rules.filter((rule) => standRule(rule, backends).refused).map(({ name }) => name));
}

function describeProblem(problems: readonly EncodeProblem[], uid: string): string {
  const own = problems.find(({ policies }) => policies.includes(uid)) ?? problems[0];
  return own === undefined ? '' : `${own.code}: expected ${own.expected}, got ${own.got}`;
}

/** A fault of the kernel as a reason that status can show. */
export function describeFault(error: unknown): string {
  return error instanceof Fault ? `${error.code}: ${error.message}` : String(error);
}
