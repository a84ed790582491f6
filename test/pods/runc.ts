// The real runtime: runc of Debian, with bundles as containerd writes them, in the cgroups that the kubelet names.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RfEventKind } from '../../operator/src/abi/abi.gen.js';
import { SESSION_NAMES, textOf, UNNAMED, type PodBed } from './bed.js';
import { release } from './container.js';
import { withCgroup2 } from '../support/cgroup2-view.js';
import { cgroupMount } from '../kernel/harness/workloads.js';
import { LSM, type PodCase } from './policies.js';
import { inContainer, type Place } from './setup.js';

const STATE = `/run/rf-runc-${process.pid}`;

/** Where main.ts says that the program is. */
let program = '';

export function useRunc(path: string): void {
  program = path;
}

interface Output {
  readonly status: number;
  readonly text: string;
}

function runc(bundle: string, ...words: readonly string[]): Output {
  const [tool = '', ...args] = withCgroup2(cgroupMount());
  const { status, stdout, stderr } = spawnSync(tool, [...args, program, '--root', STATE, ...words], {
    cwd: bundle,
    encoding: 'utf8',
    timeout: 120_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status: status ?? -1, text: stdout + stderr };
}

/** A bundle of the program. The cgroup is there already: made under the kubelet's name, as the pod's is. */
async function withBundle(
  bed: PodBed,
  setup: { readonly model: string | undefined; readonly flags?: number; readonly command: readonly string[] },
  body: (bundle: string, place: Place) => void | Promise<void>,
): Promise<void> {
  await inContainer(
    bed,
    setup.model,
    async (place) => {
      const bundle = mkdtempSync(join(tmpdir(), 'rf-bundle-'));
      runc(bundle, 'spec');
      const path = join(bundle, 'config.json');
      const spec = JSON.parse(readFileSync(path, 'utf8')) as {
        root: object;
        process: object;
        linux: { cgroupsPath?: string; resources?: object };
      };
      spec.root = { path: place.root, readonly: false };
      spec.process = { ...spec.process, terminal: false, args: setup.command };
      spec.linux.cgroupsPath = place.folder.replace(/^.*?(?=\/rf-pods-)/, '');
      delete spec.linux.resources;
      writeFileSync(path, JSON.stringify(spec));
      try {
        await body(bundle, place);
      } finally {
        runc(bundle, 'delete', '--force', 'c');
        rmSync(bundle, { recursive: true });
      }
    },
    setup.flags,
  );
}

function sessions(bed: PodBed, id: bigint): string[] {
  return bed.violations(id).map(({ head, text }) => `${SESSION_NAMES[head.session] ?? ''} ${textOf(text)}`);
}

export const RUNC_CASES: readonly PodCase[] = [
  {
    name: 'runc: starts a container that is forbidden everything it does itself',
    body: (bed) =>
      withBundle(bed, { model: 'locked', command: ['/bin/try', 'stat', '/'] }, async (bundle, { id }) => {
        const { status, text } = runc(bundle, 'run', 'c');
        assert.equal(status, 0, text);
        await bed.settled();
        assert.deepEqual(sessions(bed, id), []);
        assert.equal(bed.eventsOf(id, RfEventKind.EVENT_STARTED).length, 1);
      }),
  },
  {
    name: 'runc: the first thing that the entrypoint does is judged',
    body: (bed) =>
      withBundle(bed, { model: 'secret', command: ['/bin/try', 'open-read', '/secret'] }, async (bundle, { id }) => {
        const { text } = runc(bundle, 'run', 'c');
        assert.match(text, /"signal":9/);
        await bed.settled();
        assert.deepEqual(sessions(bed, id), ['Main /secret']);
      }),
  },
  {
    name: 'runc: an entrypoint that is forbidden is reported as such',
    on: LSM,
    body: (bed) =>
      withBundle(bed, { model: 'nothing', command: ['/bin/try', 'stat', '/'] }, async (bundle, { id }) => {
        const { status, text } = runc(bundle, 'run', 'c');
        assert.notEqual(status, 0);
        assert.match(text, /operation not permitted/);
        await bed.settled();
        assert.deepEqual(sessions(bed, id), ['Main /bin/try']);
      }),
  },
  {
    name: 'runc: an unnamed container is held, and the next one that the kubelet makes runs',
    on: LSM,
    body: async (bed) => {
      bed.hold(3_600_000);
      const command = ['/bin/try', 'stat', '/'];
      await withBundle(bed, { model: 'secret', flags: UNNAMED, command }, (bundle) => {
        const { status, text } = runc(bundle, 'run', 'c');
        assert.notEqual(status, 0);
        assert.match(text, /operation not permitted/);
      });
      await withBundle(bed, { model: 'secret', command }, (bundle) => {
        const { status, text } = runc(bundle, 'run', 'c');
        assert.equal(status, 0, text);
      });
      bed.holdOff();
    },
  },
  {
    name: 'runc: who is let in by exec is Exec, and Probe where that is its command',
    body: (bed) =>
      withBundle(bed, { model: 'secret-audit', command: ['/bin/try', 'open', '/tmp/end'] }, async (bundle, place) => {
        const probe = ['/bin/try', 'open-read', '/secret'];
        bed.handler(place.id, 'Probe', probe);
        for (const words of [
          ['create', 'c'],
          ['start', 'c'],
          ['exec', 'c', ...probe],
          ['exec', 'c', ...probe, 'x'],
        ]) {
          const { status, text } = runc(bundle, ...words);
          assert.equal(status, 0, `${words.join(' ')}: ${text}`);
        }
        release(place.root);
        await bed.settled();
        assert.deepEqual(sessions(bed, place.id), ['Probe /secret', 'Exec /secret']);
      }),
  },
];
