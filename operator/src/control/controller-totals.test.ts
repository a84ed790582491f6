import { describe, expect, it } from 'vitest';
import type { PolicyStatus } from '../policy/schema.gen.js';
import type { NodeStateStatus } from '../report/objects.gen.js';
import { ControllerTotals } from './controller-totals.js';

function state(counts: Record<string, [killed: number, blocked: number]>, epoch = 'e'): NodeStateStatus {
  const totals = Object.entries(counts).map(([key, [killed, blocked]]) => {
    return [key, { killed, blocked, audited: 0, since: 't0', lastTime: '2026-01-01T00:00:00Z' }] as const;
  });
  return { agent: { version: '1', epoch }, totals: Object.fromEntries(totals) };
}

function statusOf(totals: ControllerTotals): PolicyStatus {
  const { violations, rules } = totals.counts('p');
  return { violations, rules: [...rules].map(([name, counts]) => ({ name, ...counts })) };
}

describe('ControllerTotals', () => {
  it('adds nodes up, for the policy and for each rule', () => {
    const totals = new ControllerTotals();
    totals.observe('a', state({ 'p/r': [1, 2], 'p/s': [10, 0], 'q/r': [5, 0] }));
    totals.observe('b', state({ 'p/r': [3, 0] }));
    expect(statusOf(totals)).toEqual({
      violations: { total: 16, killed: 14, blocked: 2, audited: 0, lastTime: '2026-01-01T00:00:00Z' },
      rules: [
        { name: 'r', violations: 6, departed: 0 },
        { name: 's', violations: 10, departed: 0 },
      ],
    });
  });

  it('goes on after a restart where the status stopped, whatever left before', () => {
    const before = new ControllerTotals();
    before.observe('a', state({ 'p/r': [4, 0] }));
    before.observe('b', state({ 'p/r': [6, 0] }));
    before.leave('b');
    const after = new ControllerTotals();
    after.restore('p', statusOf(before));
    after.observe('a', state({ 'p/r': [9, 0] }));
    after.settle();
    expect(statusOf(after)).toMatchObject({
      violations: { total: 15, killed: 15, departed: { killed: 6 } },
      rules: [{ name: 'r', violations: 15, departed: 6 }],
    });
  });

  it('keeps the count of a rule that the policy no longer has', () => {
    const totals = new ControllerTotals();
    totals.observe('a', state({ 'p/r': [4, 0], 'p/s': [1, 0] }));
    totals.observe('a', state({ 'p/s': [2, 0] }));
    expect(totals.counts('p').violations).toMatchObject({ total: 6, departed: { killed: 4 } });
  });

  it('forgets a policy that is deleted', () => {
    const totals = new ControllerTotals();
    totals.observe('a', state({ 'p/r': [4, 0] }));
    totals.forget('p');
    expect(totals.counts('p')).toMatchObject({ violations: { total: 0 } });
  });
});
