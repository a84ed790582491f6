// Bypass rows about files of layered roots: copies that are made in the container, and files before and after the copy-up.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, linkSync, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bypassGroup, type Bypass, denyPath, denyProgram, SECRET, type Step } from '../harness/bypass.js';
import { ContainerRoot } from '../harness/container.js';
import { TRY } from '../harness/run-try.js';
import type { TestCgroups } from '../harness/workloads.js';

const FOLDER = '/tmp/rf-bypass-root';
const PROGRAM = '/bin/try';
const ran: readonly string[] = ['open-create', '/out/ran'];
let root: ContainerRoot;

/** Each way acts on files of its own, since a copy-up is for all. */
const FILES = ['read', 'times', 'mode', 'linked', 'audited', 'kept'];
/** Folders with a file each, so that what changes it first copies the folder up. */
const FRESH = ['unlink', 'append', 'mode', 'xattr', 'link'];
const MADE = new Date(1_000_000_000_000);

/** A copy has the times of what it was made from. */
function checkTimes(): void {
  for (const name of ['mode/f', 'xattr/f', 'link/f'])
    assert.equal(statSync(root.at(join('/fresh', name))).mtimeMs, MADE.getTime(), name);
}

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
    // What an overlay does to its layers is not what the task does: neither a violation, nor refused.
    'row-7-copies-keep-their-times': inside(
      [
        ['ok', 'unlink', '/fresh/unlink/f'],
        ['ok', 'open-append', '/fresh/append/f', 'x'],
        ['ok', 'chmod', '/fresh/mode/f', '0600'],
        ['ok', 'setxattr', '/fresh/xattr/f', 'trusted.a', 'b'],
        ['ok', 'link', '/fresh/link/f', '/fresh/link/g'],
        ['denied', 'set-times', '/guarded/kept'],
      ],
      [denyPath('/guarded/kept', 'Attributes')],
      { violations: 1, names: ['/guarded/kept'], more: () => checkTimes() },
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
      for (const name of FRESH) {
        const file = join(FOLDER, 'lower/fresh', name, 'f');
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, SECRET);
        utimesSync(file, MADE, MADE);
      }
      root = await ContainerRoot.make(FOLDER);
    },
    after: () => root.end(),
  },
);
