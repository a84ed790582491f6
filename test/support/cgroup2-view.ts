// Container runtimes use cgroup v1 where a machine has both trees. In a mount namespace of their own they are shown the v2 tree alone, at
// the usual place; nothing else on the machine sees a difference.

/** What to put before a command, given where the v2 tree is mounted. `before`: shell that runs first, in the same namespace. */
export function withCgroup2(mount: string, before = ''): string[] {
  const bind = '[ "$0" = /sys/fs/cgroup ] || mount --bind "$0" /sys/fs/cgroup || exit 125';
  return ['unshare', '-m', 'sh', '-c', [bind, before, 'exec "$@"'].filter((line) => line !== '').join('\n'), mount];
}
