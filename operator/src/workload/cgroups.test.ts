import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CgroupIndex, cgroup2Mount } from './cgroups.js';
import { findCgroup2 } from './mountinfo.js';

let mount = '';

beforeEach(async () => {
  mount = await mkdtemp(join(tmpdir(), 'rf-cgroup-'));
  await mkdir(join(mount, 'system.slice/nginx.service'), { recursive: true });
});

afterEach(async () => {
  await rm(mount, { recursive: true, force: true });
});

describe('findCgroup2', () => {
  it('finds the mount of a hybrid machine, with escapes and optional fields', () => {
    const text = [
      '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw',
      '32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu',
      '40 31 0:38 /pod /elsewhere rw shared:5 - cgroup2 cgroup2 rw',
      '41 31 0:38 / /sys/fs/cgroup/uni\\040fied rw shared:9 master:1 - cgroup2 cgroup2 rw',
    ].join('\n');
    expect(findCgroup2(text)).toBe('/sys/fs/cgroup/uni fied');
  });

  it('finds nothing where cgroup v2 is not mounted', async () => {
    const file = join(mount, 'mountinfo');
    await writeFile(file, '32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n');
    await expect(cgroup2Mount(file)).rejects.toMatchObject({ code: 'KERNEL_NO_CGROUP2' });
  });
});

describe('CgroupIndex', () => {
  it('knows every directory by its inode number, with its parent', async () => {
    const index = new CgroupIndex(mount);
    expect(await index.rescan()).toBe(true);
    const { ino } = await stat(join(mount, 'system.slice/nginx.service'), { bigint: true });
    const nginx = index.all().get(ino);
    expect(nginx?.path).toBe('/system.slice/nginx.service');
    expect(index.path(nginx?.parent ?? 0n)).toBe('/system.slice');
    expect([...index.all().values()].map((cgroup) => cgroup.path)).toContain('/');
    expect(await index.rescan()).toBe(false);
  });

  it('takes cgroups that the kernel reports before their directory can be seen', async () => {
    const index = new CgroupIndex(mount);
    await index.rescan();
    expect(index.add(99n, '/system.slice/new.service')).toBe(true);
    expect(index.add(99n, '/system.slice/new.service')).toBe(false);
    expect(index.all().get(99n)?.parent).toBe(await index.idOf('/system.slice'));
  });

  it('remembers a cgroup that is gone until nothing holds it', async () => {
    const index = new CgroupIndex(mount);
    await index.rescan();
    index.add(99n, '/a');
    expect([index.remove(99n), index.remove(99n), await index.rescan()]).toEqual([true, false, false]);
    expect(index.all().get(99n)).toMatchObject({ path: '/a', gone: true });
    index.forget((id) => id === 99n);
    expect(index.path(99n)).toBe('/a');
    index.forget(() => false);
    expect(index.path(99n)).toBeUndefined();
    await rm(join(mount, 'system.slice/nginx.service'), { recursive: true });
    expect(await index.rescan()).toBe(true);
    expect([...index.all().values()].find((cgroup) => cgroup.gone)?.path).toBe('/system.slice/nginx.service');
  });

  it('keeps what it knows when the tree cannot be read', async () => {
    const index = new CgroupIndex(mount);
    await index.rescan();
    await rename(mount, `${mount}.away`);
    await expect(index.rescan()).rejects.toMatchObject({ code: 'AGENT_CGROUP_UNREADABLE' });
    expect(index.all().size).toBe(3);
    await rename(`${mount}.away`, mount);
  });
});
