import { describe, expect, it } from 'vitest';
import { NodeCounts, readCounts } from './node-counts.js';
import type { KernelCount } from './node-counts.js';

const NOW = '2026-01-01T00:00:00.000Z';

function killed(count: number): ReadonlyMap<string, KernelCount> {
  return new Map([['p/r', { killed: count, blocked: 0, audited: 0, lastTime: NOW }]]);
}

function total(counts: NodeCounts): number | undefined {
  return counts.totals()['p/r']?.killed;
}

/** As it comes back from the disk. */
function restarted(counts: NodeCounts): NodeCounts {
  return new NodeCounts(readCounts(JSON.parse(JSON.stringify(counts.saved([]))) as Record<string, unknown>), 'other');
}

describe('NodeCounts', () => {
  it('counts what the kernel has counted since it last looked', () => {
    const counts = new NodeCounts(undefined, 'first');
    for (const count of [2, 2, 5]) counts.update(killed(count), NOW);
    expect(total(counts)).toBe(5);
    expect(counts.epoch).toBe('first');
  });

  it('goes on over a restart of the agent, with what happened meanwhile', () => {
    const counts = new NodeCounts(undefined, 'first');
    counts.update(killed(5), NOW);
    const next = restarted(counts);
    next.update(killed(8), NOW);
    expect([total(next), next.epoch]).toEqual([8, 'first']);
  });

  it('goes on over a reboot, where the kernel begins again at zero', () => {
    const counts = new NodeCounts(undefined, 'first');
    counts.update(killed(5), NOW);
    const next = restarted(counts);
    next.update(killed(3), NOW);
    expect(total(next)).toBe(8);
  });

  it('begins at zero with a new epoch, and does not count again what it counted', () => {
    const counts = new NodeCounts(undefined, 'first');
    counts.update(killed(5), NOW);
    counts.restart('second');
    counts.update(killed(6), NOW);
    expect([total(counts), counts.epoch]).toEqual([1, 'second']);
  });

  it('forgets policies that are gone', () => {
    const counts = new NodeCounts(undefined, 'first');
    counts.update(killed(5), NOW);
    counts.drop((uid) => uid === 'p');
    expect(counts.totals()).toEqual({});
  });

  it('does not take a file for counts that is something else', () => {
    expect(readCounts({ epoch: 1 })).toBeUndefined();
    expect(readCounts(undefined)).toBeUndefined();
  });
});
