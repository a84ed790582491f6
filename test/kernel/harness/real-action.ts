// An operation as examples describe it, done for real: the words of test/try for it, and what shows that it happened.
import { lstatSync, readFileSync } from 'node:fs';
import type { DescribedOperation, Verb } from '../../../operator/src/compile/describe.js';
import { isDevice, type ExampleRoot } from './example-root.js';
import type { Tried } from './run-try.js';

/** What a program does when it runs. */
const RAN = ['stat', '/'];
const ADDED = 'more';
/** Seconds since 1970 to which set-times sets. */
const OLD_S = 1;

function execWords({ path, givenName, interpreters = [], mainProcess }: DescribedOperation): string[] {
  if (path === undefined) return ['exec-memory', '/bin/try', ...RAN];
  const verb = mainProcess === true ? 'become' : 'exec';
  return [verb, givenName ?? path, ...(interpreters.length > 0 ? [] : RAN)];
}

function newName({ to, verb, path = '' }: DescribedOperation): string {
  if (to === undefined) throw new Error(`${verb} ${path} needs the new name (to)`);
  return to;
}

const WORDS: Readonly<Record<Verb, (action: DescribedOperation, path: string) => readonly string[]>> = {
  exec: execWords,
  map: (_, path) => ['map-exec', path],
  read: ({ directory }, path) => [directory === true ? 'list' : 'open-read', path],
  write: (_, path) => ['open-append', path, ADDED],
  create: (_, path) => ['mknod', path],
  delete: ({ directory }, path) => [directory === true ? 'rmdir' : 'unlink', path],
  attributes: (_, path) => ['set-times', path],
  rename: (action, path) => ['rename', path, newName(action)],
  link: (action, path) => ['link', path, newName(action)],
  mount: (_, path) => ['mount-memory', path],
  bind: (_, path) => ['bind', path, path],
};

/** Operations one after the other in one process; the last is the action. Mounts are made where they trouble nobody. */
export function wordsOf(action: DescribedOperation): readonly (readonly string[])[] {
  const { verb, path = '', program, mainProcess } = action;
  const words = WORDS[verb](action, path);
  const before = verb === 'mount' || verb === 'bind' ? [['unshare']] : [];
  if (program === undefined) return [...before, words];
  if (before.length > 0 || mainProcess === true) throw new Error(`${verb} by a program of its own cannot be done`);
  return [['exec', program, ...words]];
}

/** What came of the action itself, whoever did it. */
export function resultOf(action: DescribedOperation, tried: readonly Tried[]): Tried | undefined {
  const [op] = WORDS[action.verb](action, action.path ?? '');
  return tried.find((one) => one.op === op);
}

/** Whether it happened, by what it leaves; a process that was replaced has no result of its own. */
export function hasHappened(action: DescribedOperation, root: ExampleRoot, tried: readonly Tried[]): boolean {
  const { verb, path = '', to = '' } = action;
  const result = resultOf(action, tried);
  const isThere = (name: string): boolean => lstatSync(root.at(name), { throwIfNoEntry: false }) !== undefined;
  const succeeded = (): boolean => result?.errno === '' && result.signal === undefined;
  const checks: Readonly<Record<Verb, () => boolean>> = {
    exec: () => tried.some(({ op }) => op === RAN[0]),
    map: succeeded,
    read: () => (result?.data ?? '') !== '' || result?.['entries'] !== undefined,
    write: () => (isDevice(path) ? succeeded() : readFileSync(root.at(path), 'latin1').endsWith(ADDED)),
    create: () => isThere(path),
    delete: () => !isThere(path),
    attributes: () => lstatSync(root.at(path)).mtimeMs === OLD_S * 1000,
    rename: () => !isThere(path) && isThere(to),
    link: () => isThere(to),
    mount: succeeded,
    bind: succeeded,
  };
  return checks[verb]();
}
