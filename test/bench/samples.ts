// From counted rounds to the table: pure, so that it is tested without a guest.
import { ROWS } from './plan.js';
import type { MeasureName, Row, SettingName, Where } from './plan.js';

export interface Sample {
  readonly setting: SettingName | 'none';
  /** Place in the run: 0 before any agent, then rising. */
  readonly phase: number;
  readonly where: Where;
  readonly measure: MeasureName;
  /** Instructions of one operation, by round. */
  readonly rounds: readonly number[];
}

export interface Figure {
  readonly row: Row;
  readonly base: number;
  readonly measured: number;
  readonly ratio: number;
  /** How far the baselines before and after differ, as a share of the lower. */
  readonly noise: number;
  readonly holds: boolean;
}

/** Disturbances only add instructions, so the least of the rounds is nearest to the truth. */
function least(samples: readonly Sample[]): number {
  return Math.min(...samples.flatMap((sample) => sample.rounds));
}

function pick(samples: readonly Sample[], row: Row, setting: SettingName | 'none'): Sample[] {
  return samples.filter(
    (sample) => sample.setting === setting && sample.where === row.where && sample.measure === row.measure,
  );
}

/** The baselines next to a phase. */
function around(baselines: readonly Sample[], phase: number): readonly Sample[] {
  return baselines.filter((sample) => Math.abs(sample.phase - phase) === 1);
}

export function figureOf(samples: readonly Sample[], row: Row): Figure | undefined {
  const withAgent = pick(samples, row, row.setting);
  const phase = withAgent[0]?.phase;
  if (phase === undefined) return undefined;
  const neighbours = around(pick(samples, row, 'none'), phase);
  const reference = row.against === undefined ? neighbours : pick(samples, row, row.against);
  if (reference.length === 0 || neighbours.length === 0) return undefined;
  const lows = neighbours.map((sample) => least([sample]));
  const base = least(reference);
  const ratio = least(withAgent) / base;
  return {
    row,
    base,
    measured: least(withAgent),
    ratio,
    noise: (Math.max(...lows) - Math.min(...lows)) / Math.min(...lows),
    holds: row.bar === undefined || ratio <= row.bar,
  };
}

export function figuresOf(samples: readonly Sample[]): Figure[] {
  return ROWS.flatMap((row) => figureOf(samples, row) ?? []);
}

const whole = new Intl.NumberFormat('en');

export function renderTable(figures: readonly Figure[]): string {
  const lines = figures.map(({ row, base, measured, ratio, noise, holds }) => {
    const bar = row.bar === undefined ? '' : `<= ${row.bar.toFixed(2)}${holds ? '' : ' **missed**'}`;
    const added = Math.round(measured - base);
    const counted = [
      whole.format(Math.round(base)),
      whole.format(added),
      ratio.toFixed(3),
      bar,
      `${(noise * 100).toFixed(2)} %`,
    ];
    return `| ${[row.title, ...counted].join(' | ')} |`;
  });
  return ['| what | without | added | ratio | bar | noise |', '|---|---|---|---|---|---|', ...lines].join('\n');
}

/** The noise floor: phases without an agent against each other. */
export function renderFloor(samples: readonly Sample[]): string {
  const keys = [...new Set(samples.map((sample) => `${sample.where} ${sample.measure}`))];
  const lines = keys.map((key) => {
    const lows = samples
      .filter((sample) => `${sample.where} ${sample.measure}` === key)
      .map((sample) => least([sample]));
    const spread = ((Math.max(...lows) - Math.min(...lows)) / Math.min(...lows)) * 100;
    return `| ${key.replace(' ', ' | ')} | ${whole.format(Math.round(Math.min(...lows)))} | ${spread.toFixed(2)} % |`;
  });
  return ['| where | what | instructions | spread |', '|---|---|---|---|', ...lines].join('\n');
}
