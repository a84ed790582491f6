// Policies for some of the sessions of a container: each of them tries the same thing, and those that are selected are stopped.
import assert from 'node:assert/strict';
import { SESSION_NAMES, type PodBed } from './bed.js';
import { joinable, release, runRuntime, startRuntime, type Ran } from './container.js';
import type { PodCase } from './policies.js';
import { inContainer, type Place } from './setup.js';

const READ = ['/bin/try', 'open-read', '/secret'];
const COMMANDS = {
  Exec: [...READ, 'exec'],
  Probe: [...READ, 'probe'],
  Lifecycle: [...READ, 'hook'],
} as const;
/** Lasts until it is released, and then tries. */
const MAIN = ['/bin/try', 'open', '/tmp/end', '--', 'open-read', '/secret'];

function wasKilled({ tried }: Ran): boolean {
  return tried.at(-1)?.signal === 9;
}

/** The sessions whose try was killed, when all of them try. */
async function killedOf(bed: PodBed, { id, folder, root }: Place): Promise<string[]> {
  bed.handler(id, 'Probe', COMMANDS.Probe);
  bed.handler(id, 'Lifecycle', COMMANDS.Lifecycle);
  const killed: string[] = [];
  const main = startRuntime({ cgroup: folder, root }, ...MAIN);
  const pid = await joinable(main);
  for (const [session, command] of Object.entries(COMMANDS)) {
    const ran = await runRuntime({ cgroup: folder, join: pid }, ...command);
    assert.equal(ran.errno, '', JSON.stringify(ran));
    if (wasKilled(ran)) killed.push(session);
  }
  release(root);
  if (wasKilled(await main.ended)) killed.push('Main');
  return killed;
}

const SELECTED: Readonly<Record<string, readonly string[]>> = {
  secret: ['Exec', 'Probe', 'Lifecycle', 'Main'],
  'exec-only': ['Exec'],
  'all-but-exec': ['Probe', 'Lifecycle', 'Main'],
  'handlers-only': ['Probe', 'Lifecycle'],
  'except-exec': ['Probe', 'Lifecycle', 'Main'],
};

const selected = Object.entries(SELECTED).map(([model, sessions]): PodCase => ({
  name: `policy ${model}: stopped are ${sessions.join(', ')} and nobody else`,
  body: (bed) =>
    inContainer(bed, model, async (place) => {
      assert.deepEqual(await killedOf(bed, place), sessions);
      await bed.settled();
      const seen = bed.violations(place.id).map(({ head }) => SESSION_NAMES[head.session] ?? '');
      assert.deepEqual(seen, sessions);
    }),
}));

export const SESSION_CASES: readonly PodCase[] = [
  ...selected,
  {
    name: 'a list of what kubectl exec may run leaves the entrypoint and probes alone',
    body: (bed) =>
      inContainer(bed, 'exec-tools', async ({ id, folder, root }) => {
        bed.handler(id, 'Probe', COMMANDS.Probe);
        const main = startRuntime({ cgroup: folder, root }, ...MAIN);
        const pid = await joinable(main);
        const probe = await runRuntime({ cgroup: folder, join: pid }, ...COMMANDS.Probe);
        assert.deepEqual([probe.errno, probe.signal], ['', 0], JSON.stringify(probe));
        const allowed = await runRuntime({ cgroup: folder, join: pid }, '/bin/hook', 'open', '/');
        assert.deepEqual([allowed.errno, allowed.signal], ['', 0], JSON.stringify(allowed));
        const ran = await runRuntime({ cgroup: folder, join: pid }, ...COMMANDS.Exec);
        if (bed.backend === 'lsm') assert.deepEqual([ran.errno, ran.signal], ['EPERM', 0], JSON.stringify(ran));
        else assert.equal(ran.signal, 9, JSON.stringify(ran));
        release(root);
        assert.equal(wasKilled(await main.ended), false);
      }),
  },
];
