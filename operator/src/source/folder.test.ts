import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PolicyFolder } from './folder.js';
import type { FolderScan } from './folder.js';
import { FILE_BYTES_MAX } from './read-file.js';

let root = '';

beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), 'rf-folder-')), 'policies');
  await mkdir(root);
});

afterEach(async () => {
  await rm(join(root, '..'), { recursive: true, force: true });
});

function contents(scan: FolderScan): Record<string, string> {
  const pairs = [...scan.files].map(([name, file]) => [name, new TextDecoder().decode(file.content)]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

describe('PolicyFolder', () => {
  it('takes yaml, yml and json files below the folder and leaves names that begin with two dots', async () => {
    await mkdir(join(root, 'sub/deep'), { recursive: true });
    await mkdir(join(root, '..2026'));
    await writeFile(join(root, 'a.yaml'), 'a');
    await writeFile(join(root, 'sub/b.yml'), 'b');
    await writeFile(join(root, 'sub/deep/c.json'), 'c');
    await writeFile(join(root, '..2026/d.yaml'), 'd');
    await writeFile(join(root, 'notes.txt'), 'e');
    expect(contents(await new PolicyFolder(root).scan())).toEqual({
      'a.yaml': 'a',
      'sub/b.yml': 'b',
      'sub/deep/c.json': 'c',
    });
  });

  it('sees the swap of a ConfigMap mount', async () => {
    for (const [version, text] of [
      ['1', 'old'],
      ['2', 'new'],
    ] as const) {
      await mkdir(join(root, `..${version}`));
      await writeFile(join(root, `..${version}`, 'p.yaml'), text);
    }
    await symlink('..1', join(root, '..data'));
    await symlink('..data/p.yaml', join(root, 'p.yaml'));
    const folder = new PolicyFolder(root);
    expect(contents(await folder.scan())).toEqual({ 'p.yaml': 'old' });
    await symlink('..2', join(root, '..tmp'));
    await rename(join(root, '..tmp'), join(root, '..data'));
    const scan = await folder.scan();
    expect([scan.changed, contents(scan)]).toEqual([true, { 'p.yaml': 'new' }]);
  });

  it('says that nothing changed when nothing did, and sees a change of the same size and time', async () => {
    const file = join(root, 'a.yaml');
    await writeFile(file, 'one');
    const folder = new PolicyFolder(root);
    await folder.scan();
    expect((await folder.scan()).changed).toBe(false);
    await writeFile(file, 'two');
    expect((await folder.scan()).changed).toBe(true);
    await utimes(file, new Date(0), new Date(0));
    expect((await folder.scan()).changed).toBe(false);
  });

  it('removes nothing when the folder vanishes, and says so', async () => {
    await writeFile(join(root, 'a.yaml'), 'a');
    const folder = new PolicyFolder(root);
    await folder.scan();
    await rename(root, `${root}.away`);
    const scan = await folder.scan();
    expect(contents(scan)).toEqual({ 'a.yaml': 'a' });
    expect(scan.faults.map((fault) => fault.code)).toEqual(['SOURCE_FOLDER_MISSING']);
    await rename(`${root}.away`, root);
    expect((await folder.scan()).faults).toEqual([]);
  });

  it('removes the files of a folder below that was removed', async () => {
    await mkdir(join(root, 'sub'));
    await writeFile(join(root, 'sub/a.yaml'), 'a');
    const folder = new PolicyFolder(root);
    await folder.scan();
    await rm(join(root, 'sub'), { recursive: true });
    const scan = await folder.scan();
    expect([scan.changed, scan.files.size, scan.faults.length]).toEqual([true, 0, 0]);
  });

  it('keeps the last content of a file that can no longer be read', async () => {
    const file = join(root, 'a.yaml');
    await writeFile(file, 'good');
    const folder = new PolicyFolder(root);
    await folder.scan();
    await rm(file);
    execFileSync('mkfifo', [file]);
    const scan = await folder.scan();
    expect(contents(scan)).toEqual({ 'a.yaml': 'good' });
    expect(scan.files.get('a.yaml')?.fault?.code).toBe('SOURCE_UNREADABLE');
  });

  it('reads at most one byte more than a file may have', async () => {
    await writeFile(join(root, 'big.yaml'), Buffer.alloc(FILE_BYTES_MAX * 3));
    const scan = await new PolicyFolder(root).scan();
    expect(scan.files.get('big.yaml')?.content?.length).toBe(FILE_BYTES_MAX + 1);
  });

  it('ends on folders that contain themselves', async () => {
    await symlink('.', join(root, 'self'));
    await writeFile(join(root, 'a.yaml'), 'a');
    expect(contents(await new PolicyFolder(root).scan())).toEqual({ 'a.yaml': 'a' });
  });
});
