// Bypass rows about what runs: a program that a policy forbids, however it is started, and code that comes from nowhere.
import assert from 'node:assert/strict';
import { copyFileSync, linkSync, writeFileSync } from 'node:fs';
import { bypassGroup, denyPath, denyProgram, type At, type Step } from '../harness/bypass.js';

const LOADER = '/lib64/ld-linux-x86-64.so.2';
const ran = (at: At): [string, string] => ['open-create', at('ran')];

bypassGroup('bypass of programs', {
  'row-2-renamed': (at) => ({
    rules: [denyProgram({ path: at('forbidden') })],
    processes: [
      [
        ['ok', 'rename', at('forbidden'), at('moved')],
        ['denied', 'exec', at('moved'), ...ran(at)],
      ],
    ],
    names: [at('moved')],
    absent: ['ran'],
  }),
  'row-2-folder-renamed': (at) => ({
    rules: [denyProgram({ path: at('forbidden') }), denyPath(at('forbidden'), 'Rename')],
    processes: [
      [
        ['denied', 'rename', at('forbidden'), at('moved')],
        ['denied', 'rename', at('.'), `${at('.')}-moved`],
        ['denied', 'exchange', at('forbidden'), at('plain')],
      ],
    ],
    names: [at('forbidden')],
  }),
  'row-2-linked': (at) => ({
    rules: [denyProgram({ path: at('forbidden') }, 'Kill')],
    prepare: () => linkSync(at('forbidden'), at('before')),
    processes: [
      [
        ['program-killed', 'exec', at('before'), ...ran(at)],
        ['ok', 'link', at('forbidden'), at('l')],
        ['program-killed', 'exec', at('l'), ...ran(at)],
      ],
    ],
    names: [at('before'), at('l')],
    absent: ['ran'],
  }),
  'row-12-descriptors': (at) => ({
    rules: [denyProgram({ path: at('forbidden') })],
    processes: [
      [
        ['denied', 'exec-fd', at('forbidden'), ...ran(at)],
        ['denied', 'exec-path-fd', at('forbidden'), ...ran(at)],
        ['denied', 'exec-proc-fd', at('forbidden'), ...ran(at)],
        ['denied', 'exec-at', at('.'), 'forbidden', ...ran(at)],
      ],
    ],
    names: [at('forbidden')],
    absent: ['ran'],
  }),
  'row-12-own-program': (at) => ({
    rules: [denyProgram({ path: at('forbidden') })],
    // it runs already when it enters the workload
    options: () => ({ program: at('forbidden') }),
    processes: [[['denied', 'exec', '/proc/self/exe', ...ran(at)]]],
    names: [at('forbidden')],
    absent: ['ran'],
  }),
  'row-22-memory': (at) => ({
    rules: [denyProgram({ origins: ['Anonymous'] }, 'Kill')],
    processes: [[['program-killed', 'exec-memory', at('forbidden'), ...ran(at)]]],
    absent: ['ran'],
    more: (seen) => assert.equal(seen.eventsOf('row-22-memory')[0]?.object.origin, 'Anonymous'),
  }),
  'row-23-nameless': (at) => ({
    rules: [denyProgram({ origins: ['Anonymous'] })],
    processes: [
      [
        ['denied', 'exec-deleted', at('forbidden'), at('copy'), ...ran(at)],
        ['denied', 'exec-deleted', at('forbidden'), '/dev/shm/rf-copy', ...ran(at)],
        ['denied', 'exec-temporary', at('forbidden'), at('.'), ...ran(at)],
      ],
    ],
    absent: ['ran'],
  }),
  'row-23-named-later': (at) => ({
    rules: [denyProgram({ origins: ['Untrusted'] })],
    processes: [
      [
        ['ok', 'link-temporary', at('.'), at('named'), at('forbidden')],
        ['denied', 'exec', at('named'), ...ran(at)],
        ['ok', 'copy', at('forbidden'), '/dev/shm/rf-named'],
        ['denied', 'exec', '/dev/shm/rf-named', ...ran(at)],
      ],
    ],
    names: [at('named'), '/dev/shm/rf-named'],
    absent: ['ran'],
  }),
  'row-24-loader': (at) => ({
    rules: [denyProgram({ path: at('dynamic') })],
    prepare: () => copyFileSync('/bin/true', at('dynamic')),
    processes: [
      [
        ['ok', 'exec', LOADER, '/bin/true'],
        ['any', 'exec', LOADER, at('dynamic')],
        ['denied', 'map-exec', at('dynamic')],
        ['denied', 'protect-exec', at('dynamic')],
      ],
    ],
    names: [at('dynamic')],
    violations: 3,
    more: (_seen, tried) => {
      const [control, loaded] = tried[0] ?? [];
      assert.equal(control?.status, 0, JSON.stringify(control));
      assert.ok(loaded?.status !== 0, JSON.stringify(loaded));
    },
  }),
  'row-24-interpreter-of-an-elf-file': (at) => ({
    rules: [denyProgram({ path: at('forbidden') })],
    processes: [[['refused', 'exec-interpreter', at('forbidden'), at('new'), ...ran(at)]]],
    names: [at('forbidden')],
    absent: ['ran'],
  }),
  'row-24-mapped-after-a-failed-exec': (at) => ({
    rules: [denyProgram({ path: at('forbidden') })],
    processes: [[['denied', 'map-after-exec', at('forbidden')]]],
    names: [at('forbidden')],
    violations: 2,
  }),
  'row-25-script': (at) => ({
    rules: [denyProgram({ path: at('script') })],
    prepare: () => writeFileSync(at('script'), `#!/bin/sh\n: >'${at('ran')}'\n`, { mode: 0o755 }),
    processes: [
      [
        ['denied', 'exec', at('script')],
        ['denied', 'exec-fd', at('script')],
      ],
    ],
    names: [at('script')],
    absent: ['ran'],
  }),
  'row-25-interpreter': (at) => ({
    rules: [denyProgram({ path: at('forbidden') }, 'Kill')],
    prepare: () => writeFileSync(at('script'), `#!${at('forbidden')} open-create\n`, { mode: 0o755 }),
    processes: [[['program-killed', 'exec', at('script')]]],
    names: [at('forbidden')],
  }),
  'row-30-threads': (at) => ({
    rules: [denyProgram({ path: at('forbidden') })],
    processes: [[['denied', 'exec-thread', at('forbidden'), ...ran(at)]]],
    names: [at('forbidden')],
    absent: ['ran'],
  }),
  'row-30-exec': (at) => ({
    rules: [denyProgram({ path: at('guarded') })],
    prepare: () => {
      copyFileSync('/bin/true', at('harmless'));
      copyFileSync('/bin/false', at('guarded'));
    },
    processes: [[['ok', 'race-exec', at('harmless'), at('guarded'), '60']]],
    violations: 'all',
    more: (_seen, tried, total) => {
      const [race] = tried[0] ?? [];
      assert.equal(race?.['guarded'], 0, JSON.stringify(race));
      assert.equal(total, race['refused']);
    },
  }),
  'row-32-compat': (at) => ({
    rules: [denyProgram({ path: at('forbidden') }), denyPath(at('secret'))],
    processes: [
      [
        ['denied', 'compat-open', at('secret')],
        ['denied', 'compat-unlink', at('secret')],
        ['denied', 'compat-rename', at('secret'), at('moved')],
        ['denied', 'compat-exec', at('forbidden')],
        ['refused', 'x32-open', at('secret')],
      ],
    ],
    names: [at('secret'), at('forbidden')],
    violations: 'all',
    // kernels without the x32 ABI have no such call
    more: (seen, [tried = []], total) => assert.equal(total, tried[4]?.errno === 'ENOSYS' ? 4 : 5),
  }),
  'row-33-lineage': (at, cgroups) => ({
    rules: [denyProgram({ path: at('forbidden') }), denyPath(at('secret'))],
    processes: [
      [
        ['denied', 'exec-spawn', at('forbidden'), ...ran(at)],
        ['denied', 'exec-vfork', at('forbidden'), ...ran(at)],
        ['denied', 'exec-orphan', at('forbidden'), ...ran(at)],
        ['denied', 'exec-sibling', at('forbidden'), ...ran(at)],
        ['denied', 'exec-user-namespace', at('forbidden'), ...ran(at)],
        ['denied', 'clone-into', cgroups.folder('elsewhere'), at('secret')],
        ['denied', 'orphan-join', cgroups.folder('elsewhere'), at('secret')],
      ],
    ],
    names: [at('forbidden'), at('secret')],
    absent: ['ran'],
    more: (seen) => {
      for (const { process, workload } of seen.eventsOf('row-33-lineage')) {
        assert.ok(
          process.ancestors.some(({ comm }) => comm === 'try'),
          JSON.stringify(process),
        );
        assert.equal(workload.cgroup, `${cgroups.top}/row-33-lineage`);
      }
    },
  }),
  'row-35-long-arguments': (at) => ({
    rules: [denyProgram({ path: at('forbidden') })],
    processes: [[['denied', 'exec', at('forbidden'), 'x'.repeat(100_000)]]],
    names: [at('forbidden')],
  }),
  'row-35-deep-program': (at) => ({
    rules: [denyProgram({ path: '/nowhere/**' })],
    processes: [
      [
        ['ok', 'chdir', at('.')],
        ['ok', 'go-deep', '140'],
        ['ok', 'copy', at('forbidden'), 'p'],
        ['denied', 'exec', './p', ...ran(at)],
      ] satisfies Step[],
    ],
    absent: ['ran'],
    more: (seen) => assert.ok(seen.eventsOf('row-35-deep-program')[0]?.object.unresolved !== undefined),
  }),
  'row-40-other-cgroup': (at, cgroups) => ({
    rules: [denyPath(at('secret'))],
    processes: [
      [
        ['ok', 'join', cgroups.folder('elsewhere')],
        ['denied', 'open-read', at('secret')],
      ],
      [
        ['ok', 'join', cgroups.folder('row-2-renamed')],
        ['denied', 'open-read', at('secret')],
      ],
      [
        ['ok', 'join', cgroups.root],
        ['denied', 'open-read', at('secret')],
        ['any', 'exec', '/bin/cat', at('secret')],
      ],
    ],
    names: [at('secret')],
    violations: 4,
  }),
});
