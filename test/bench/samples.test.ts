import { describe, expect, it } from 'vitest';
import { figureOf, renderFloor, renderTable } from './samples.js';
import type { Sample } from './samples.js';
import type { Row } from './plan.js';

const row: Row = { title: 'open', measure: 'open2', where: 'bench-selected', setting: 'rules', bar: 1.1 };

function sample(setting: Sample['setting'], phase: number, rounds: readonly number[]): Sample {
  return { setting, phase, where: 'bench-selected', measure: 'open2', rounds };
}

describe('figureOf', () => {
  it('takes the least round of each side, and the baselines next to the phase only', () => {
    const samples = [
      sample('none', 0, [1000, 1200]),
      sample('rules', 1, [1500, 1050]),
      sample('none', 2, [1010, 3000]),
      sample('none', 4, [500]),
    ];
    const figure = figureOf(samples, row);
    expect(figure).toMatchObject({ base: 1000, measured: 1050, ratio: 1.05, holds: true });
    expect(figure?.noise).toBeCloseTo(0.01);
  });

  it('misses the bar above it', () => {
    expect(figureOf([sample('none', 0, [1000]), sample('rules', 1, [1101])], row)?.holds).toBe(false);
  });

  it('compares two settings where the row says so', () => {
    const against: Row = { ...row, setting: 'policies-1000', against: 'policies-1', bar: 1.01 };
    const samples = [
      sample('none', 0, [1000]),
      sample('policies-1', 1, [1100]),
      sample('none', 2, [1000]),
      sample('policies-1000', 3, [1133]),
    ];
    expect(figureOf(samples, against)).toMatchObject({ base: 1100, measured: 1133, holds: false });
  });

  it('gives no figure for a setting that was not measured', () => {
    expect(figureOf([sample('none', 0, [1000])], row)).toBeUndefined();
  });
});

describe('tables', () => {
  it('mark a missed bar', () => {
    const figure = figureOf([sample('none', 0, [1000]), sample('rules', 1, [2000])], row);
    expect(figure && renderTable([figure])).toContain('| open | 1,000 | 1,000 | 2.000 | <= 1.10 **missed** | 0.00 % |');
  });

  it('show the floor as the spread between phases', () => {
    expect(renderFloor([sample('none', 0, [1000]), sample('none', 1, [1010])])).toContain('| open2 | 1,000 | 1.00 % |');
  });
});
