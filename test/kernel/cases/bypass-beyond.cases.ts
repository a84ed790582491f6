// Ways round that are on no list: rare calls, rare flags, moves between cgroups.
import { mkdirSync, writeFileSync } from 'node:fs';
import { bypassGroup, denyPath, denyProgram, SECRET } from '../harness/bypass.js';

bypassGroup('bypass beyond the list', {
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
});
