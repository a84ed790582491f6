// Bypass rows about files of layered roots: copies that are made in the container, and files before and after the copy-up.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bypassGroup, type Bypass, denyPath, denyProgram, SECRET, type Step } from '../harness/bypass.js';
import { ContainerRoot } from '../harness/container.js';
import { TRY } from '../harness/run-try.js';
import type { TestCgroups } from '../harness/workloads.js';

const FOLDER = '/tmp/rf-bypass-root';
const PROGRAM = '/bin/try';
const ran: readonly string[] = ['open-create', '/out/ran'];
let root: ContainerRoot;

/** Each way acts on files of its own, since a copy-up is for all. */
const FILES = ['read', 'times', 'mode', 'linked', 'audited'];

type Way = (at: unknown, cgroups: TestCgroups, id: string) => Bypass;

function inside(steps: readonly Step[], rules: readonly object[], rest: Partial<Bypass> = {}): Way {
  return (_at, _cgroups, id) => ({
    rules,
    processes: [steps],
    options: ({ cgroups }) => ({
      through: root.through,
      program: PROGRAM,
      cgroups: [root.cgroup(cgroups.folder(id))],
    }),
    more: () => assert.ok(!existsSync(join(FOLDER, 'out/ran'))),
    ...rest,
  });
}

bypassGroup(
  'bypass of layers',
  {
    'row-1-copied': inside(
      [
        ['ok', 'exec', '/bin/try'],
        ['ok', 'copy', '/bin/try', '/copied'],
        ['denied', 'exec', '/copied', ...ran],
        ['ok', 'copy', '/bin/try', '/volume/copied'],
        ['denied', 'exec', '/volume/copied', ...ran],
        ['denied', 'exec-memory', '/bin/try', ...ran],
        ['denied', 'exec-temporary', '/bin/try', '/volume', ...ran],
        ['denied', 'exec-deleted', '/bin/try', '/gone', ...ran],
        ['denied', 'map-exec', '/copied'],
        ['denied', 'protect-exec', '/copied'],
        ['ok', 'protect-exec', '/bin/try'],
      ],
      [denyProgram({ origins: ['Untrusted'] })],
      { names: ['/copied', '/volume/copied'] },
    ),
    'row-1-copied-elsewhere-and-named-anonymous': inside(
      [
        ['denied', 'exec-temporary', '/bin/try', '/volume', ...ran],
        ['denied', 'exec-deleted', '/bin/try', '/gone', ...ran],
        ['denied', 'exec-memory', '/bin/try', ...ran],
        ['ok', 'protect-exec', '/bin/try'],
      ],
      [denyProgram({ origins: ['Anonymous'] })],
    ),
    // not every kernel makes nameless files on an overlay
    'row-23-nameless-in-the-layer': inside(
      [['refused', 'exec-temporary', '/bin/try', '/', ...ran]],
      [denyProgram({ origins: ['Anonymous'] })],
      { violations: 'all' },
    ),
    'row-7-copied-up-by-a-write': inside(
      [
        ['denied', 'open-read', '/guarded/read'],
        ['ok', 'open-append', '/guarded/read', 'x'],
        ['denied', 'open-read', '/guarded/read'],
        ['denied', 'map-read', '/guarded/read'],
      ],
      [denyPath('/guarded/read', 'Read')],
      { names: ['/guarded/read'] },
    ),
    'row-7-copied-up-by-attributes': inside(
      [
        ['denied', 'open-read', '/guarded/mode'],
        ['ok', 'chmod', '/guarded/mode', '0644'],
        ['denied', 'open-read', '/guarded/mode'],
        ['ok', 'set-times', '/guarded/times'],
        ['denied', 'open-read', '/guarded/times'],
      ],
      [denyPath('/guarded/*', 'Read')],
      { names: ['/guarded/mode', '/guarded/times'] },
    ),
    'row-7-linked-in-the-image': inside(
      [
        ['denied', 'open-read', '/guarded/linked'],
        ['denied', 'open-read', '/guarded/alias'],
      ],
      [denyPath('/guarded/linked', 'Read')],
      { names: ['/guarded/linked', '/guarded/alias'] },
    ),
    'row-7-program-copied-up': inside(
      [
        ['denied', 'exec', '/bin/tool', ...ran],
        ['denied', 'map-exec', '/bin/tool'],
        ['denied', 'protect-exec', '/bin/tool'],
        ['ok', 'chmod', '/bin/tool', '0755'],
        ['denied', 'exec', '/bin/tool', ...ran],
        ['denied', 'protect-exec', '/bin/tool'],
      ],
      [denyProgram({ path: '/bin/tool' })],
      { names: ['/bin/tool'] },
    ),
    'row-7-counted-once': inside(
      [
        ['ok', 'open-read', '/guarded/audited'],
        ['ok', 'open-append', '/guarded/audited', 'x'],
        ['ok', 'open-read', '/guarded/audited'],
      ],
      [{ ...denyPath('/guarded/audited', 'Read', 'Write'), action: 'Audit' }],
      { violations: 3, names: ['/guarded/audited'] },
    ),
  },
  {
    before: async () => {
      mkdirSync(join(FOLDER, 'lower/guarded'), { recursive: true });
      mkdirSync(join(FOLDER, 'lower/bin'), { recursive: true });
      for (const name of FILES) writeFileSync(join(FOLDER, 'lower/guarded', name), SECRET);
      linkSync(join(FOLDER, 'lower/guarded/linked'), join(FOLDER, 'lower/guarded/alias'));
      copyFileSync(TRY, join(FOLDER, 'lower/bin/tool'));
      root = await ContainerRoot.make(FOLDER);
    },
    after: () => root.end(),
  },
);
