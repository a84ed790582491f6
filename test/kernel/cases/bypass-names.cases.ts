// Bypass rows about what a file is called: every way to a guarded file, policies that name it once.
import assert from 'node:assert/strict';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { bypassGroup, denyPath, SECRET, type Step } from '../harness/bypass.js';

const folderWith = (folder: string, ...names: string[]): void => {
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(`${folder}/${name}`, SECRET);
};

bypassGroup('bypass of names', {
  'row-3-link': (at) => ({
    rules: [denyPath(at('secret'))],
    processes: [
      [
        ['denied', 'link', at('secret'), at('l')],
        ['denied', 'link-fd', at('secret'), at('l')],
        ['denied', 'link-proc', at('secret'), at('l')],
        ['denied', 'ring-link', 'async', at('secret'), at('l')],
      ],
    ],
    names: [at('secret')],
    absent: ['l'],
  }),
  'row-3-link-left-free': (at) => ({
    rules: [denyPath(at('secret'), 'Read')],
    processes: [
      [
        ['ok', 'link', at('secret'), at('l')],
        ['denied', 'open-read', at('l')],
      ],
    ],
    names: [at('l')],
  }),
  'row-3-link-made-before': (at) => ({
    rules: [denyPath(at('secret'), 'Read')],
    prepare: () => linkSync(at('secret'), at('l')),
    processes: [[['denied', 'open-read', at('l')]]],
    names: [at('l')],
  }),
  'row-4-symlink': (at) => ({
    rules: [denyPath(at('secret'))],
    processes: [
      [
        ['ok', 'symlink', at('secret'), at('s1')],
        ['ok', 'symlink', 's1', at('s2')],
        ['denied', 'open-read', at('s2')],
        ['denied', 'truncate', at('s2'), '0'],
      ],
    ],
    names: [at('secret')],
  }),
  'row-5-folder-symlink': (at) => ({
    rules: [denyPath(at('d/**'))],
    prepare: () => {
      folderWith(at('d'), 'f');
      symlinkSync('d', at('e'));
    },
    processes: [
      [
        ['denied', 'open-read', at('e/f')],
        ['denied', 'unlink', at('e/f')],
        ['denied', 'open-create', at('e/new')],
      ],
    ],
    names: [at('d/f'), at('d/new')],
    absent: ['d/new'],
    intact: { 'd/f': SECRET },
  }),
  'row-6-bind': (at) => ({
    rules: [denyPath(at('d/**'))],
    prepare: () => {
      folderWith(at('d'), 'f');
      mkdirSync(at('m'));
    },
    processes: [
      [
        ['ok', 'unshare'],
        ['denied', 'bind', at('d'), at('m')],
        ['denied', 'bind', at('d/f'), at('plain')],
        ['denied', 'attach-copy', at('d'), at('m')],
        ['denied', 'bind-private', at('d'), at('m')],
        ['refused', 'open-detached', at('d'), 'f'],
      ],
    ],
    names: [at('m'), at('plain')],
  }),
  'row-6-bind-left-free': (at) => ({
    rules: [denyPath(at('secret'), 'Read')],
    processes: [
      [
        ['ok', 'unshare'],
        ['ok', 'bind', at('secret'), at('plain')],
        ['denied', 'open-read', at('plain')],
      ],
    ],
    names: [at('plain')],
  }),
  'row-9-chroot': (at) => ({
    rules: [denyPath(at('secret'))],
    processes: [
      [
        ['ok', 'chroot', at('.')],
        ['denied', 'open-read', '/secret'],
      ],
    ],
    names: [at('secret')],
  }),
  'row-9-pivot': (at) => ({
    rules: [denyPath(at('secret'))],
    prepare: () => mkdirSync(at('m')),
    processes: [
      [
        ['ok', 'unshare'],
        ['ok', 'mount-memory', at('m')],
        ['ok', 'mkdir', at('m/old')],
        ['denied', 'pivot-root', at('m'), at('m/old')],
      ],
    ],
    names: [at('m')],
  }),
  'row-9-pivot-left-free': (at) => ({
    rules: [denyPath(at('secret'), 'Read')],
    prepare: () => mkdirSync(at('old')),
    processes: [
      [
        ['ok', 'unshare'],
        ['ok', 'bind', at('.'), at('.')],
        ['ok', 'pivot-root', at('.'), at('old')],
        ['ok', 'chdir', '/'],
        ['denied', 'open-read', '/secret'],
      ],
    ],
    names: ['/secret'],
  }),
  'row-10-mount-namespace': (at) => ({
    rules: [denyPath(at('secret'))],
    processes: [
      [
        ['ok', 'unshare'],
        ['denied', 'open-read', at('secret')],
      ],
      [
        ['ok', 'unshare-user'],
        ['denied', 'open-read', at('secret')],
        ['denied', 'bind', at('.'), '/mnt'],
      ],
    ],
    names: [at('secret')],
  }),
  'row-11-magic-links': (at) => ({
    rules: [denyPath(at('secret'))],
    processes: [
      [
        ['denied', 'open-read', `/proc/self/root${at('secret')}`],
        ['denied', 'open-read', `/proc/1/root${at('secret')}`],
        ['ok', 'chdir', at('.')],
        ['denied', 'open-magic', 'cwd', 'secret'],
        ['denied', 'open-read', '/proc/thread-self/cwd/secret'],
      ],
    ],
    names: [at('secret')],
  }),
  'row-13-relative': (at) => ({
    rules: [denyPath(at('secret'))],
    prepare: () => mkdirSync(at('d')),
    processes: [
      [
        ['ok', 'chdir', at('d')],
        ['denied', 'open-read', '../secret'],
        ['denied', 'open-read', './/..//./secret'],
        ['denied', 'open-read', `${at('d')}/..///secret`],
      ],
    ],
    names: [at('secret')],
  }),
  'row-14-folder-descriptor': (at) => ({
    rules: [denyPath(at('e/f'))],
    prepare: () => {
      folderWith(at('d'), 'f');
      folderWith(at('e'), 'f');
    },
    processes: [[['denied', 'openat', at('e'), 'f']], [['ok', 'race-folder', at('d'), at('e'), 'f', '300']]],
    names: [at('e/f')],
    violations: 'all',
    more: (_seen, tried, total) => {
      const [race] = tried[1] ?? [];
      assert.equal(race?.['guarded'], 0, JSON.stringify(race));
      assert.ok(Number(race['refused']) > 0, JSON.stringify(race));
      assert.equal(total, 1 + Number(race['refused']));
    },
  }),
  'row-15-openat2': (at) => ({
    rules: [denyPath(at('secret'))],
    processes: [
      [
        ['denied', 'openat2', at('.'), 'secret', 'beneath'],
        ['denied', 'openat2', at('.'), '/secret', 'in-root'],
        ['denied', 'openat2', at('.'), 'secret', 'no-symlinks', 'no-crossing'],
        ['denied', 'open-handle', at('.'), at('secret')],
      ],
    ],
    names: [at('secret')],
  }),
  'row-16-path-descriptor': (at) => ({
    rules: [denyPath(at('secret'))],
    processes: [
      [
        ['ok', 'open-path', at('secret')],
        ['denied', 'reopen-path', at('secret')],
        ['denied', 'reopen-path', at('secret'), 'overwritten'],
      ],
    ],
    names: [at('secret')],
  }),
  'row-30-text': (at) => ({
    rules: [denyPath(at('secret'), 'Read')],
    processes: [[['ok', 'race-text', at('plain'), at('secret'), '300']]],
    names: [at('secret')],
    violations: 'all',
    more: (_seen, tried, total) => {
      const [race] = tried[0] ?? [];
      assert.equal(race?.['guarded'], 0, JSON.stringify(race));
      assert.ok(total >= Number(race['refused']) && total > 0, JSON.stringify({ race, total }));
    },
  }),
  'row-30-link': (at) => ({
    rules: [denyPath(at('secret'), 'Read')],
    processes: [[['ok', 'race-link', at('plain'), at('secret'), at('l'), '300']]],
    names: [at('secret')],
    violations: 'all',
    more: (_seen, tried, total) => {
      const [race] = tried[0] ?? [];
      assert.equal(race?.['guarded'], 0, JSON.stringify(race));
      assert.equal(total, race['refused']);
    },
  }),
  'row-35-long-path': (at) => ({
    rules: [denyPath(at('d/**'), 'Read')],
    prepare: () => mkdirSync(at('d')),
    processes: [
      [
        ['ok', 'chdir', at('d')],
        ['ok', 'go-deep', '25'],
        ['ok', 'copy', at('plain'), 'f'],
        ['denied', 'open-read', 'f'],
      ],
    ],
    more: (seen) => assert.equal(seen.eventsOf('row-35-long-path')[0]?.object.pathCut, true),
  }),
  'row-35-deep-path': (at) => ({
    rules: [denyPath(at('d/**'), 'Read')],
    prepare: () => mkdirSync(at('d')),
    processes: [
      [
        ['ok', 'chdir', at('d')],
        ['ok', 'go-deep', '140'],
        ['ok', 'copy', at('plain'), 'f'],
        ['denied', 'open-read', 'f'],
      ],
    ],
    more: (seen) => assert.ok(seen.eventsOf('row-35-deep-path')[0]?.object.unresolved !== undefined),
  }),
  'row-36-odd-bytes': (at) => {
    const name = (bytes: string): Buffer => Buffer.concat([Buffer.from(`${at('.')}/`), Buffer.from(bytes, 'latin1')]);
    const open = (text: string): Step => ['denied', 'open-read', at(text)];
    return {
      rules: [denyPath(at('n\\xff\\x0a%s'), 'Read'), { ...denyPath(at('\\xef\\xbb\\xbf*'), 'Read'), name: 'bom' }],
      prepare: () => {
        for (const bytes of ['n\xff\n%s', 'n\xfe\n%s', '\xef\xbb\xbfx']) writeFileSync(name(bytes), SECRET);
      },
      options: () => ({ options: ['--escaped'] }),
      processes: [[open('n\\xff\\x0a%s'), ['ok', 'open-read', at('n\\xfe\\x0a%s')], open('\\xef\\xbb\\xbfx')]],
      more: (seen) => {
        const [event] = seen.eventsOf('row-36-odd-bytes').filter(({ object }) => object.pathBytes !== undefined);
        assert.deepEqual(Buffer.from(event?.object.pathBytes ?? '', 'base64'), name('n\xff\n%s'));
      },
    };
  },
});
