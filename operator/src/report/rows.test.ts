import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { policyDigest } from './digest.js';
import { normalizeTarget } from './row-key.js';
import { ROWS_MAX, ViolationRows } from './rows.js';
import type { Hit } from './rows.js';

const OWNER = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'rs-1' };

function hit(change: Partial<Hit> = {}): Hit {
  return {
    uid: 'p-1',
    rule: 'shells',
    generation: 1,
    mode: 'Enforce',
    action: 'Killed',
    kind: 'binaries',
    class: 'Exec',
    hook: 'lsm/bprm_creds_for_exec',
    time: '2026-01-01T00:00:00.000Z',
    namespace: 'shop',
    owner: OWNER,
    pod: { name: 'web-1-a', uid: 'pod-a' },
    container: 'app',
    binary: '/app/server',
    object: '/usr/bin/sh',
    counter: 'shells@100',
    ...change,
  };
}

describe('ViolationRows', () => {
  it('gathers what is alike over the pods of one owner, and keeps names of five', () => {
    const rows = new ViolationRows();
    for (let pod = 0; pod < 7; pod++) rows.observe(hit({ pod: { name: `web-${pod}`, uid: `pod-${pod}` } }));
    rows.observe(hit({ generation: 2 }));
    expect(rows.list()).toMatchObject([{ count: 8, podCount: 8, generation: 2, owner: OWNER, rule: 'shells' }]);
    expect(rows.list()[0]?.pods).toHaveLength(5);
  });

  it.each<[string, Partial<Hit>]>([
    ['policy', { uid: 'p-2' }],
    ['rule', { rule: 'other' }],
    ['action', { action: 'Blocked' }],
    ['mode', { mode: 'Monitor' }],
    ['class', { class: 'Map' }],
    ['owner', { owner: { ...OWNER, uid: 'rs-2' } }],
    ['container', { container: 'sidecar' }],
    ['program', { binary: '/bin/other' }],
    ['object', { object: '/usr/bin/bash' }],
  ])('tells rows apart by their %s', (_, change) => {
    const rows = new ViolationRows();
    rows.observe(hit());
    rows.observe(hit(change));
    expect(rows.list().map(({ count }) => count)).toEqual([1, 1]);
  });

  it('brings counts up to the exact counter, whatever the rate limit hid', () => {
    const rows = new ViolationRows();
    rows.observe(hit());
    rows.observe(hit({ object: '/usr/bin/bash', time: '2026-01-01T00:00:01.000Z' }));
    rows.settle('shells@100', 10_000);
    rows.settle('shells@100', 10_000);
    expect(rows.list().map(({ object, count }) => [object, count])).toEqual([
      ['/usr/bin/sh', 1],
      ['/usr/bin/bash', 9_999],
    ]);
    rows.settle('shells@100', 10_005);
    expect(rows.list().reduce((sum, { count }) => sum + count, 0)).toBe(10_005);
  });

  it('begins with the rows that were published and counts only what is new', () => {
    const before = new ViolationRows();
    before.observe(hit());
    before.settle('shells@100', 50);
    const after = new ViolationRows(before.list());
    after.begin('shells@100', 50);
    after.observe(hit({ time: '2026-01-01T00:01:00.000Z' }));
    after.settle('shells@100', 53);
    expect(after.list()).toMatchObject([
      { count: 53, first: '2026-01-01T00:00:00.000Z', last: '2026-01-01T00:01:00.000Z', podCount: 1 },
    ]);
  });

  it('lets the row go that was idle longest', () => {
    const rows = new ViolationRows();
    const second = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();
    for (let n = 0; n < ROWS_MAX; n++)
      rows.observe(hit({ object: `/bin/tool${String.fromCharCode(97 + (n % 26))}${n}`, time: second(n) }));
    rows.observe(hit({ object: '/bin/toola0', time: second(500) }));
    rows.observe(hit({ object: '/bin/new', time: second(501) }));
    const objects = rows.list().map(({ object }) => object);
    expect(objects).toHaveLength(ROWS_MAX);
    expect(objects).toContain('/bin/toola0');
    expect(objects).not.toContain('/bin/toolb1');
    expect(rows.evicted).toBe(1);
  });

  it('cuts texts that are longer than the schema allows', () => {
    const rows = new ViolationRows();
    rows.observe(hit({ object: `/${'x'.repeat(4000)}`, sample: { arguments: 'a'.repeat(999) } }));
    const [row] = rows.list();
    expect([row?.object?.length, row?.sample?.object?.length, row?.sample?.arguments?.length]).toEqual([
      1024, 1024, 256,
    ]);
  });
});

describe('normalizeTarget', () => {
  it.each([
    ['/proc/4711/mem', '/proc/*/mem'],
    ['/proc/12/task/13/comm', '/proc/*/task/*/comm'],
    ['/proc/sys/kernel/core_pattern', '/proc/sys/kernel/core_pattern'],
    ['/tmp/build-a8Xk2q/x', '/tmp/build-*/x'],
    ['/tmp/tmpab12cd34', '/tmp/tmp*'],
    ['/var/lib/0123456789abcdef0123/file', '/var/lib/*/file'],
    ['/usr/bin/python3.11', '/usr/bin/python3.11'],
    ['/etc/shadow', '/etc/shadow'],
  ])('%s is %s', (path, normal) => {
    expect(normalizeTarget(path)).toBe(normal);
    expect(normalizeTarget(normal)).toBe(normal);
  });
});

describe('policyDigest', () => {
  it('does not depend on the order, and changes with every generation, addition and removal', () => {
    const policy = fc.record({ uid: fc.uuid(), generation: fc.nat(100) });
    const set = fc.uniqueArray(policy, { minLength: 1, maxLength: 20, selector: ({ uid }) => uid });
    fc.assert(
      fc.property(set, (policies) => {
        const digest = policyDigest(policies);
        expect(policyDigest([...policies].reverse())).toBe(digest);
        expect(policyDigest(policies.slice(1))).not.toBe(digest);
        const [first, ...rest] = policies;
        if (first) expect(policyDigest([{ ...first, generation: first.generation + 1 }, ...rest])).not.toBe(digest);
      }),
    );
  });
});
