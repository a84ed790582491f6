import { describe, expect, it } from 'vitest';
import { addTotals, findFaults, formatTotals, isAllowed, readAllowedReasons, readReport } from './test-lines.js';

const PAGE = `# Limitations

| \`not here\` | x | y |

## Tests that may be skipped

| reason | which tests | why |
|---|---|---|
| \`qemu is missing\` | guests | x |
| \`no cgroup2\` | kernel | x |

## Other

| \`nor here\` | x | y |
`;

describe('readReport', () => {
  it('takes the last closing line of a suite', () => {
    expect(readReport('1 passed, 0 failed, 0 skipped\nmore\n5 passed, 1 failed, 0 skipped\n').totals).toEqual({
      passed: 5,
      failed: 1,
      skipped: 0,
    });
  });
  it('reads through terminal colours', () => {
    expect(readReport('\u001b[32m3 passed, 0 failed, 0 skipped\u001b[39m').totals?.passed).toBe(3);
  });
  it('does not take a closing line from inside another line', () => {
    expect(readReport('guest: 3 passed, 0 failed, 0 skipped').totals).toBeUndefined();
  });
  it('gathers skips with their reasons', () => {
    expect(readReport('SKIP boot 6.1: qemu is missing\n0 passed, 0 failed, 1 skipped').skips).toEqual([
      { test: 'boot 6.1', reason: 'qemu is missing' },
    ]);
  });
});

describe('reasons', () => {
  it('come from the one section that lists them', () => {
    expect(readAllowedReasons(PAGE)).toEqual(['qemu is missing', 'no cgroup2']);
  });
  it('come from the section also when it is the last one', () => {
    expect(readAllowedReasons(PAGE.slice(0, PAGE.indexOf('## Other')))).toEqual(['qemu is missing', 'no cgroup2']);
  });
  it('are none without the section', () => {
    expect(readAllowedReasons('# Limitations\n')).toEqual([]);
  });
  it('allow themselves and themselves with detail, nothing that merely begins alike', () => {
    expect(
      ['no cgroup2', 'no cgroup2: x', 'no cgroup2 (x)', 'no cgroup2x'].map((r) => isAllowed(r, ['no cgroup2'])),
    ).toEqual([true, true, true, false]);
  });
});

describe('findFaults', () => {
  const good = { totals: { passed: 1, failed: 0, skipped: 0 }, skips: [] };
  it('has nothing to say about a suite that passed', () => {
    expect(findFaults(0, good, [])).toEqual([]);
  });
  it('has nothing to add to a suite that counted its failures', () => {
    expect(findFaults(1, { totals: { passed: 1, failed: 2, skipped: 0 }, skips: [] }, [])).toEqual([]);
  });
  it('reports a status that no failed test explains', () => {
    expect(findFaults(124, good, [])).toEqual(['ended with status 124']);
  });
  it('reports a suite without a closing line, whatever its status', () => {
    expect(findFaults(0, { skips: [] }, [])).toHaveLength(1);
    expect(findFaults(1, { skips: [] }, [])).toHaveLength(2);
  });
  it('reports a suite that ran nothing', () => {
    expect(findFaults(0, { totals: { passed: 0, failed: 0, skipped: 0 }, skips: [] }, [])).toEqual(['ran no test']);
  });
  it('reports a skip that gives no reason', () => {
    expect(findFaults(0, { totals: { passed: 1, failed: 0, skipped: 1 }, skips: [] }, [])).toHaveLength(1);
  });
  it('reports a skip whose reason is not documented', () => {
    const report = { totals: { passed: 1, failed: 0, skipped: 1 }, skips: [{ test: 'a', reason: 'tired' }] };
    expect(findFaults(0, report, ['qemu is missing'])).toHaveLength(1);
    expect(findFaults(0, report, ['tired'])).toEqual([]);
  });
});

describe('totals', () => {
  it('add up and print as one line', () => {
    const sum = addTotals([
      { passed: 1, failed: 2, skipped: 3 },
      { passed: 10, failed: 20, skipped: 30 },
    ]);
    expect(formatTotals(sum)).toBe('11 passed, 22 failed, 33 skipped');
  });
});
