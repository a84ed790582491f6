// Ways round that are on no list: rare calls, rare flags, moves between cgroups.
import { execFileSync, spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { bypassGroup, denyPath, denyProgram, SECRET, type Ways } from '../harness/bypass.js';

const WAYS: Ways = {
  'access-mode-of-ioctl': (at) => ({
    rules: [denyPath(at('secret'))],
    processes: [[['denied', 'open-ioctl', at('secret')]]],
    names: [at('secret')],
  }),
  'second-view-of-a-file-system': (at) => ({
    rules: [denyPath('/dev/rf-*')],
    prepare: () => mkdirSync(at('m')),
    processes: [
      [
        ['ok', 'unshare'],
        ['denied', 'mount-type', 'devtmpfs', at('m')],
        ['ok', 'mount-type', 'tmpfs', at('m')],
        ['ok', 'mount-type', 'proc', at('m')],
      ],
    ],
    names: [at('m')],
  }),
  'more-mounts-on-top-of-each-other-than-a-walk-has-steps': (at) => ({
    rules: [denyPath(at('m/**'), 'Read'), denyProgram({ path: at('m/tool') })],
    prepare: () => mkdirSync(at('m')),
    processes: [
      [
        ['ok', 'unshare'],
        ['ok', 'pile-memory', at('m'), '300'],
        ['ok', 'copy', at('plain'), at('m/f')],
        ['denied', 'open-read', at('m/f')],
        ['ok', 'copy', at('forbidden'), at('m/tool')],
        ['denied', 'exec-at', at('m'), 'tool'],
      ],
    ],
  }),
  'number-by-which-it-is-known-changed': (at) => ({
    rules: [denyPath(at('ext/f'), 'Write', 'Link')],
    prepare: () => {
      mkdirSync(at('ext'));
      execFileSync('mke2fs', ['-q', '-t', 'ext2', at('img'), '4M']);
      execFileSync('mount', ['-o', 'loop', at('img'), at('ext')]);
      writeFileSync(at('ext/f'), SECRET);
      linkSync(at('ext/f'), at('ext/l'));
    },
    processes: [
      [
        ['denied', 'set-version', at('ext/f')],
        ['denied', 'set-version', at('ext/l')],
        ['denied', 'open-write', at('ext/l')],
      ],
    ],
    names: [at('ext/l')],
  }),
  'flags-without-ioctl': (at) => ({
    rules: [denyPath(at('secret'), 'Attributes')],
    processes: [
      [
        ['refused', 'file-setattr', at('secret')],
        ['denied', 'set-flags', at('secret')],
        ['denied', 'set-fsxattr', at('secret')],
      ],
    ],
    names: [at('secret')],
    violations: 'all',
  }),
  'namespace-made-of-a-folder': (at) => ({
    rules: [denyPath(at('d/s*'), 'Read', 'Link')],
    prepare: () => {
      mkdirSync(at('d'));
      writeFileSync(at('d/secret'), SECRET);
    },
    processes: [[['refused', 'tree-namespace', at('d'), '/secret']]],
    violations: 'all',
  }),
  'thread-that-was-there-before-the-move': (at, cgroups, id) => ({
    rules: [denyPath(at('secret'))],
    options: () => ({ cgroups: [] }),
    processes: [[['denied', 'thread-moved', cgroups.folder(id), at('secret')]]],
    names: [at('secret')],
  }),
  'folder-of-the-program-renamed': (at) => ({
    rules: [denyProgram({ path: at('d/tool') })],
    prepare: () => {
      mkdirSync(at('d'));
      writeFileSync(at('d/tool'), '#!/bin/true\n', { mode: 0o755 });
    },
    processes: [
      [
        ['ok', 'rename', at('d'), at('e')],
        ['denied', 'exec', at('e/tool')],
      ],
    ],
    names: [at('e/tool')],
  }),
  'socket-as-a-new-name': (at) => ({
    rules: [denyPath(at('d/**'), 'Create')],
    prepare: () => mkdirSync(at('d')),
    processes: [
      [
        ['denied', 'bind-socket', at('d/s')],
        ['denied', 'mkfifo', at('d/s')],
        ['denied', 'symlink', 'x', at('d/s')],
        ['denied', 'link', at('plain'), at('d/s')],
        ['denied', 'rename', at('plain'), at('d/s')],
        ['denied', 'link-temporary', at('.'), at('d/s')],
        ['denied', 'ring-symlink', 'async', 'x', at('d/s')],
        ['denied', 'ring-mkdir', 'polled', at('d/s')],
      ],
    ],
    absent: ['d/s'],
    names: [at('d/s')],
  }),
};

bypassGroup('bypass beyond the list', WAYS, {
  after: () => {
    spawnSync('umount', ['/tmp/rf-bypass/number-by-which-it-is-known-changed/ext']);
    return Promise.resolve();
  },
});
