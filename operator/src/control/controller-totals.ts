// Exact violation counts of policies and rules over all nodes. They begin with what the policies' status says.

import type { PolicyStatus, ViolationCounts } from '../policy/schema.gen.js';
import type { FoldCounts } from '../report/fold-nodes.js';
import { Ledger } from '../report/ledger.js';
import type { Entry, Vector } from '../report/ledger.js';
import type { NodeStateStatus } from '../report/objects.gen.js';

/** Elements of a vector: what was done. */
const WIDTH = 3;

/** Ends the name of the counts of rules that a policy no longer has, or that had left before this controller began. */
const FORMER = '/';

export class ControllerTotals {
  readonly #ledger = new Ledger(WIDTH);
  /** Policy UID -> names of its rules that have counts. */
  readonly #rules = new Map<string, Set<string>>();
  readonly #lastTime = new Map<string, string>();

  /** Before anything is observed. */
  restore(uid: string, status: PolicyStatus): void {
    const { violations, rules = [] } = status;
    if (violations === undefined) return;
    if (violations.lastTime !== undefined) this.#lastTime.set(uid, violations.lastTime);
    this.#ledger.restore(`${uid}${FORMER}`, vectorOf(violations), vectorOf(violations.departed));
    for (const { name, violations: count = 0, departed = 0 } of rules) {
      this.#ledger.restore(`${uid}/${name}`, [count], [departed]);
      this.#note(uid, name);
    }
  }

  settle(): void {
    this.#ledger.settle();
  }

  observe(node: string, { agent, totals = {} }: NodeStateStatus): void {
    const entries = new Map<string, Entry>();
    for (const [key, { killed, blocked, audited, since = '', lastTime }] of Object.entries(totals)) {
      const slash = key.indexOf('/');
      const uid = key.slice(0, slash);
      this.#note(uid, key.slice(slash + 1));
      // Twice: for the rule, and for the policy, whose count outlives its rules.
      entries.set(`rule ${key}`, { item: key, since, counts: [killed + blocked + audited] });
      entries.set(`policy ${key}`, { item: `${uid}${FORMER}`, since, counts: [killed, blocked, audited] });
      if (lastTime !== undefined && lastTime > (this.#lastTime.get(uid) ?? '')) this.#lastTime.set(uid, lastTime);
    }
    this.#ledger.observe(node, agent?.epoch ?? '', entries);
  }

  leave(node: string): void {
    this.#ledger.leave(node);
  }

  forget(uid: string): void {
    this.#ledger.forget(`${uid}${FORMER}`);
    for (const rule of this.#rules.get(uid) ?? []) this.#ledger.forget(`${uid}/${rule}`);
    this.#rules.delete(uid);
    this.#lastTime.delete(uid);
  }

  counts(uid: string): FoldCounts {
    const rules = [...(this.#rules.get(uid) ?? [])].map((name) => {
      const [violations = 0] = this.#ledger.total(`${uid}/${name}`);
      const [departed = 0] = this.#ledger.departed(`${uid}/${name}`);
      return [name, { violations, departed }] as const;
    });
    return { violations: this.#policyCounts(uid), rules: new Map(rules) };
  }

  #policyCounts(uid: string): ViolationCounts {
    const [killed = 0, blocked = 0, audited = 0] = this.#ledger.total(`${uid}${FORMER}`);
    const departed = this.#ledger.departed(`${uid}${FORMER}`);
    const lastTime = this.#lastTime.get(uid);
    return {
      total: killed + blocked + audited,
      killed,
      blocked,
      audited,
      ...(lastTime !== undefined && { lastTime }),
      ...(departed.some((count) => count > 0) && { departed: departedOf(departed) }),
    };
  }

  #note(uid: string, rule: string): void {
    const rules = this.#rules.get(uid) ?? new Set<string>();
    rules.add(rule);
    this.#rules.set(uid, rules);
  }
}

function vectorOf({
  killed = 0,
  blocked = 0,
  audited = 0,
}: Pick<ViolationCounts, 'killed' | 'blocked' | 'audited'> = {}): Vector {
  return [killed, blocked, audited];
}

function departedOf([killed = 0, blocked = 0, audited = 0]: Vector): NonNullable<ViolationCounts['departed']> {
  return { killed, blocked, audited };
}
