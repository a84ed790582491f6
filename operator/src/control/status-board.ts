// The status document of the node: each policy's status in the shape of the API, and the node's own state.

import type { PolicyIR } from '../compile/ir.js';
import type { Condition } from '../report/conditions.js';
import { standRule } from '../report/guarantee.js';
import type { Backends } from '../report/guarantee.js';
import { renderStatus } from '../report/status.js';
import type { PolicyFacts, PolicyStatus, RuleFacts, ViolationCounts } from '../report/status.js';
import type { ObjectState } from '../source/merge.js';
import type { Registry } from '../source/registry.js';
import type { RuleCounter } from './kernel-maps.js';
import type { NodeMode } from './node-mode.js';
import type { Outcome } from './reconcile.js';

const NS_PER_MS = 1_000_000n;
const NO_COUNTS: ViolationCounts = { total: 0, killed: 0, blocked: 0, audited: 0, unresolved: 0 };

export interface PolicyReport {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly generation: number;
  };
  readonly spec: { readonly mode?: string };
  readonly status: PolicyStatus;
}

export interface BoardInput {
  readonly objects: ReadonlyMap<string, ObjectState>;
  readonly outcome: Outcome | undefined;
  /** The last run ended in a fault of the kernel. */
  readonly fault: string | undefined;
  readonly backends: Backends;
  readonly mode: NodeMode;
  readonly counters: readonly RuleCounter[];
  readonly kernel: string;
  /** Wall clock minus boot clock, ns. */
  readonly bootOffsetNs: bigint;
  readonly now: string;
}

export class StatusBoard {
  readonly #registry: Registry;
  readonly #conditions = new Map<string, readonly Condition[]>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Reports of all policies, by namespace and name. */
  report(input: BoardInput): PolicyReport[] {
    const counts = countsByRule(input);
    const policies = [...input.objects.values()].filter(({ kind }) => kind !== 'Workloads');
    for (const uid of this.#conditions.keys()) if (!input.objects.has(uid)) this.#conditions.delete(uid);
    return policies
      .map((object) => this.#reportOne(object, input, counts))
      .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  }

  #reportOne(object: ObjectState, input: BoardInput, counts: ReadonlyMap<number, ViolationCounts>): PolicyReport {
    const facts = this.#facts(object, input, counts);
    const status = renderStatus(facts, this.#conditions.get(object.uid) ?? [], input.now);
    this.#conditions.set(object.uid, status.conditions);
    const { kind, name, namespace, uid } = object;
    const mode = object.good?.policy?.spec.mode;
    return {
      kind,
      metadata: { name, ...(namespace === '' ? {} : { namespace }), uid, generation: object.observedGeneration },
      spec: { ...(mode && { mode }) },
      status,
    };
  }

  #facts(object: ObjectState, input: BoardInput, counts: ReadonlyMap<number, ViolationCounts>): PolicyFacts {
    const { outcome } = input;
    const policy = outcome?.inForce.get(object.uid);
    return {
      observedGeneration: object.observedGeneration,
      mode: modeOf(object, policy),
      ...(policy && { keptGeneration: policy.generation }),
      ...nodeMonitor(input.mode),
      issues: object.issues,
      ...programState(object, input),
      rules: policy ? this.#ruleFacts(policy, input.backends, counts) : [],
      workloads: outcome?.selected.get(object.uid) ?? 0,
      kernel: input.kernel,
    };
  }

  #ruleFacts(policy: PolicyIR, backends: Backends, counts: ReadonlyMap<number, ViolationCounts>): RuleFacts[] {
    return policy.rules.map((rule) => ({
      name: rule.name,
      action: rule.action,
      standing: standRule(rule, backends),
      counts: counts.get(this.#registry.ruleKey(policy.uid, rule.name)) ?? NO_COUNTS,
    }));
  }
}

/** Of the version in force, else of the newest good one. */
function modeOf({ good }: ObjectState, policy: PolicyIR | undefined): PolicyFacts['mode'] {
  return (policy ?? good?.policy?.spec)?.mode ?? 'Enforce';
}

function nodeMonitor({ effective, source }: NodeMode): Pick<PolicyFacts, 'nodeMonitor'> {
  if (effective === 'Enforce') return {};
  return { nodeMonitor: source === 'Pause' ? 'Paused' : 'Emergency' };
}

type Programming = Pick<PolicyFacts, 'programmed' | 'programMessage'>;

function programState({ uid, good }: ObjectState, { outcome, fault }: BoardInput): Programming {
  const reason = outcome?.failed.get(uid) ?? fault;
  if (reason !== undefined) return { programmed: 'Failed', programMessage: reason };
  if (good === undefined || !outcome?.inForce.has(uid)) return { programmed: 'Pending' };
  return { programmed: outcome.selected.has(uid) ? 'Programmed' : 'NothingSelected' };
}

function countsByRule({ counters, bootOffsetNs }: BoardInput): Map<number, ViolationCounts> {
  const counts = new Map<number, ViolationCounts>();
  for (const counter of counters) {
    const sum = counts.get(counter.rule) ?? NO_COUNTS;
    const lastTime = new Date(Number((counter.lastNs + bootOffsetNs) / NS_PER_MS)).toISOString();
    counts.set(counter.rule, {
      total: sum.total + Number(counter.total),
      killed: sum.killed + Number(counter.killed),
      blocked: sum.blocked + Number(counter.blocked),
      audited: sum.audited + Number(counter.audited),
      unresolved: sum.unresolved + Number(counter.unresolved),
      lastTime: sum.lastTime !== undefined && sum.lastTime > lastTime ? sum.lastTime : lastTime,
    });
  }
  return counts;
}

function sortKey({ metadata, kind }: PolicyReport): string {
  return `${metadata.namespace ?? ''}/${metadata.name}/${kind}`;
}
