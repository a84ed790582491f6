import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateCase, generateOperation, generatePolicies, type FuzzCase } from '../../../test/fuzz/generate.js';
import { otherSpelling, textOf } from '../../../test/fuzz/names.js';
import { Random } from '../../../test/fuzz/random.js';
import { evaluate, evaluateAll } from './evaluate.js';
import type { DecisionIR, ItemIR, OperationIR, PolicyIR, RuleIR } from './ir.js';

const STRICTNESS = { Allow: 0, Audit: 1, Block: 2, Kill: 3 } as const;
const ALL = { mountTree: true, protected: true };

/** Runs the property on many cases; the seed that fast-check prints makes the case again. */
function forCases(property: (found: FuzzCase, random: Random) => void): void {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (seed) => {
      property(generateCase(seed, ALL), new Random(seed ^ 0x5bd1e995));
    }),
    { numRuns: 600 },
  );
}

const idsOf = (decision: DecisionIR): string[] => decision.hits.map((hit) => `${hit.policyUid}/${hit.rule}`).sort();

function mapRules(policies: readonly PolicyIR[], edit: (rule: RuleIR) => RuleIR): PolicyIR[] {
  return policies.map((policy) => ({ ...policy, rules: policy.rules.map(edit) }));
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  return list
    .map((value) => ({ value, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

/** Items that another policy set of the same alphabet has. */
function moreItems(random: Random, like: RuleIR): ItemIR[] {
  const rules = generatePolicies(random).flatMap((policy) => policy.rules);
  const items = rules.filter((rule) => rule.kind === like.kind).flatMap((rule) => rule.items);
  return items.flatMap((item) => {
    const hooks = item.hooks.filter((hook) => like.governs.includes(hook));
    return hooks.length === 0 ? [] : [{ ...item, hooks }];
  });
}

describe('what makes decisions stricter or milder', () => {
  test('denying more never allows more', () => {
    forCases(({ policies, operation }, random) => {
      const before = evaluate(policies, operation);
      const wider = mapRules(policies, (rule) =>
        rule.list === 'deny' ? { ...rule, items: [...rule.items, ...moreItems(random, rule)] } : rule,
      );
      const after = evaluate(wider, operation);
      expect(STRICTNESS[after.verdict]).toBeGreaterThanOrEqual(STRICTNESS[before.verdict]);
      expect(idsOf(after)).toEqual(expect.arrayContaining(idsOf(before)));
    });
  });

  test('another policy changes nothing in what the policies before it decide', () => {
    forCases(({ policies, operation }, random) => {
      const others = generatePolicies(random).map((policy) => ({ ...policy, uid: `other-${policy.uid}` }));
      const before = evaluate(policies, operation);
      const after = evaluate([...policies, ...others], operation);
      expect(STRICTNESS[after.verdict]).toBeGreaterThanOrEqual(STRICTNESS[before.verdict]);
      const kept = after.hits.filter((hit) => !hit.policyUid.startsWith('other-'));
      expect(new Set(kept)).toEqual(new Set(before.hits));
    });
  });

  test('another allow item for governed classes never adds a violation of its rule', () => {
    forCases(({ policies, operation }, random) => {
      const wider = mapRules(policies, (rule) =>
        rule.list === 'allow' ? { ...rule, items: [...rule.items, ...moreItems(random, rule)] } : rule,
      );
      expect(idsOf(evaluate(policies, operation))).toEqual(expect.arrayContaining(idsOf(evaluate(wider, operation))));
    });
  });

  test('an exception weakens its own rule and nothing else', () => {
    forCases(({ policies, operation }) => {
      const before = evaluate(policies, operation);
      const [first] = before.hits;
      if (first === undefined) return;
      const excepted = policies.map((policy) => ({
        ...policy,
        rules: policy.rules.map((rule) =>
          policy.uid === first.policyUid && rule.name === first.rule
            ? { ...rule, except: [...rule.except, { sessions: [operation.session] }] }
            : rule,
        ),
      }));
      const others = before.hits.slice(1);
      expect(new Set(evaluate(excepted, operation).hits)).toEqual(new Set(others));
    });
  });

  test('Monitor reports the same rules and never interferes', () => {
    forCases(({ policies, operation }) => {
      const monitored = evaluate(
        policies.map((policy) => ({ ...policy, mode: 'Monitor' as const })),
        operation,
      );
      expect(idsOf(monitored)).toEqual(idsOf(evaluate(policies, operation)));
      expect(['Allow', 'Audit']).toContain(monitored.verdict);
    });
  });

  test('no posture and no main process makes an action stricter than asked', () => {
    forCases(({ policies, operation }) => {
      for (const hit of evaluate(policies, operation).hits) {
        expect(STRICTNESS[hit.action]).toBeLessThanOrEqual(STRICTNESS[hit.asked]);
      }
    });
  });
});

describe('what has no meaning', () => {
  test('the order of policies, rules, items, conditions and hooks', () => {
    forCases(({ policies, operation }, random) => {
      const mixed = mapRules(shuffled(random, policies), (rule) => ({
        ...rule,
        items: shuffled(random, rule.items).map((item) => ({ ...item, hooks: shuffled(random, item.hooks) })),
        except: shuffled(random, rule.except),
        governs: shuffled(random, rule.governs),
      })).map((policy) => ({ ...policy, rules: shuffled(random, policy.rules) }));
      const turned = { ...operation, hooks: shuffled(random, operation.hooks) };
      expect(evaluate(mixed, turned)).toEqual(evaluate(policies, operation));
    });
  });

  test('which of two equivalent directories a name is given by', () => {
    let compared = 0;
    forCases(({ policies, operation }) => {
      const { path } = operation.object;
      if (path === undefined) return;
      const other = textOf(otherSpelling(path.split('/').filter((part) => part !== '')));
      if (other !== path) compared += 1;
      const renamed: OperationIR = { ...operation, object: { ...operation.object, path: other } };
      expect(evaluate(policies, renamed)).toEqual(evaluate(policies, operation));
    });
    expect(compared).toBeGreaterThan(30);
  });

  test('asking twice, and saying an object or a policy twice', () => {
    forCases(({ policies, operation }) => {
      const once = evaluate(policies, operation);
      expect(evaluate(policies, operation)).toEqual(once);
      expect(evaluateAll(policies, [operation, operation])).toEqual(once);
      expect(evaluate([...policies, ...policies], operation)).toEqual(once);
    });
  });

  test('JSON: policies read back decide the same', () => {
    forCases(({ policies, operation }) => {
      const read = JSON.parse(JSON.stringify({ policies, operation })) as FuzzCase;
      expect(evaluate(read.policies, read.operation)).toEqual(evaluate(policies, operation));
    });
  });
});

test('several objects: the hits are those of each object, the strictest action wins', () => {
  forCases(({ policies, operation }, random) => {
    const second = {
      ...generateOperation(random, policies, { mountTree: true }),
      session: operation.session,
      ...(operation.protected === true ? { protected: true } : {}),
    };
    const parts = [evaluate(policies, operation), evaluate(policies, second)];
    const whole = evaluateAll(policies, [operation, second]);
    expect(idsOf(whole)).toEqual([...new Set(parts.flatMap(idsOf))].sort());
    for (const hit of whole.hits) {
      const same = parts.flatMap(({ hits }) =>
        hits.filter((h) => h.policyUid === hit.policyUid && h.rule === hit.rule),
      );
      expect(STRICTNESS[hit.action]).toBe(Math.max(...same.map(({ action }) => STRICTNESS[action])));
    }
  });
});

describe('the generator', () => {
  const cases = Array.from({ length: 3_000 }, (_value, seed) => generateCase(seed, ALL));
  const decisions = cases.map(({ policies, operation }) => evaluate(policies, operation));
  const share = (holds: (decision: DecisionIR, index: number) => boolean): number =>
    decisions.filter(holds).length / decisions.length;

  test('makes the same case from the same seed', () => {
    expect(generateCase(42, ALL)).toEqual(generateCase(42, ALL));
    expect(generateCase(42, ALL)).not.toEqual(generateCase(43, ALL));
  });

  test('makes every verdict often, by certain and by unresolved hits', () => {
    for (const verdict of ['Allow', 'Audit', 'Block', 'Kill'] as const) {
      expect(share((decision) => decision.verdict === verdict)).toBeGreaterThan(0.08);
    }
    expect(share(({ hits }) => hits.some((hit) => hit.unresolved))).toBeGreaterThan(0.02);
    expect(share(({ hits }) => hits.length > 1)).toBeGreaterThan(0.2);
  });

  test('makes exceptions that hold', () => {
    const withoutExceptions = cases.map(({ policies, operation }) =>
      evaluate(
        mapRules(policies, (rule) => ({ ...rule, except: [] })),
        operation,
      ),
    );
    const held = share((decision, index) => decision.hits.length < (withoutExceptions[index]?.hits.length ?? 0));
    expect(held).toBeGreaterThan(0.05);
  });

  test('makes hits of deny items as well as misses by little', () => {
    const denied = cases.filter(({ policies, operation }) =>
      evaluate(
        policies.map((policy) => ({ ...policy, rules: policy.rules.filter((rule) => rule.list === 'deny') })),
        operation,
      ).hits.some((hit) => !hit.unresolved),
    );
    expect(denied.length / cases.length).toBeGreaterThan(0.15);
    expect(denied.length / cases.length).toBeLessThan(0.85);
  });

  test('makes real names: absolute, without empty, dot or overlong components', () => {
    for (const { operation } of cases) {
      const { path } = operation.object;
      if (path === undefined || path === '/') continue;
      const [first, ...components] = path.split('/');
      expect(first).toBe('');
      expect(components.every((part) => part.length > 0 && part.length <= 255 && part !== '.' && part !== '..')).toBe(
        true,
      );
    }
  });
});
