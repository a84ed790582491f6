// A root of its own, as a container has: an overlay in its own mount namespace, volumes in it, and no way back to the machine's files.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { cgroupMount } from './workloads.js';
import { TRY } from './run-try.js';

/** Where the cgroup tree is inside. */
const CGROUPS = '/cg';

const BEGIN = `set -e
cd "$0"
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay all
cd all
mount -t proc proc proc
mount --bind "$1" cg
`;
const VOLUMES = `mount -t tmpfs tmpfs volume
mount --bind ../read-only read-only
mount -o remount,bind,ro read-only
mount --bind ../out out
cp bin/try new/try
cp bin/try volume/try
chmod 0755 bin/changed
`;
const END = `pivot_root . old
/bin/try umount /old
echo made
read -r line
`;

export class ContainerRoot {
  private constructor(private readonly holder: ChildProcess) {}

  /**
   * Inside: /bin/try and /bin/changed from the image, the latter copied up since; /new/try made in the container; /volume a tmpfs with a
   * copy; /read-only another mount that cannot be written; /out the same folder as FOLDER/out outside.
   */
  static async make(folder: string): Promise<ContainerRoot> {
    for (const name of ['lower/bin', 'lower/volume', 'lower/read-only', 'lower/out', 'lower/new', 'read-only', 'out'])
      mkdirSync(join(folder, name), { recursive: true });
    for (const name of ['lower/bin/changed', 'read-only/try']) copyFileSync(TRY, join(folder, name));
    return await ContainerRoot.over(folder, VOLUMES);
  }

  /** The image is FOLDER/lower; /bin/try is added to it. `mounts`: lines of shell in the new root, before there is nothing else. */
  static async over(folder: string, mounts: string): Promise<ContainerRoot> {
    for (const name of ['lower/bin', 'lower/proc', 'lower/cg', 'lower/old', 'upper', 'work', 'all'])
      mkdirSync(join(folder, name), { recursive: true });
    copyFileSync(TRY, join(folder, 'lower/bin/try'));
    const argv = ['-m', 'sh', '-c', BEGIN + mounts + END, folder, cgroupMount()];
    const holder = spawn('unshare', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: holder.stdout }))
      if (line === 'made') return new ContainerRoot(holder);
    throw new Error(`no root in ${folder}`);
  }

  /** Words before a program, so that it runs inside. */
  get through(): readonly string[] {
    return ['nsenter', `--mount=/proc/${this.holder.pid ?? 0}/ns/mnt`];
  }

  /** A file of the inside, for those who are outside. */
  at(path: string): string {
    return `/proc/${this.holder.pid ?? 0}/root${path}`;
  }

  /** Folder of a cgroup as it is seen inside. */
  cgroup(folder: string): string {
    return folder.replace(cgroupMount(), CGROUPS);
  }

  async end(): Promise<void> {
    const ended = once(this.holder, 'exit');
    this.holder.stdin?.end();
    await ended;
  }
}
