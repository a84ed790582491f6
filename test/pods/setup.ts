// The runtime's own code in a container is left alone, up to the first instruction of the entrypoint and no further.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RfEventFlag, RfEventKind, RfWorkloadFlag } from '../../operator/src/abi/abi.gen.js';
import { textOf, type PodBed } from './bed.js';
import {
  childOf,
  joinable,
  makeRoot,
  release,
  removeRoot,
  runRuntime,
  startRuntime,
  type Ran,
  type RuntimeOptions,
} from './container.js';
import { newUid } from './names.js';
import { LSM, TRACEPOINT, type PodCase } from './policies.js';
import { runTry, TRY } from '../kernel/harness/run-try.js';

const { EVENT_ENDS_SETUP, EVENT_MAIN_PROCESS } = RfEventFlag;

/** A container of a pod under the model's policies, in a cgroup of its own. */
export interface Place {
  readonly id: bigint;
  readonly folder: string;
  readonly root: string;
}

const ID = 'c'.repeat(64);

export async function inContainer(
  bed: PodBed,
  model: string | undefined,
  body: (place: Place) => Promise<void>,
  flags = 0,
): Promise<void> {
  const uid = newUid();
  bed.pod(uid, model, flags);
  const path = `kubepods/burstable/pod${uid}/${ID}`;
  const id = bed.cgroup(path);
  const root = makeRoot();
  try {
    await body({ id, folder: bed.path(path), root });
  } finally {
    removeRoot(root);
  }
}

function expectStarted(ran: Ran): void {
  assert.deepEqual([ran.errno, ran.signal], ['', 0], JSON.stringify(ran));
}

const ways: Readonly<Record<string, (folder: string) => RuntimeOptions>> = {
  'moved by its parent': (folder) => ({ cgroup: folder }),
  'made in the cgroup': (folder) => ({ into: folder }),
};

const innocent = Object.entries(ways).map(([name, enter]): PodCase => ({
  name: `${name}: a policy against everything that a runtime does lets it start the container`,
  body: (bed) =>
    inContainer(bed, 'locked', async ({ id, folder, root }) => {
      const before = bed.stat('SETUP');
      const ran = await runRuntime({ ...enter(folder), root, outside: '/usr/bin/true' }, '/bin/try', 'open', '/');
      expectStarted(ran);
      await bed.settled();
      assert.ok(bed.stat('SETUP') > before);
      for (const event of bed.violations(id)) assert.equal(textOf(event.program), '/bin/try', textOf(event.text));
      assert.equal(bed.eventsOf(id, RfEventKind.EVENT_STARTED).length, 1);
    }),
}));

const first = Object.entries(ways).map(([name, enter]): PodCase => ({
  name: `${name}: the first thing that the entrypoint does is judged, as Main`,
  body: (bed) =>
    inContainer(bed, 'secret', async ({ id, folder, root }) => {
      const ran = await runRuntime({ ...enter(folder), root }, '/bin/try', 'open-read', '/secret');
      expectStarted(ran);
      assert.equal(ran.tried.at(-1)?.signal, 9, JSON.stringify(ran));
      await bed.settled();
      const [event, ...more] = bed.violations(id);
      assert.equal(more.length, 0);
      assert.equal(event?.head.session, 0);
      assert.equal(textOf(event.text), '/secret');
    }),
}));

/** What the exec that ends Setup is denied with, where it can be. */
async function expectRefused(bed: PodBed, model: string, program: string, options: RuntimeOptions = {}): Promise<void> {
  await inContainer(bed, model, async ({ id, folder, root }) => {
    const ran = await runRuntime({ cgroup: folder, root, ...options }, program, 'open', '/');
    await bed.settled();
    const events = bed.violations(id);
    assert.equal(events.length, 1, events.map(({ text }) => textOf(text)).join());
    if (bed.backend === 'lsm') {
      assert.deepEqual([ran.errno, ran.signal], ['EPERM', 0], JSON.stringify(ran));
      assert.equal((events[0]?.head.flags ?? 0) & EVENT_ENDS_SETUP, EVENT_ENDS_SETUP);
    } else assert.equal(ran.signal, 9, JSON.stringify(ran));
    assert.equal((events[0]?.head.flags ?? 0) & EVENT_MAIN_PROCESS, EVENT_MAIN_PROCESS);
    assert.equal(bed.eventsOf(id, RfEventKind.EVENT_STARTED).length, bed.backend === 'lsm' ? 0 : 1);
  });
}

const kept: PodCase = {
  name: 'a process of the container stays the container, wherever it moves',
  body: (bed) =>
    inContainer(bed, 'secret', ({ id, folder, root }) =>
      inContainer(bed, undefined, async (other) => {
        mkdirSync(join(root, 'cg'));
        const plain = bed.path('elsewhere');
        mkdirSync(plain, { recursive: true });
        for (const target of [plain, other.folder]) {
          const running = startRuntime(
            { cgroup: folder, root },
            '/bin/try',
            'open',
            '/tmp/end',
            '--',
            'open',
            '/secret',
          );
          const pid = await running.started;
          // the child that tries
          const child = await childOf(pid);
          for (const moved of [pid, child]) writeFileSync(join(target, 'cgroup.procs'), String(moved));
          release(root);
          const ran = await running.ended;
          assert.equal(ran.tried.at(-1)?.signal, 9, `${target}: ${JSON.stringify(ran)}`);
        }
        await bed.settled();
        assert.equal(bed.violations(id).length, 2);
        assert.equal(bed.violations(other.id).length, 0);
      }),
    ),
};

/** By the process ids in the container: its main process is 1, that one's child 2, the runtime that joins 3. */
const LOOKS = ['open-read', '/proc/3/mem', '--', 'readlink', '/proc/3/exe', '--', 'readlink', '/proc/3/cwd'];
const LOOK_COUNT = 3;

export const SETUP_CASES: readonly PodCase[] = [
  ...innocent,
  ...first,
  kept,
  {
    name: 'an entrypoint that is forbidden is denied, and the runtime lives to say so',
    body: (bed) => expectRefused(bed, 'forbidden', '/bin/forbidden'),
  },
  {
    name: 'an entrypoint that is forbidden with everything else is denied',
    on: LSM,
    body: (bed) => expectRefused(bed, 'nothing', '/bin/try'),
  },
  {
    name: 'an entrypoint whose interpreter is forbidden is denied',
    on: LSM,
    body: (bed) => expectRefused(bed, 'forbidden', '/bin/script'),
  },
  {
    name: 'a program of the node that the container leads the runtime to is judged as the container',
    body: (bed) => expectRefused(bed, 'only-try', '/bin/try', { file: TRY }),
  },
  {
    name: 'a hook in the container is judged, and is not the main process',
    body: (bed) =>
      inContainer(bed, 'forbidden', async ({ id, folder, root }) => {
        const options = { cgroup: folder, root, inside: '/bin/forbidden' };
        const ran = await runRuntime(options, '/bin/try', 'exec', '/bin/forbidden', 'open', '/');
        expectStarted(ran);
        await bed.settled();
        const events = bed.violations(id);
        assert.deepEqual(
          events.map(({ head }) => [head.session, head.flags & EVENT_MAIN_PROCESS]),
          [
            [0, 0],
            [0, 0],
          ],
        );
        const started = bed.eventsOf(id, RfEventKind.EVENT_STARTED);
        assert.deepEqual(
          started.map(({ head }) => head.pid),
          [ran.pid],
        );
      }),
  },
  {
    name: 'a sandbox is not judged',
    body: (bed) =>
      inContainer(
        bed,
        undefined,
        async ({ id, folder, root }) => {
          const before = bed.stat('SANDBOX');
          const ran = await runRuntime({ cgroup: folder, root }, '/bin/forbidden', 'open-read', '/secret');
          expectStarted(ran);
          assert.equal(ran.tried[0]?.errno, '');
          await bed.settled();
          assert.ok(bed.stat('SANDBOX') > before);
          assert.equal(bed.violations(id).length, 0);
        },
        RfWorkloadFlag.WORKLOAD_SANDBOX,
      ),
  },
  {
    name: 'a host process in the cgroup of a container is not judged until it is in its root',
    body: (bed) =>
      inContainer(bed, 'nothing', async ({ id, folder, root }) => {
        const [tried] = await runTry({ cgroups: [folder] }, ['exec', '/usr/bin/true']);
        assert.equal(tried?.status, 0, JSON.stringify(tried));
        const [opened] = await runTry({ cgroups: [folder] }, ['open', join(root, 'secret')]);
        assert.equal(opened?.errno, '');
        await bed.settled();
        assert.equal(bed.violations(id).length, 0);
      }),
  },
  {
    name: 'what a container is told by the agent while it is in Setup holds from its first instruction',
    body: (bed) =>
      inContainer(bed, undefined, async ({ id, folder, root }) => {
        const wait = mkdtempSync(join(tmpdir(), 'rf-wait-'));
        const running = startRuntime({ cgroup: folder, root, wait }, '/bin/try', 'open-read', '/secret');
        await running.waits;
        bed.name(id, 'secret');
        writeFileSync(join(wait, 'go'), '');
        const ran = await running.ended;
        assert.equal(ran.tried.at(-1)?.signal, 9, JSON.stringify(ran));
        rmSync(wait, { recursive: true });
      }),
  },
  {
    name: 'a container does not look into the runtime that is at work in it',
    on: LSM,
    body: (bed) =>
      inContainer(bed, undefined, async ({ folder, root }) => {
        const wait = mkdtempSync(join(tmpdir(), 'rf-wait-'));
        const main = startRuntime({ cgroup: folder, root }, '/bin/try', 'open', '/tmp/end');
        const pid = await joinable(main);
        const joining = startRuntime({ cgroup: folder, join: pid, wait }, '/bin/try', 'open', '/');
        await joining.waits;
        const { tried } = await runRuntime({ cgroup: folder, join: pid }, '/bin/try', ...LOOKS);
        writeFileSync(join(wait, 'go'), '');
        expectStarted(await joining.ended);
        release(root);
        await main.ended;
        const refused = tried.filter(({ errno }) => errno === 'EPERM' || errno === 'EACCES');
        assert.equal(refused.length, LOOK_COUNT, JSON.stringify(tried));
        rmSync(wait, { recursive: true });
      }),
  },
  {
    name: 'on kernels without LSM programs nothing is denied in Setup either',
    on: TRACEPOINT,
    body: (bed) =>
      inContainer(bed, 'nothing', async ({ folder, root }) => {
        const ran = await runRuntime({ cgroup: folder, root, outside: '/usr/bin/true' }, '/bin/try', 'stat', '/');
        assert.equal(ran.errno, '', JSON.stringify(ran));
      }),
  },
];
