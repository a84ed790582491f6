// Where cgroup v2 is mounted: on hybrid machines not at /sys/fs/cgroup.

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
}

/** Mount point of the cgroup v2 tree, the one that shows it from its root if there are several. */
export function findCgroup2(mountinfo: string): string | undefined {
  const mounts = mountinfo
    .split('\n')
    .map(parseMount)
    .filter((mount) => mount?.type === 'cgroup2');
  return (mounts.find((mount) => mount?.root === '/') ?? mounts[0])?.point;
}

/** ID PARENT MAJ:MIN ROOT POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPER-OPTIONS */
function parseMount(line: string): Mount | undefined {
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  const [root, point, type] = [fields[3], fields[4], fields[separator + 1]];
  if (separator < 0 || root === undefined || point === undefined || type === undefined) return undefined;
  return { root: unescape(root), point: unescape(point), type };
}

/** The kernel writes space, tab, newline and backslash as octal numbers. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Which mount a process has as its root, and which folder of it; the same for two processes that have one root. */
export function rootMount(mountinfo: string): string | undefined {
  const roots = mountinfo
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[4] === '/');
  const [id = '', , , folder = ''] = roots.at(-1) ?? [];
  return id === '' ? undefined : `${id} ${folder}`;
}
