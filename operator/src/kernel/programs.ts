// Every program of the engine: what it attaches to, under which backend it is loaded and what it contributes. Order is the
// order of attaching: who a task is must be known before anything is decided about it.

import { RfClass } from '../abi/abi.gen.js';

export type BackendName = 'lsm' | 'tracepoint';

export interface ProgramSpec {
  readonly name: string;
  /** Section without the mark of optional programs. */
  readonly hook: string;
  readonly backends: readonly BackendName[];
  /** Arguments that the kernel's function must have, where the program exists in several forms. */
  readonly arity?: number;
  /** Operation classes (RfClass) of which it decides all or part. None: it keeps track of subjects. */
  readonly classes: readonly number[];
  readonly denies: boolean;
  readonly signals: boolean;
  /**
   * What it means that the kernel has no such hook: nothing works without it; the classes cannot be held; or another
   * program of the table sees the same operations on such kernels.
   */
  readonly absent: 'fatal' | 'lowers' | 'covered';
}

const { READ, WRITE, EXECUTE, CREATE, DELETE, RENAME, LINK, ATTRIBUTES, EXEC, MAP } = RfClass;
const BOTH: readonly BackendName[] = ['lsm', 'tracepoint'];

type Extra = Partial<Pick<ProgramSpec, 'absent' | 'arity' | 'backends' | 'signals'>>;

/** Keeps track of subjects: denies nothing, and without it nothing can be decided. */
function track(name: string, hook: string, backends = BOTH): ProgramSpec {
  return { name, hook, backends, classes: [], denies: false, signals: false, absent: 'fatal' };
}

function deny(name: string, hook: string, classes: readonly number[], extra: Extra = {}): ProgramSpec {
  return {
    name,
    hook: `lsm/${hook}`,
    backends: ['lsm'],
    classes,
    denies: true,
    signals: true,
    absent: 'lowers',
    ...extra,
  };
}

function kill(name: string, hook: string, classes: readonly number[]): ProgramSpec {
  return {
    name,
    hook: `tp_btf/${hook}`,
    backends: ['tracepoint'],
    classes,
    denies: false,
    signals: true,
    absent: 'lowers',
  };
}

export const ENGINE_PROGRAMS: readonly ProgramSpec[] = [
  track('task_alloc', 'lsm/task_alloc', ['lsm']),
  track('task_fork', 'tp_btf/sched_process_fork'),
  track('task_attach', 'tp_btf/cgroup_attach_task'),
  track('task_gone', 'tp_btf/sched_process_exit'),
  track('cgroup_made', 'tp_btf/cgroup_mkdir'),
  track('cgroup_gone', 'tp_btf/cgroup_rmdir'),
  { ...track('setup_guard', 'lsm/ptrace_access_check', ['lsm']), denies: true },
  track('exec_done', 'tp_btf/sched_process_exec', ['lsm']),
  deny('exec_check', 'bprm_check_security', [EXEC, EXECUTE], { absent: 'fatal' }),
  // Not EXECUTE, which an executable mapping is too: no tracepoint sees what is mapped.
  kill('exec_trace', 'sched_process_exec', [EXEC]),
  deny('map_file', 'mmap_file', [MAP, EXECUTE, WRITE]),
  deny('map_protect', 'file_mprotect', [MAP, EXECUTE, WRITE]),
  deny('file_open', 'file_open', [READ, WRITE]),
  deny('file_receive', 'file_receive', [READ, WRITE]),
  kill('open_trace', 'sys_exit', [READ, MAP, EXECUTE]),
  // Until 6.2 path_truncate is called for open files too.
  deny('file_truncate', 'file_truncate', [WRITE], { absent: 'covered' }),
  deny('path_truncate', 'path_truncate', [WRITE]),
  deny('path_mknod', 'path_mknod', [CREATE]),
  deny('path_mkdir', 'path_mkdir', [CREATE]),
  deny('path_symlink', 'path_symlink', [CREATE]),
  deny('path_unlink', 'path_unlink', [DELETE]),
  deny('path_rmdir', 'path_rmdir', [DELETE]),
  deny('path_rename', 'path_rename', [RENAME, CREATE, DELETE]),
  deny('path_link', 'path_link', [LINK, CREATE]),
  deny('mount_old', 'sb_mount', [WRITE, LINK]),
  deny('mount_move', 'move_mount', [WRITE, LINK]),
  deny('mount_pivot', 'sb_pivotroot', [LINK]),
  { ...deny('attr_mount', '', [ATTRIBUTES]), hook: 'fentry/mnt_want_write', denies: false },
  { ...deny('attr_mount_file', '', [ATTRIBUTES]), hook: 'fentry/mnt_want_write_file', denies: false },
  deny('path_chmod', 'path_chmod', [ATTRIBUTES]),
  deny('path_chown', 'path_chown', [ATTRIBUTES]),
  deny('attr_times_old', 'inode_setattr', [ATTRIBUTES], { arity: 2, absent: 'covered' }),
  deny('attr_times', 'inode_setattr', [ATTRIBUTES], { arity: 3, absent: 'covered' }),
  deny('attr_xattr_set', 'inode_setxattr', [ATTRIBUTES]),
  deny('attr_xattr_del', 'inode_removexattr', [ATTRIBUTES]),
  // Until 6.2 ACLs are extended attributes to the hooks too.
  deny('attr_acl_set', 'inode_set_acl', [ATTRIBUTES], { absent: 'covered' }),
  deny('attr_acl_del', 'inode_remove_acl', [ATTRIBUTES], { absent: 'covered' }),
  deny('attr_ioctl', 'file_ioctl', [ATTRIBUTES]),
  // Since 6.17 in place of the ioctls.
  deny('attr_flags', 'inode_file_setattr', [ATTRIBUTES], { absent: 'covered' }),
  // Until 6.8 file_ioctl is called for 32-bit callers too.
  deny('attr_ioctl_32', 'file_ioctl_compat', [ATTRIBUTES], { absent: 'covered' }),
  track('task_seed', 'iter/task'),
  { ...track('test_match', 'syscall'), absent: 'covered' },
  { ...track('name_resolve', 'syscall'), absent: 'covered' },
  track('root_learn', 'syscall'),
];

/** Programs that user space runs: they are pinned, and nothing calls them by itself. */
export function isRunByHand(hook: string): boolean {
  return hook === 'syscall' || hook.startsWith('iter/');
}

/** Maps with a fixed number of entries for each possible CPU. */
export const PER_CPU_ENTRIES: Readonly<Record<string, number>> = { scratch: 4 };

/** Maps whose content is of the build that wrote it: never handed to the programs of another. */
export const PRIVATE_MAPS: readonly string[] = ['subjects', 'scratch', 'spare', 'verdicts'];

/** Iterators that bind what exists already, run when the programs are attached. */
export const SEED_PROGRAMS: readonly string[] = ['task_seed'];
