// Positive control of test/try: where nothing is enforced, every operation succeeds and has its side effect. Only then does a refusal
// in the enforcement tests say something. Runs on the machine itself; nothing here is enforced or needs a guest.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileTry } from '../support/compile.js';
import { Suite } from '../support/suite.js';

interface Line {
  readonly op: string;
  readonly ret?: number;
  readonly errno?: string;
  readonly [note: string]: unknown;
}

const CONTENT = 'secret content of sixteen bytes and more\n';

/** Operations that only have to succeed, each in a fresh folder. */
const SUCCEED = [
  ...[
    'open f',
    'open-path f',
    'list d',
    'stat f',
    'open-read-write f x',
    'map-exec f',
    'protect-exec f',
    'readlink l',
    'chdir d',
  ],
  ...[
    'fchmod f 0600',
    'fchown f 7',
    'lchown f 7',
    'futimens f',
    'touch f',
    'remove-acl f',
    'set-flags f',
    'set-fsxattr f',
    'attributes f',
  ],
  ...[
    'setxattr f trusted.a b -- removexattr f trusted.a',
    'fsetxattr f trusted.a b',
    'set-acl f',
    'unshare-user',
    'inherited-write f x',
    'open-ioctl f',
    'map-after-exec f',
    'unshare -- mount-type tmpfs e',
  ],
] as const;

/** Operations that read: the note "data" is the file's beginning. */
const READ = [
  ...[
    'open-read f',
    'receive f',
    'take f',
    'inherited-read f',
    'inherited-reopen f',
    'reopen-path f',
    'open-magic cwd f',
  ],
  ...[
    'openat . f',
    'openat2 . f beneath',
    'openat2 . f in-root no-symlinks',
    'open-handle . f',
    'compat-open f',
    'open-detached . f',
  ],
  ...[
    'ring-open inline f',
    'ring-open async f',
    'ring-open polled f',
    'open-read l',
    'go-deep 25 -- copy /proc/version f -- open-read f',
  ],
  ...[
    'unshare -- bind d e -- open-read e/f',
    'unshare -- attach-copy d e -- open-read e/f',
    'unshare -- bind-private d e -- open-read e/f',
    'chroot d -- open-read /f',
  ],
  ...['unshare -- bind d e -- mkdir m -- move-mount e m -- open-read m/f'],
  ...['unshare -- bind d d -- mkdir d/o -- pivot-root d d/o -- chdir / -- open-read /f'],
] as const;

/** Operations that run the copy of `false`: status 1. */
const RUN = [
  ...[
    'exec ./p',
    'exec-at . p',
    'exec-fd ./p',
    'exec-path-fd ./p',
    'exec-proc-fd ./p',
    'exec-memory ./p',
    'exec-deleted ./p c',
  ],
  ...[
    'exec-temporary ./p .',
    'exec-thread ./p',
    'exec-spawn ./p',
    'exec-vfork ./p',
    'exec-orphan ./p',
    'exec-user-namespace ./p',
  ],
  ...['exec-mount-namespace ./p', 'compat-exec ./p', 'copy p c -- exec ./c', 'link-temporary . c p -- exec ./c'],
] as const;

const text = (name: string): string => (existsSync(name) ? readFileSync(name, 'utf8') : '');
const found = (name: string): Stats | undefined => statSync(name, { throwIfNoEntry: false });
const isRegular = (name: string): boolean => found(name)?.isFile() === true;

/** Operations with a side effect to look for. */
const EFFECTS: readonly (readonly [command: string, holds: () => boolean])[] = [
  ['open-write f XX', () => text('f').startsWith('XXcret')],
  ['open-append f XX', () => text('f').endsWith('\nXX')],
  ['open-trunc f', () => found('f')?.size === 0],
  ['open-read-trunc f', () => found('f')?.size === 0],
  ['reopen-path f new', () => text('f') === 'new'],
  ['open-create n text', () => text('n') === 'text'],
  ['open-create-new n', () => isRegular('n')],
  ['truncate f 3', () => found('f')?.size === 3],
  ['ftruncate f 3', () => found('f')?.size === 3],
  ['fallocate f 9000', () => found('f')?.size === 9000],
  ['inherited-truncate f', () => found('f')?.size === 0],
  ['map-write f', () => text('f').startsWith('!ecret')],
  ...['sendfile', 'splice', 'copy-range'].map((op) => [`${op} f n`, () => text('n') === CONTENT] as const),
  ...['unlink f', 'compat-unlink f', 'ring-unlink inline f', 'ring-unlink async f'].map(
    (command) => [command, () => !existsSync('f')] as const,
  ),
  ['rmdir empty', () => !existsSync('empty')],
  ...['mkdir n', 'ring-mkdir inline n', 'ring-mkdir polled n'].map(
    (command) => [command, () => found('n')?.isDirectory() === true] as const,
  ),
  ['mkfifo n', () => found('n')?.isFIFO() === true],
  ['mknod n', () => isRegular('n')],
  ['mknod-device n', () => found('n')?.isCharacterDevice() === true],
  ['bind-socket n', () => found('n')?.isSocket() === true],
  ...['symlink f n', 'ring-symlink async f n'].map((command) => [command, () => text('n') === CONTENT] as const),
  ...['link f n', 'link-fd f n', 'link-proc f n', 'ring-link inline f n'].map(
    (command) => [command, () => found('n')?.nlink === 2] as const,
  ),
  ...['rename f n', 'rename-no-replace f n', 'compat-rename f n', 'ring-rename async f n'].map(
    (command) => [command, () => isRegular('n') && !existsSync('f')] as const,
  ),
  ['exchange f p', () => text('p') === CONTENT],
  ['chmod f 0640', () => ((found('f')?.mode ?? 0) & 0o777) === 0o640],
  ['chown f 7', () => found('f')?.uid === 7],
  ['set-times f', () => found('f')?.mtimeMs === 1000],
  ['ring-open-trunc polled f', () => found('f')?.size === 0],
];

function prepare(): void {
  for (const folder of ['d', 'e', 'empty']) mkdirSync(folder);
  for (const file of ['f', 'd/f']) writeFileSync(file, CONTENT);
  symlinkSync('f', 'l');
  copyFileSync('/bin/false', 'p');
  chmodSync('p', 0o755);
}

/** Runs in a fresh folder; `look` sees that folder as the working folder. */
function inFolder(look: () => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-try-'));
  const before = process.cwd();
  try {
    process.chdir(folder);
    prepare();
    look();
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(program: string, words: string): Line[] {
  const ran = spawnSync(program, words.split(' '), { encoding: 'utf8', timeout: 60_000 });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

function lastOf(program: string, words: string): Line {
  const lines = run(program, words);
  for (const line of lines) assert.equal(line.ret, 0, JSON.stringify(line));
  const last = lines.at(-1);
  assert.ok(last);
  return last;
}

async function main(suite: Suite, program: string): Promise<void> {
  const check = (command: string, look: () => void): Promise<void> => suite.check(command, () => inFolder(look));
  for (const command of SUCCEED) await check(command, () => void lastOf(program, command));
  for (const command of READ) {
    await check(command, () => {
      const wanted = command.startsWith('go-deep') ? 'Linux version' : 'secret content o';
      assert.ok(String(lastOf(program, command)['data']).startsWith(wanted));
    });
  }
  for (const command of RUN) await check(command, () => assert.equal(lastOf(program, command)['status'], 1));
  for (const [command, holds] of EFFECTS) {
    await check(command, () => {
      assert.ok(!holds());
      lastOf(program, command);
      assert.ok(holds());
    });
  }
  await check('a race reaches both sides', () => {
    // On a busy machine the two sides may not run at the same time for a while.
    const lost: unknown[] = [];
    while (lost.length < 50) {
      const { harmless, guarded } = lastOf(program, 'race-folder e d f 400');
      if (Number(guarded) > 0 && Number(harmless) + Number(guarded) < 400) return;
      lost.push([harmless, guarded]);
    }
    assert.fail(JSON.stringify(lost));
  });
  await check('tries are summed by outcome', () => {
    const [sums] = run(program, '--times 5 unlink f');
    assert.deepEqual(sums, { op: 'unlink', tries: 5, ok: 1, errnos: { ENOENT: 4 }, signals: {} });
  });
  await check('escaped arguments are bytes', () => {
    lastOf(program, '--escaped open-create \\xffa\\x0a');
    assert.ok(existsSync(Buffer.from([0xff, 0x61, 0x0a])));
  });
}

const suite = new Suite();
await main(suite, compileTry());
suite.finish();
