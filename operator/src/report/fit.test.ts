import { describe, expect, it } from 'vitest';
import { NODE_STATE_BYTES_MAX, fitNodeState } from './fit.js';
import type { NodeStateStatus, NodeTotal, ViolationRow } from './objects.gen.js';

const agent = { version: '1', epoch: 'e' };

function totals(count: number, from = 0): Record<string, NodeTotal> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`uid-${n + from}/rule`, { killed: 1, blocked: 0, audited: 0 }]),
  );
}

function row(n: number, object: string): ViolationRow {
  const time = '2026-01-01T00:00:00Z';
  const common = { rule: 'r', mode: 'Enforce', action: 'Killed', kind: 'paths', class: 'Read' } as const;
  return { key: `k${n}`, uid: 'p', count: 1, first: time, last: time, object, ...common };
}

describe('fitNodeState', () => {
  it('leaves alone what fits', () => {
    const status: NodeStateStatus = { agent, programmed: { a: 1 }, totals: totals(3), violations: [row(1, '/x')] };
    const fitted = fitNodeState(status);
    expect(fitted).toMatchObject(status);
    expect(fitted.omitted).toBeUndefined();
  });

  it('lists neither counts of zero nor anything empty', () => {
    const status = { agent, totals: { 'u/r': { killed: 0, blocked: 0, audited: 0 } } };
    expect(fitNodeState(status)).toEqual({ agent });
  });

  it('keeps totals that were published before, so that none seems to begin again', () => {
    const first = fitNodeState({ agent, totals: totals(1000, 500) });
    const second = fitNodeState({ agent, totals: totals(1500) }, first);
    expect(Object.keys(second.totals ?? {}).sort()).toEqual(Object.keys(first.totals ?? {}).sort());
    expect(second.omitted).toEqual({ totals: 500 });
  });

  it('stays below its bytes by leaving out rows, oldest first, and says how many', () => {
    const violations = Array.from({ length: 128 }, (_, n) => row(n, `/${'\u20ac'.repeat(1000)}`));
    const programmed = Object.fromEntries(Array.from({ length: 3500 }, (_, n) => [`uid-${n}`, 1]));
    const fitted = fitNodeState({ agent, programmed, violations });
    expect(new TextEncoder().encode(JSON.stringify(fitted)).length).toBeLessThanOrEqual(NODE_STATE_BYTES_MAX);
    expect(fitted.omitted?.['programmed']).toBe(500);
    const kept = fitted.violations ?? [];
    expect(kept.length + (fitted.omitted?.['violations'] ?? 0)).toBe(128);
    expect(kept.at(-1)?.key).toBe('k127');
  });

  it('holds 1,000 policies in about 42 KB', () => {
    const uid = (n: number): string => `00000000-0000-4000-8000-${n.toString().padStart(12, '0')}`;
    const programmed = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [uid(n), 1]));
    expect(JSON.stringify(fitNodeState({ agent, programmed }).programmed).length).toBeLessThan(44_000);
  });
});
