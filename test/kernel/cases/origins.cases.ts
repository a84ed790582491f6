// The rule kind `binaries` by where a program came from, on an overlay root in its own mount namespace.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { kernelGroup, type Bed, type Seen } from '../harness/cases.js';
import { ContainerRoot } from '../harness/container.js';
import { STANDS, type Stand, checkAnswer, interferes, nameOf, verdictOf } from '../harness/matrix.js';
import { runTry, type Tried } from '../harness/run-try.js';
import { policyOn } from '../harness/workloads.js';

const FOLDER = '/tmp/rf-origins';
const ORIGINS = ['Image', 'UpperLayer', 'ReadOnlyVolume', 'WritableVolume', 'Anonymous'] as const;
type Origin = (typeof ORIGINS)[number];

/** Starts of programs by origin; the program's own words follow. */
const STARTS: readonly (readonly [Origin, string])[] = [
  ['Image', 'exec /bin/try'],
  ['UpperLayer', 'exec /new/try'],
  ['UpperLayer', 'exec /bin/changed'],
  ['ReadOnlyVolume', 'exec /read-only/try'],
  ['WritableVolume', 'exec /volume/try'],
  ['Anonymous', 'exec-memory /bin/try'],
  ['Anonymous', 'exec-deleted /bin/try /volume/copy'],
  ['Anonymous', 'exec-temporary /bin/try /volume'],
];
const UNTRUSTED: readonly Origin[] = ['UpperLayer', 'WritableVolume', 'Anonymous'];

interface Cell extends Stand {
  readonly name: string;
  /** Origins of the list; one rule each in a deny list, together one rule in an allow list. */
  readonly listed: readonly (Origin | 'Untrusted')[];
}

const enforcedBlock = { action: 'Block', mode: 'Enforce' } as const;
const cells: readonly Cell[] = [
  ...STANDS.filter(({ list }) => list === 'deny').map((stand) => ({
    ...stand,
    name: `o-${nameOf(stand)}`,
    listed: ORIGINS,
  })),
  ...STANDS.filter(({ list }) => list === 'allow').map((stand) => ({
    ...stand,
    name: `o-${nameOf(stand)}-image`,
    listed: ['Image' as const],
  })),
  ...ORIGINS.filter((origin) => origin !== 'Image').map((origin) => ({
    list: 'allow' as const,
    ...enforcedBlock,
    name: `o-allow-${origin.toLowerCase()}`,
    listed: [origin],
  })),
  { list: 'deny', ...enforcedBlock, name: 'o-deny-untrusted', listed: ['Untrusted'] },
];

function rulesOf({ list, action, listed }: Cell): object[] {
  if (list === 'allow') return [{ name: 'listed', action, binaries: { allow: [{ origins: listed }] } }];
  return listed.map((origin) => ({ name: origin.toLowerCase(), action, binaries: { deny: [{ origins: [origin] }] } }));
}

/** The rule that a program of the origin violates. */
function violated({ list, listed }: Cell, origin: Origin): string | undefined {
  const isListed = listed.includes(origin) || (listed.includes('Untrusted') && UNTRUSTED.includes(origin));
  if (list === 'allow') return isListed ? undefined : 'listed';
  if (!isListed) return undefined;
  return listed.includes(origin) ? origin.toLowerCase() : 'untrusted';
}

let root: ContainerRoot;

const origins = kernelGroup('origins', {
  workloads: cells.map(({ name }) => name),
  policies: cells.map((cell) => policyOn(cell.name, cell.name, rulesOf(cell), { mode: cell.mode })),
  prepare: async () => {
    root = await ContainerRoot.make(FOLDER);
  },
  cleanup: () => root.end(),
});

function markerOf(cell: Cell, index: number): string {
  return `${cell.name}-${index}`;
}

async function run(bed: Bed, cell: Cell): Promise<Tried[]> {
  const commands = STARTS.map(([, words], index) => [
    ...words.split(' '),
    'open-create',
    `/out/${markerOf(cell, index)}`,
  ]);
  const options = { cgroups: [root.cgroup(bed.cgroups.folder(cell.name))], through: root.through, program: '/bin/try' };
  const results = (await runTry(options, ...commands)).filter(({ op }) => op !== 'open-create');
  assert.equal(results.length, STARTS.length, 'one result for each start');
  return results;
}

function check(cell: Cell, seen: Seen, results: readonly Tried[]): void {
  const wanted: string[] = [];
  STARTS.forEach(([origin, words], index) => {
    const rule = violated(cell, origin);
    const tried = results[index] as Tried;
    const ran = existsSync(join(FOLDER, 'out', markerOf(cell, index)));
    if (rule === undefined) {
      assert.equal(tried.errno, '', `${words}: ${JSON.stringify(tried)}`);
      assert.ok(ran, `${words}: it did not run: ${JSON.stringify(tried)}`);
      return;
    }
    checkAnswer(cell, tried);
    assert.equal(ran, !interferes(cell), `${words}: it ran`);
    wanted.push(`${rule} ${origin} ${verdictOf(cell)}`);
  });
  const got = seen.eventsOf(cell.name).map(({ rule, object, verdict }) => `${rule} ${object.origin} ${verdict}`);
  assert.deepEqual(got.sort(), wanted.sort());
  for (const rule of new Set(wanted.map((line) => line.split(' ')[0] ?? ''))) {
    assert.equal(seen.count(cell.name, rule), wanted.filter((line) => line.startsWith(`${rule} `)).length);
  }
}

for (const cell of cells) {
  origins.case(
    `${cell.list} ${cell.action} ${cell.mode}: ${cell.listed.join(', ')}`,
    (bed) => run(bed, cell),
    (seen, results) => check(cell, seen, results),
  );
}
