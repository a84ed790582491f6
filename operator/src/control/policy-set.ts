// Objects -> the policies to put in force now: compiled once for each version, in Monitor while they are paused, and only those
// whose node selector fits this node.

import { compilePolicy } from '../compile/compile.js';
import type { PolicyIR } from '../compile/ir.js';
import type { Workload } from '../policy/types.js';
import type { GoodObject, ObjectState } from '../source/merge.js';
import { matchesLabels } from '../workload/select.js';
import type { Labels } from '../workload/select.js';

/** A pause may last so long; one that ends later is not obeyed. */
const PAUSE_MAX_MS = 24 * 3600 * 1000;

export interface SelectedPolicies {
  readonly good: readonly GoodObject[];
  readonly policies: readonly PolicyIR[];
  /** Of Workloads files. */
  readonly items: readonly Workload[];
  /** Uids of those that are paused. */
  readonly paused: ReadonlySet<string>;
  /** Uids of those that are not confirmed. */
  readonly unconfirmed: ReadonlySet<string>;
  /** Until the first pause ends, ms. */
  readonly pauseLeftMs?: number;
}

/** How long the pause still lasts, ms; 0 where there is none. */
export function pauseLeftMs(pausedUntil: string | undefined, nowMs: number): number {
  const leftMs = pausedUntil === undefined ? Number.NaN : Date.parse(pausedUntil) - nowMs;
  return leftMs > 0 && leftMs <= PAUSE_MAX_MS ? leftMs : 0;
}

/** What of the node decides which policies are in force, and how. */
export interface NodeView {
  readonly labels: Labels;
  /** The policy may only report for now. */
  readonly isUnconfirmed: (policy: PolicyIR) => boolean;
}

export class PolicySet {
  readonly #compiled = new WeakMap<GoodObject, PolicyIR>();
  readonly #monitored = new WeakMap<PolicyIR, PolicyIR>();

  select(objects: Iterable<ObjectState>, { labels, isUnconfirmed }: NodeView, nowMs: number): SelectedPolicies {
    const states = [...objects];
    const good = states.flatMap((object) => object.good ?? []);
    const pauses = new Map(
      states
        .map(({ uid, pausedUntil }) => [uid, pauseLeftMs(pausedUntil, nowMs)] as const)
        .filter(([, left]) => left > 0),
    );
    const compiled = good.flatMap((object) => this.#compile(object) ?? []);
    const policies = compiled.filter(({ nodeSelector }) => !nodeSelector || matchesLabels(nodeSelector, labels));
    const unconfirmed = new Set(policies.filter(isUnconfirmed).map(({ uid }) => uid));
    const isMild = ({ uid }: PolicyIR): boolean => pauses.has(uid) || unconfirmed.has(uid);
    return {
      good,
      policies: policies.map((policy) => (isMild(policy) ? this.#monitor(policy) : policy)),
      items: good.flatMap(({ workloads }) => workloads?.items ?? []),
      paused: new Set(pauses.keys()),
      unconfirmed,
      ...(pauses.size > 0 && { pauseLeftMs: Math.min(...pauses.values()) }),
    };
  }

  #compile(object: GoodObject): PolicyIR | undefined {
    if (object.policy === undefined) return undefined;
    const known = this.#compiled.get(object);
    if (known !== undefined) return known;
    const { uid, generation, source } = object;
    const compiled = compilePolicy(object.policy, { uid, generation, source });
    this.#compiled.set(object, compiled);
    return compiled;
  }

  /** The same value each time: what is in force is recognised by it. */
  #monitor(policy: PolicyIR): PolicyIR {
    const known = this.#monitored.get(policy) ?? { ...policy, mode: 'Monitor' as const };
    this.#monitored.set(policy, known);
    return known;
  }
}
