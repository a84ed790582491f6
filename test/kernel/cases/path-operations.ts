// Operations on the files of one folder (regular files f and g, folder e, program p), with the access classes that the kernel decides
// for them, one list for each decision: opening a file and then changing its times are two.
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { TRY } from '../harness/run-try.js';

export const CLASSES = ['Read', 'Write', 'Execute', 'Create', 'Delete', 'Rename', 'Link', 'Attributes'] as const;
export type AccessClass = (typeof CLASSES)[number];

/** How a success shows: in what the folder looks like, in xattrs and flags, in bytes that were read, or in a program's status. */
export type Evidence = 'folder' | 'attributes' | 'data' | 'status';

export interface FileOperation {
  /** Unique; first word: operation of try; then names in the folder, or words that begin with = and are taken as they are. */
  readonly words: string;
  readonly steps: readonly (readonly AccessClass[])[];
  readonly evidence: Evidence;
  /** Name of the object that an event shows; the first argument where absent. */
  readonly object?: string;
  /** Run beforehand, by a process that no policy is about. */
  readonly before?: string;
}

function operations(
  evidence: Evidence,
  rows: readonly (readonly [string, string, Partial<FileOperation>?])[],
): FileOperation[] {
  return rows.map(([words, steps, extra]) => ({
    words,
    steps: steps.split(', ').map((step) => step.split(' ') as AccessClass[]),
    evidence,
    ...extra,
  }));
}

export const OPERATIONS: readonly FileOperation[] = [
  ...operations('data', [
    ['open-read f', 'Read'],
    ['ring-open =inline f', 'Read', { object: 'f' }],
    ['list e', 'Read'],
    ['map-read f', 'Read'],
  ]),
  ...operations('folder', [
    ['open-read-write f =XX', 'Read Write'],
    ['open-write f =XX', 'Write'],
    ['open-append f =XX', 'Write'],
    ['open-trunc f', 'Write'],
    ['open-read-trunc f', 'Read Write'],
    ['truncate f =3', 'Write'],
    ['ftruncate f =3', 'Write, Write'],
    ['fallocate f =9000', 'Write'],
    ['map-write f', 'Read Write, Write'],
  ]),
  ...operations('status', [
    ['exec p', 'Execute'],
    ['map-exec p', 'Read, Execute'],
    ['protect-exec p', 'Read, Execute'],
  ]),
  ...operations('folder', [
    ['open-create n =written', 'Create, Write'],
    ['open-create-new n =written', 'Create, Write'],
    ['mkdir n', 'Create'],
    ['mkfifo n', 'Create'],
    ['mknod n', 'Create'],
    ['mknod-device n', 'Create'],
    ['bind-socket n', 'Create'],
    ['symlink =f n', 'Create', { object: 'n' }],
    ['ring-mkdir =inline n', 'Create', { object: 'n' }],
    ['unlink f', 'Delete'],
    ['rmdir e', 'Delete'],
    ['ring-unlink =inline f', 'Delete', { object: 'f' }],
    ['rename f n', 'Rename Create'],
    ['rename e n', 'Rename Create'],
    ['rename-no-replace f n', 'Rename Create'],
    ['exchange f g', 'Rename Create'],
    ['rename f g', 'Rename Create Delete'],
    ['link f n', 'Link Create'],
    ['link-fd f n', 'Link Create'],
    ['link-proc f n', 'Link Create'],
    ['chmod f =0600', 'Attributes'],
    ['fchmod f =0600', 'Read, Attributes'],
    ['chown f =7', 'Attributes'],
    ['lchown f =7', 'Attributes'],
    ['fchown f =7', 'Read, Attributes'],
    ['set-times f', 'Attributes'],
    ['touch f', 'Attributes'],
    ['futimens f', 'Read, Attributes'],
  ]),
  ...operations('attributes', [
    ['setxattr f =trusted.a =b', 'Attributes'],
    ['fsetxattr f =trusted.a =b', 'Read, Attributes'],
    ['removexattr f =trusted.a', 'Attributes', { before: 'setxattr f =trusted.a =b' }],
    ['set-acl f', 'Attributes'],
    ['remove-acl f', 'Attributes', { before: 'set-acl f' }],
    ['set-flags f', 'Read, Attributes'],
    ['set-fsxattr f', 'Read, Attributes'],
  ]),
];

/** The words of an operation on the files of a folder. */
export function wordsIn(folder: string, words: string): string[] {
  const [op = '', ...rest] = words.split(' ');
  return [op, ...rest.map((word) => (word.startsWith('=') ? word.slice(1) : join(folder, word)))];
}

export function objectIn(folder: string, operation: FileOperation): string {
  return join(folder, operation.object ?? operation.words.split(' ')[1] ?? '');
}

export function involves(operation: FileOperation, access: AccessClass): boolean {
  return operation.steps.some((step) => step.includes(access));
}

const CONTENT = 'content that must stay\n';

/** The files that the operation needs. */
export function makeFiles(folder: string, operation: FileOperation): void {
  mkdirSync(folder, { recursive: true });
  if (operation.evidence === 'status') {
    copyFileSync(TRY, join(folder, 'p'));
    chmodSync(join(folder, 'p'), 0o755);
    return;
  }
  const names = operation.words.split(' ');
  if (names.includes('e')) mkdirSync(join(folder, 'e'));
  for (const name of ['f', 'g']) if (names.includes(name)) writeFileSync(join(folder, name), `${CONTENT}${name}\n`);
}

/** Everything that can be seen of a folder without opening it up: names, types, modes, owners, times, links, sizes and bytes. */
export function snapshot(folder: string): string {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const { mode, uid, gid, nlink, mtimeMs, size } = lstatSync(path);
      const type = mode & 0o170000;
      const times = type === 0o040000 ? '' : `${mtimeMs}`;
      const content = type === 0o100000 && name !== 'p' ? readFileSync(path, 'latin1').slice(0, 64) : '';
      const target = type === 0o120000 ? readlinkSync(path) : '';
      return `${name} ${mode.toString(8)} ${uid}:${gid} ${nlink} ${times} ${size} ${content}${target}`;
    })
    .join('\n');
}
