import { expect, it } from 'vitest';
import { generateCase } from './generate.js';
import { type Case, shrink } from './shrink.js';

function hasAudit({ policies }: Case): boolean {
  return policies.some(({ rules }) => rules.some(({ action }) => action === 'Audit'));
}

it('a failing case is reduced to one policy with one rule of one item', () => {
  const seed = Array.from({ length: 100 }, (_, index) => index).find((index) => {
    const { policies } = generateCase(index);
    return policies.length > 2 && hasAudit(generateCase(index));
  });
  const { policies } = shrink(generateCase(seed ?? 0), hasAudit);
  expect(policies).toHaveLength(1);
  expect(policies[0]?.rules).toHaveLength(1);
  expect(policies[0]?.rules[0]).toMatchObject({ action: 'Audit', except: [], items: [{}] });
});
