// The rule kind `binaries` by name: the forms of patterns x deny and allow x Kill, Block and Audit x Enforce and Monitor, by what a program
// would have left behind, errno or signal, events and exact counters; and the ways in which a program can be started.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Bed, kernelGroup, type Seen } from '../harness/cases.js';
import { STANDS, type Stand, checkAnswer, interferes, nameOf, verdictOf } from '../harness/matrix.js';
import { TRY, type Tried } from '../harness/run-try.js';
import { policyOn } from '../harness/workloads.js';

const FOLDER = '/tmp/rf-binaries';
const folderOf = (stand: Stand): string => join(FOLDER, nameOf(stand));
const workloadOf = (stand: Stand): string => `b-${nameOf(stand)}`;

/** Form -> pattern; below the folder of the cell where it does not begin with stars. */
const PATTERNS = {
  exact: 'exact/program',
  subtree: 'subtree/**',
  basename: '**/rf-named-program',
  glob: 'glob/a*z',
} as const;
type Form = keyof typeof PATTERNS;
const FORMS = Object.keys(PATTERNS) as Form[];

const LISTED: Readonly<Record<Form, readonly string[]>> = {
  exact: ['exact/program'],
  subtree: ['subtree/program', 'subtree/deep/program'],
  basename: ['anywhere/rf-named-program'],
  glob: ['glob/az', 'glob/a-z'],
};
/** What is nearly one of them. */
const UNLISTED = ['exact/program2', 'subtreex/program', 'anywhere/xrf-named-program', 'glob/azx', 'glob/deep/az'];

/** Ways to start the program of the exact pattern. */
const WAYS = [
  'exec-at',
  'exec-fd',
  'exec-path-fd',
  'exec-proc-fd',
  'exec-thread',
  'exec-spawn',
  'exec-vfork',
  'exec-orphan',
];

interface Start {
  readonly words: readonly string[];
  /** What the program makes when it runs; absent for a mapping. */
  readonly marker?: string;
  /** What an event shows. */
  readonly object: string;
  readonly rule: string;
}

let markers = 0;

function start(stand: Stand, way: string, file: string, rule: string): Start {
  const marker = join(FOLDER, 'ran', `${markers++}`);
  const path = join(folderOf(stand), file);
  const program = way === 'exec-at' ? [dirname(path), path.slice(dirname(path).length + 1)] : [path];
  return { words: [way, ...program, 'open-create', marker], marker, object: path, rule };
}

/** The script's first line hands its own path and the marker to `try copy`. */
function startScript(stand: Stand, script: string, object: string, rule: string): Start {
  const marker = join(FOLDER, 'ran', `${markers++}`);
  return {
    words: ['exec', join(folderOf(stand), script), marker],
    marker,
    object: join(folderOf(stand), object),
    rule,
  };
}

function map(stand: Stand, way: string, file: string, rule: string): Start {
  const path = join(folderOf(stand), file);
  return { words: [way, path], object: path, rule };
}

const listedStarts = (stand: Stand, ruleOf: (form: Form) => string): Start[] => [
  ...FORMS.flatMap((form) => LISTED[form].map((file) => start(stand, 'exec', file, ruleOf(form)))),
  ...WAYS.map((way) => start(stand, way, 'exact/program', ruleOf('exact'))),
];
const unlistedStarts = (stand: Stand): Start[] => UNLISTED.map((file) => start(stand, 'exec', file, 'listed'));

/** Violations of a deny list, and what it leaves alone. */
function denied(stand: Stand): { readonly violations: Start[]; readonly maps: Start[]; readonly harmless: Start[] } {
  return {
    violations: [
      ...listedStarts(stand, (form) => form),
      startScript(stand, 'script-by-listed', 'exact/program', 'exact'),
      { ...start(stand, 'exec', 'links/listed-name', 'given'), object: join(folderOf(stand), 'other/program') },
      { ...start(stand, 'exec', 'links/to-listed', 'exact'), object: join(folderOf(stand), 'exact/program') },
    ],
    maps: ['map-exec', 'protect-exec'].map((way) => map(stand, way, 'subtree/program', 'subtree')),
    harmless: [
      ...unlistedStarts(stand),
      startScript(stand, 'script-by-other', 'other/program', ''),
      map(stand, 'map-exec', 'exact/program2', ''),
    ],
  };
}

/** The same of an allow list: it looks at the file that was asked for, at no interpreter and no mapping. */
function allowed(stand: Stand): ReturnType<typeof denied> {
  return {
    violations: [
      ...unlistedStarts(stand),
      startScript(stand, 'script-by-listed', 'script-by-listed', 'listed'),
      { ...start(stand, 'exec', 'links/listed-name', 'listed'), object: join(folderOf(stand), 'other/program') },
    ],
    maps: [],
    harmless: [
      ...listedStarts(stand, () => 'listed'),
      start(stand, 'exec', 'links/to-listed', ''),
      startScript(stand, 'subtree/script-by-other', 'other/program', ''),
      map(stand, 'map-exec', 'other/program', ''),
    ],
  };
}

function rulesOf(stand: Stand): object[] {
  const pattern = (form: Form): object => ({
    path: PATTERNS[form].startsWith('**') ? PATTERNS[form] : join(folderOf(stand), PATTERNS[form]),
  });
  const { action } = stand;
  const given = { path: join(folderOf(stand), 'links/listed-name') };
  if (stand.list === 'allow') return [{ name: 'listed', action, binaries: { allow: [...FORMS.map(pattern), given] } }];
  return [
    ...FORMS.map((form) => ({ name: form, action, binaries: { deny: [pattern(form)] } })),
    { name: 'given', action, binaries: { deny: [given] } },
  ];
}

function makePrograms(stand: Stand): void {
  const folder = folderOf(stand);
  for (const file of [...FORMS.flatMap((form) => LISTED[form]), ...UNLISTED, 'other/program']) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(TRY, join(folder, file));
    chmodSync(join(folder, file), 0o755);
  }
  mkdirSync(join(folder, 'links'));
  symlinkSync('../other/program', join(folder, 'links/listed-name'));
  symlinkSync('../exact/program', join(folder, 'links/to-listed'));
  const script = (file: string, interpreter: string): void => {
    writeFileSync(join(folder, file), `#!${join(folder, interpreter)} copy\n`, { mode: 0o755 });
  };
  script('script-by-listed', 'exact/program');
  script('script-by-other', 'other/program');
  script('subtree/script-by-other', 'other/program');
}

const binaries = kernelGroup('binaries', {
  workloads: STANDS.map(workloadOf),
  policies: STANDS.map((stand) => policyOn(workloadOf(stand), workloadOf(stand), rulesOf(stand), { mode: stand.mode })),
  prepare: () => {
    mkdirSync(join(FOLDER, 'ran'), { recursive: true });
    STANDS.forEach(makePrograms);
  },
});

/** Programs that run report on the same standard output. */
function ownResults(results: readonly Tried[]): Tried[] {
  return results.filter(({ op }) => !['open-create', 'copy'].includes(op));
}

async function run(bed: Bed, stand: Stand, starts: readonly Start[]): Promise<Tried[]> {
  const results = ownResults(await bed.try(workloadOf(stand), ...starts.map(({ words }) => words)));
  assert.equal(results.length, starts.length, 'one result for each start');
  return results;
}

async function runAlone(bed: Bed, stand: Stand, starts: readonly Start[]): Promise<Tried[]> {
  const results: Tried[] = [];
  for (const one of starts) results.push(...(await run(bed, stand, [one])));
  return results;
}

function ran({ marker }: Start): boolean {
  return marker !== undefined && existsSync(marker);
}

function checkViolation(stand: Stand, one: Start, tried: Tried): void {
  checkAnswer(stand, tried);
  if (one.marker !== undefined) assert.equal(ran(one), !interferes(stand), `${one.words.join(' ')}: it ran`);
}

function checkHarmless(one: Start, tried: Tried): void {
  assert.equal(tried.errno, '', `${one.words.join(' ')}: ${JSON.stringify(tried)}`);
  if (one.marker !== undefined) assert.ok(ran(one), `${one.words.join(' ')}: it did not run: ${JSON.stringify(tried)}`);
}

function checkReports(stand: Stand, seen: Seen, violations: readonly Start[]): void {
  const policy = workloadOf(stand);
  const wanted = violations.map(({ rule, object }) => `${rule} ${object} ${verdictOf(stand)} ${stand.action}`);
  const got = seen
    .eventsOf(policy)
    .map(({ rule, object, verdict, asked }) => `${rule} ${object.path} ${verdict} ${asked}`);
  assert.deepEqual(got.sort(), wanted.sort());
  const rules = new Set(violations.map(({ rule }) => rule));
  for (const rule of rules) {
    assert.equal(seen.count(policy, rule), violations.filter((one) => one.rule === rule).length, `counter of ${rule}`);
  }
}

for (const stand of STANDS) {
  const { violations, maps, harmless } = stand.list === 'deny' ? denied(stand) : allowed(stand);
  binaries.case(
    `${stand.list} ${stand.action} ${stand.mode}`,
    async (bed) => ({
      violations: await run(bed, stand, violations),
      maps: await runAlone(bed, stand, maps),
      harmless: await run(bed, stand, harmless),
    }),
    (seen, tried) => {
      violations.forEach((one, index) => checkViolation(stand, one, tried.violations[index] as Tried));
      maps.forEach((one, index) => checkViolation(stand, one, tried.maps[index] as Tried));
      harmless.forEach((one, index) => checkHarmless(one, tried.harmless[index] as Tried));
      checkReports(stand, seen, [...violations, ...maps]);
    },
  );
}
