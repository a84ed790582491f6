// Operations as people describe them, before the fact or from an event, made into what is evaluated: one OperationIR
// for each object. Texts are Unicode here; names of files are bytes from there on.

import { bytesOf } from '../policy/pattern.js';
import type { HookName, ObjectIR, OperationIR, Origin, Session } from './ir.js';

export const VERBS = [
  'exec',
  'map',
  'read',
  'write',
  'create',
  'delete',
  'attributes',
  'rename',
  'link',
  'mount',
  'bind',
] as const;

/** `mount`: a new file system on `path`. `bind`: what gives files other names (bind, move, overlay) on `path`. */
export type Verb = (typeof VERBS)[number];

export interface DescribedOperation {
  readonly verb: Verb;
  /** Name of the object; absent where it has none (memfd). */
  readonly path?: string;
  /** New name, of `rename` and `link`. */
  readonly to?: string;
  /** `rename`: the new name exists and is replaced. */
  readonly replaces?: boolean;
  readonly directory?: boolean;
  readonly origin?: Origin;
  readonly unresolved?: NonNullable<ObjectIR['unresolved']>;
  /** Absolute name given to execve. */
  readonly givenName?: string;
  /** Further files of the exec chain (the interpreter of a script, handlers), with the name the file before gives. */
  readonly interpreters?: readonly { readonly path: string; readonly givenName?: string }[];
  readonly program?: string;
  readonly programOrigin?: Origin;
  readonly session?: Session;
  readonly mainProcess?: boolean;
  readonly protected?: boolean;
}

const HOOKS: Readonly<Record<Verb, readonly HookName[]>> = {
  exec: ['file-execute', 'exec'],
  map: ['file-execute', 'exec-map'],
  read: ['file-read'],
  write: ['file-write'],
  create: ['file-create'],
  delete: ['file-delete'],
  attributes: ['file-attributes'],
  rename: ['file-rename'],
  link: ['file-link'],
  mount: ['file-write'],
  bind: ['file-write', 'file-link'],
};

type Subject = Pick<OperationIR, 'mainProcess' | 'program' | 'protected' | 'session'>;

function subjectOf(described: DescribedOperation): Subject {
  const { program, programOrigin = 'Image', session = 'Main', mainProcess = false } = described;
  return {
    session,
    mainProcess,
    ...(program === undefined ? {} : { program: { path: bytesOf(program), origin: programOrigin } }),
    ...(described.protected === true ? { protected: true } : {}),
  };
}

function objectOf(described: DescribedOperation, path: string | undefined): ObjectIR {
  const { origin = 'Image', directory, unresolved } = described;
  return {
    ...(path === undefined ? {} : { path: bytesOf(path) }),
    origin,
    ...(directory === true ? { isDirectory: true } : {}),
    ...(unresolved === undefined ? {} : { unresolved }),
  };
}

function chainOf(described: DescribedOperation): Omit<OperationIR, keyof Subject>[] {
  const { givenName, interpreters = [], origin = 'Image' } = described;
  const given = (name: string | undefined) => (name === undefined ? {} : { givenName: bytesOf(name) });
  const first = {
    hooks: HOOKS.exec,
    object: objectOf(described, described.path),
    firstOfChain: true,
    ...given(givenName),
  };
  const others = interpreters.map((interpreter) => ({
    hooks: HOOKS.exec,
    object: { path: bytesOf(interpreter.path), origin },
    firstOfChain: false,
    ...given(interpreter.givenName),
  }));
  return [first, ...others];
}

function newNameOf(described: DescribedOperation): Omit<OperationIR, keyof Subject>[] {
  const { verb, to, replaces } = described;
  if (to === undefined) return [];
  const hooks: HookName[] = verb === 'rename' && replaces === true ? ['file-create', 'file-delete'] : ['file-create'];
  return [{ hooks, object: objectOf(described, to) }];
}

/** What the described operation does to each of its objects. */
export function describedOperations(described: DescribedOperation): OperationIR[] {
  const { verb } = described;
  const main = {
    hooks: HOOKS[verb],
    object: objectOf(described, described.path),
    ...(verb === 'bind' ? { changesMountTree: true } : {}),
  };
  const parts = verb === 'exec' ? chainOf(described) : [main, ...newNameOf(described)];
  const subject = subjectOf(described);
  return parts.map((part) => ({ ...part, ...subject }));
}
