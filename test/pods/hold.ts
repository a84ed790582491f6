// Hold: the entrypoint of a container that the agent does not know yet is denied, by an agent that lives.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RfEventKind, RfWorkloadFlag } from '../../operator/src/abi/abi.gen.js';
import { UNNAMED, type PodBed } from './bed.js';
import { runRuntime, startRuntime, type Ran } from './container.js';
import { LSM, TRACEPOINT, type PodCase } from './policies.js';
import { inContainer, type Place } from './setup.js';

const READ = ['/bin/try', 'open-read', '/secret'];
const HOUR_MS = 3_600_000;

async function start(place: Place): Promise<Ran> {
  return await runRuntime({ cgroup: place.folder, root: place.root }, ...READ);
}

async function holding(bed: PodBed, ms: number, body: () => Promise<void>): Promise<void> {
  bed.hold(ms);
  try {
    await body();
  } finally {
    bed.holdOff();
  }
}

function expectRead(ran: Ran): void {
  assert.deepEqual([ran.errno, ran.tried[0]?.errno], ['', ''], JSON.stringify(ran));
}

function neverHeld(name: string, flags: number): PodCase {
  return {
    name: `${name} is never held`,
    body: (bed) =>
      holding(bed, HOUR_MS, () =>
        inContainer(bed, undefined, async (place) => expectRead(await start(place)), UNNAMED | flags),
      ),
  };
}

export const HOLD_CASES: readonly PodCase[] = [
  neverHeld('a static pod', RfWorkloadFlag.WORKLOAD_STATIC_POD),
  neverHeld('a sandbox', RfWorkloadFlag.WORKLOAD_SANDBOX),
  {
    name: 'the entrypoint of an unnamed container is denied, counted and told; it violates nothing',
    on: LSM,
    body: (bed) =>
      holding(bed, HOUR_MS, () =>
        inContainer(
          bed,
          'secret',
          async (place) => {
            const before = bed.stat('HELD');
            const ran = await start(place);
            assert.deepEqual([ran.errno, ran.signal], ['EPERM', 0], JSON.stringify(ran));
            assert.equal(bed.stat('HELD'), before + 1);
            await bed.settled();
            const held = bed.eventsOf(place.id, RfEventKind.EVENT_HELD);
            assert.deepEqual(
              held.map(({ head }) => head.pid),
              [ran.pid],
            );
            assert.equal(bed.violations(place.id).length, 0);
          },
          UNNAMED,
        ),
      ),
  },
  {
    name: 'a container that gets its name in time is not held',
    on: LSM,
    body: (bed) =>
      holding(bed, HOUR_MS, () =>
        inContainer(
          bed,
          undefined,
          async ({ id, folder, root }) => {
            const wait = mkdtempSync(join(tmpdir(), 'rf-wait-'));
            const running = startRuntime({ cgroup: folder, root, wait }, ...READ);
            await running.waits;
            bed.name(id, 'secret');
            writeFileSync(join(wait, 'go'), '');
            const ran = await running.ended;
            assert.equal(ran.errno, '');
            assert.equal(ran.tried.at(-1)?.signal, 9, JSON.stringify(ran));
            rmSync(wait, { recursive: true });
          },
          UNNAMED,
        ),
      ),
  },
  {
    name: 'who comes into an unnamed container that runs is not held',
    on: LSM,
    body: (bed) =>
      inContainer(
        bed,
        undefined,
        async (place) => {
          expectRead(await start(place));
          await holding(bed, HOUR_MS, async () => expectRead(await start(place)));
        },
        UNNAMED,
      ),
  },
  {
    name: 'Hold lapses with the lease of the agent; then what the pod is under holds',
    body: (bed) =>
      holding(bed, 0, () =>
        inContainer(
          bed,
          'secret',
          async (place) => {
            const ran = await start(place);
            assert.equal(ran.errno, '', JSON.stringify(ran));
            assert.equal(ran.tried.at(-1)?.signal, 9);
          },
          UNNAMED,
        ),
      ),
  },
  {
    name: 'a kernel that cannot deny does not hold',
    on: TRACEPOINT,
    body: (bed) =>
      holding(bed, HOUR_MS, () =>
        inContainer(bed, undefined, async (place) => expectRead(await start(place)), UNNAMED),
      ),
  },
];
