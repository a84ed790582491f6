// What is measured. A setting is how the agent runs; a row is one figure of the table, with the bar it is held to.

export interface Measure {
  readonly operation: 'getpid' | 'open' | 'exec' | 'create';
  /** Operations in one round: enough that a round is long against a timer tick. */
  readonly count: number;
  readonly path: string;
  /** Beside 1,000 renames a second by another process, which empty the verdict cache; counts this process's own time. */
  readonly renames?: boolean;
}

/** Programs of test/bench as the guest sees them. */
export const PROGRAMS = '/tmp/bench';

export const MEASURES = {
  getpid: { operation: 'getpid', count: 5000, path: '-' },
  open2: { operation: 'open', count: 1000, path: '/tmp/file' },
  open8: { operation: 'open', count: 1000, path: '/tmp/a/b/c/d/e/f/file' },
  renames: { operation: 'open', count: 1000, path: '/tmp/file', renames: true },
  create: { operation: 'create', count: 300, path: '/tmp/new' },
  exec: { operation: 'exec', count: 30, path: `${PROGRAMS}/noop` },
} as const satisfies Record<string, Measure>;

export type MeasureName = keyof typeof MEASURES;

export const ROUNDS = 5;

/** Times that the rounds are run, apart from each other. */
export const BATCHES = 3;
export const BATCH_GAP_MS = 3000;

/** `bench-selected` is under the policies of every setting, `bench-outside` under none. */
export type Where = 'bench-selected' | 'bench-outside';

export const SETTINGS = {
  rules: { policies: 1, cached: true },
  'rules-uncached': { policies: 1, cached: false },
  'policies-1': { policies: 1, cached: true },
  'policies-1000': { policies: 1000, cached: true },
  'policies-1-uncached': { policies: 1, cached: false },
  'policies-1000-uncached': { policies: 1000, cached: false },
} as const satisfies Record<string, { policies: number; cached: boolean }>;

export type SettingName = keyof typeof SETTINGS;

export interface Row {
  readonly title: string;
  readonly measure: MeasureName;
  readonly where: Where;
  readonly setting: SettingName;
  /** Measured against this setting instead of against no agent. */
  readonly against?: SettingName;
  /** Highest ratio allowed. */
  readonly bar?: number;
}

const selected = 'bench-selected';
const outside = 'bench-outside';

export const ROWS: readonly Row[] = [
  { title: 'not selected: open+close', measure: 'open2', where: outside, setting: 'rules', bar: 1.06 },
  { title: 'not selected: exec', measure: 'exec', where: outside, setting: 'rules', bar: 1.03 },
  { title: 'not selected: create+unlink', measure: 'create', where: outside, setting: 'rules' },
  { title: 'not selected: getpid', measure: 'getpid', where: outside, setting: 'rules' },
  {
    title: 'selected, cached: open+close, 2 components',
    measure: 'open2',
    where: selected,
    setting: 'rules',
    bar: 1.12,
  },
  {
    title: 'selected, cached: open+close, 8 components',
    measure: 'open8',
    where: selected,
    setting: 'rules',
    bar: 1.12,
  },
  { title: 'selected, cached, 1,000 renames/s', measure: 'renames', where: selected, setting: 'rules', bar: 1.12 },
  { title: 'selected: exec', measure: 'exec', where: selected, setting: 'rules', bar: 1.03 },
  { title: 'selected: create+unlink', measure: 'create', where: selected, setting: 'rules' },
  { title: 'selected: getpid', measure: 'getpid', where: selected, setting: 'rules' },
  { title: 'selected, uncached: 2 components', measure: 'open2', where: selected, setting: 'rules-uncached', bar: 1.4 },
  { title: 'selected, uncached: 8 components', measure: 'open8', where: selected, setting: 'rules-uncached', bar: 1.5 },
  {
    title: '1,000 policies against 1, cached',
    measure: 'open2',
    where: selected,
    setting: 'policies-1000',
    against: 'policies-1',
    bar: 1.01,
  },
  {
    title: '1,000 policies against 1, uncached',
    measure: 'open2',
    where: selected,
    setting: 'policies-1000-uncached',
    against: 'policies-1-uncached',
    bar: 1.01,
  },
];

/** Live cgroups, each with a process in it, in every phase; the first is the selected one. */
export const CGROUPS = 1000;
