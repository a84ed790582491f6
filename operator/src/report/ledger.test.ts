import { describe, expect, it } from 'vitest';
import { Ledger } from './ledger.js';
import type { Entry } from './ledger.js';

function entries(...list: [key: string, count: number, since?: string][]): Map<string, Entry> {
  return new Map(list.map(([key, count, since = 't0']) => [key, { item: 'i', since, counts: [count] }]));
}

function told(ledger: Ledger): string {
  return `${ledger.total('i')[0]} of which ${ledger.departed('i')[0]} departed`;
}

describe('Ledger', () => {
  it('adds up sources and says what changed', () => {
    const ledger = new Ledger(1);
    expect([...ledger.observe('a', 'e', entries(['x', 3]))]).toEqual(['i']);
    expect([...ledger.observe('b', 'e', entries(['x', 4], ['y', 1]))]).toEqual(['i']);
    expect([...ledger.observe('a', 'e', entries(['x', 3]))]).toEqual([]);
    expect(told(ledger)).toBe('8 of which 0 departed');
  });

  it.each<[string, (ledger: Ledger) => void, string]>([
    ['an entry that leaves stays counted', (l) => l.observe('a', 'e', entries()), '10 of which 10 departed'],
    [
      'one that comes back as it was is not counted twice',
      (l) => [l.observe('a', 'e', entries()), l.observe('a', 'e', entries(['x', 12]))],
      '12 of which 0 departed',
    ],
    [
      'one that begins again counts anew',
      (l) => [l.observe('a', 'e', entries()), l.observe('a', 'e', entries(['x', 2, 't1']))],
      '12 of which 10 departed',
    ],
    [
      'one that begins again between two looks counts anew',
      (l) => l.observe('a', 'e', entries(['x', 20, 't1'])),
      '30 of which 10 departed',
    ],
    ['a new epoch counts anew', (l) => l.observe('a', 'f', entries(['x', 3])), '13 of which 10 departed'],
    ['a source that goes leaves its counts', (l) => l.leave('a'), '10 of which 10 departed'],
    [
      'a count that seems to fall stands still',
      (l) => l.observe('a', 'e', entries(['x', 4])),
      '10 of which 0 departed',
    ],
    ['what nobody asks for is forgotten', (l) => l.forget('i'), '0 of which 0 departed'],
  ])('%s', (_, change, expected) => {
    const ledger = new Ledger(1);
    ledger.observe('a', 'e', entries(['x', 10]));
    change(ledger);
    expect(told(ledger)).toBe(expected);
  });

  it('goes on from what was told, exactly while nothing left, and never below it', () => {
    const after = (live: number): string => {
      const ledger = new Ledger(1);
      ledger.restore('i', [100], [40]);
      ledger.observe('a', 'e', entries(['x', live]));
      ledger.settle();
      return told(ledger);
    };
    expect(after(60)).toBe('100 of which 40 departed');
    expect(after(75)).toBe('115 of which 40 departed');
    expect(after(10)).toBe('100 of which 90 departed');
  });
});
