// Who comes into a container that runs: kubectl exec, probes and lifecycle hooks, told apart before their first exec is judged.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RfEventFlag } from '../../operator/src/abi/abi.gen.js';
import { SESSION_NAMES, type PodBed } from './bed.js';
import { joinable, makeRoot, release, removeRoot, runRuntime, startRuntime, type RuntimeOptions } from './container.js';
import { newUid } from './names.js';
import type { PodCase } from './policies.js';
import { inContainer, type Place } from './setup.js';

const READ = ['/bin/try', 'open-read', '/secret'];
const STAY = ['/bin/try', 'open', '/tmp/end'];

/** A container whose main process lasts as long as `body`. */
async function whileRunning(place: Place, body: (pid: string) => Promise<void>): Promise<void> {
  const main = startRuntime({ cgroup: place.folder, root: place.root }, ...STAY);
  try {
    await body(await joinable(main));
  } finally {
    release(place.root);
    await main.ended;
  }
}

function sessions(bed: PodBed, id: bigint): string[] {
  return bed.violations(id).map(({ head }) => SESSION_NAMES[head.session] ?? '');
}

interface Entry {
  readonly handler: readonly string[];
  readonly command?: readonly string[];
  readonly options?: RuntimeOptions;
  readonly session: 'Exec' | 'Lifecycle' | 'Probe';
}

const LONG = ['/bin/try', 'open-read', '/secret', 'x'.repeat(2000)];

const ENTRIES: Readonly<Record<string, Entry>> = {
  'the command of a probe': { handler: READ, session: 'Probe' },
  'the command of a lifecycle hook': { handler: READ, session: 'Lifecycle' },
  'the command of a probe at a terminal': { handler: READ, options: { tty: '1' }, session: 'Exec' },
  'another command than that of the probe': { handler: STAY, session: 'Exec' },
  'the command of a probe and an empty argument': { handler: READ, command: [...READ, ''], session: 'Exec' },
  'the beginning of the command of a probe': { handler: [...READ, 'more'], session: 'Exec' },
  'a command longer than any handler': {
    handler: LONG.map((word) => word.slice(0, 1500)),
    command: LONG,
    session: 'Exec',
  },
};

const told = Object.entries(ENTRIES).map(([name, { handler, command = READ, options = {}, session }]): PodCase => ({
  name: `${name} is ${session}`,
  body: (bed) =>
    inContainer(bed, 'secret-audit', async (place) => {
      bed.handler(place.id, session === 'Lifecycle' ? 'Lifecycle' : 'Probe', handler);
      await whileRunning(place, async (pid) => {
        const ran = await runRuntime({ cgroup: place.folder, join: pid, ...options }, ...command);
        assert.equal(ran.errno, '', JSON.stringify(ran));
      });
      await bed.settled();
      assert.deepEqual(sessions(bed, place.id), [session]);
    }),
}));

export const ENTRY_CASES: readonly PodCase[] = [
  ...told,
  {
    name: 'the first to come is Main, though a probe has its command; those that come later are not its main process',
    body: (bed) =>
      inContainer(bed, 'secret-audit', async (place) => {
        bed.handler(place.id, 'Probe', READ);
        const { pid } = await runRuntime({ cgroup: place.folder, root: place.root }, ...READ);
        const later = await runRuntime(
          { cgroup: place.folder, root: place.root },
          '/bin/try',
          'open-read',
          '/secret',
          'x',
        );
        await bed.settled();
        assert.deepEqual(sessions(bed, place.id), ['Main', 'Exec']);
        assert.notEqual(later.pid, pid);
        for (const { head } of bed.violations(place.id))
          assert.equal(head.flags & RfEventFlag.EVENT_MAIN_PROCESS, 0, 'the child of the first process tries');
      }),
  },
  {
    name: 'a forbidden program that somebody starts in the container is denied and the container lives',
    body: (bed) =>
      inContainer(bed, 'forbidden', async (place) => {
        await whileRunning(place, async (pid) => {
          const ran = await runRuntime({ cgroup: place.folder, join: pid }, '/bin/forbidden', 'open', '/');
          if (bed.backend === 'lsm') assert.deepEqual([ran.errno, ran.signal], ['EPERM', 0], JSON.stringify(ran));
          else assert.equal(ran.signal, 9);
        });
        await bed.settled();
        assert.deepEqual(sessions(bed, place.id), ['Exec']);
      }),
  },
  {
    name: 'containers that ran before the agent came: their sessions by descent, and a runtime at work is left to it',
    body: async (bed) => {
      const root = makeRoot();
      const wait = mkdtempSync(join(tmpdir(), 'rf-wait-'));
      const path = `before/${newUid()}`;
      const id = bed.cgroup(path);
      const cgroup = bed.path(path);
      const main = startRuntime({ cgroup, root }, ...STAY, '--', 'open-read', '/secret');
      const pid = await joinable(main);
      const joined = startRuntime(
        { cgroup, join: pid },
        '/bin/try',
        'open',
        '/tmp/first',
        '--',
        'open-read',
        '/secret',
      );
      await joined.started;
      const runtime = startRuntime({ cgroup, join: pid, wait }, '/bin/try', 'open-read', '/secret');
      await runtime.waits;
      bed.name(id, 'secret-audit');
      bed.kernel.seedTasks();
      const setups = bed.stat('SETUP');
      bed.kernel.seedTasks();
      assert.equal(bed.stat('SETUP'), setups, 'seeded twice');
      // with its first process everything in the container would end
      release(root, 'first');
      await joined.ended;
      writeFileSync(join(wait, 'go'), '');
      await runtime.ended;
      release(root);
      await main.ended;
      await bed.settled();
      assert.deepEqual(sessions(bed, id).sort(), ['Exec', 'Exec', 'Main']);
      rmSync(wait, { recursive: true });
      removeRoot(root);
    },
  },
];
