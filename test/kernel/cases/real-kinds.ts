// The kinds of operations of realops, and what the kernel decides for each: one list of objects for each decision, in their order.
import type { HookName, OperationIR } from '../../../operator/src/compile/ir.js';

/** `path` or `second` of the operation, whether it is a folder, and what is decided about it. */
interface Part {
  readonly of: 'path' | 'second';
  readonly hooks: readonly HookName[];
  readonly isDirectory?: boolean;
}

type Decision = readonly Part[];

const one = (...hooks: HookName[]): readonly Decision[] => [[{ of: 'path', hooks }]];
const both = (from: HookName[], to: HookName[], isDirectory = false): readonly Decision[] => [
  [
    { of: 'path', hooks: from, isDirectory },
    { of: 'second', hooks: to },
  ],
];

export const KINDS = {
  read: one('file-read'),
  write: one('file-write'),
  'read-write': one('file-read', 'file-write'),
  trunc: one('file-write'),
  'read-trunc': one('file-read', 'file-write'),
  create: [...one('file-create'), ...one('file-write')],
  list: [[{ of: 'path', hooks: ['file-read'], isDirectory: true }]],
  truncate: one('file-write'),
  mkdir: one('file-create'),
  mknod: one('file-create'),
  symlink: one('file-create'),
  unlink: one('file-delete'),
  rmdir: [[{ of: 'path', hooks: ['file-delete'], isDirectory: true }]],
  chmod: one('file-attributes'),
  chown: one('file-attributes'),
  times: one('file-attributes'),
  xattr: one('file-attributes'),
  exec: one('exec', 'file-execute'),
  map: [...one('file-read'), ...one('exec-map', 'file-execute')],
  link: both(['file-link'], ['file-create']),
  rename: both(['file-rename'], ['file-create']),
  'rename-dir': both(['file-rename'], ['file-create'], true),
  replace: both(['file-rename'], ['file-create', 'file-delete']),
  exchange: both(['file-rename', 'file-create'], ['file-rename', 'file-create']),
} as const satisfies Record<string, readonly Decision[]>;

export type Kind = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as Kind[];

export interface RealOperation {
  readonly kind: Kind;
  readonly path: string;
  readonly second?: string;
}

export function needsSecond(kind: Kind): boolean {
  return KINDS[kind].some((decision) => decision.some((part) => part.of === 'second'));
}

export type Actor = Required<Pick<OperationIR, 'mainProcess' | 'program'>>;

/** The root of a tmpfs is no overlay: what a file there is made from, nobody can tell. */
export const ORIGIN = 'Unknown';

/** What the evaluator is asked for one operation: the decisions in their order, each with its objects. */
export function decisionsOf(operation: RealOperation, actor: Actor): OperationIR[][] {
  const { kind, path, second = '' } = operation;
  const acting = { session: 'Main' as const, ...actor };
  const decisions: readonly Decision[] = KINDS[kind];
  return decisions.map((parts) =>
    parts.map(({ of, hooks, isDirectory = false }) => ({
      ...acting,
      hooks,
      object: { path: of === 'path' ? path : second, origin: ORIGIN, ...(isDirectory ? { isDirectory } : {}) },
      ...(kind === 'exec' ? { givenName: path, firstOfChain: true } : {}),
    })),
  );
}
