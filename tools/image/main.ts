// node build/tools/image/main.js --out FILE.tar [--tag TAG] [--plain]   packs the product's image as an OCI image layout
// node build/tools/image/main.js --stage FOLDER                         lays the same files out in a folder, as the Dockerfile wants them
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeImage } from '../oci/image.js';
import type { TarEntry } from '../oci/tar.js';
import { imageFiles, readFileList, type FileList } from './list.js';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const EXIT_USAGE = 2;

function isProgram(path: string): boolean {
  return /^(usr\/)?(bin\/|lib)/.test(path);
}

/** Symbols of node are 18 MB that nothing reads. Without binutils they stay. */
function strip(path: string): void {
  spawnSync('strip', [path], { stdio: 'ignore' });
}

function stage(folder: string, list: FileList): string[] {
  const files = imageFiles(ROOT, list);
  for (const path of list.folders) mkdirSync(join(folder, path), { recursive: true });
  chmodSync(join(folder, 'tmp'), 0o1777);
  for (const [path, source] of files) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(source, target);
    chmodSync(target, isProgram(path) ? 0o755 : 0o644);
  }
  for (const path of Object.keys(list.programs)) strip(join(folder, path));
  for (const [path, text] of Object.entries(list.text)) writeFileSync(join(folder, path), text);
  return [...files.keys(), ...Object.keys(list.text)];
}

function parents(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths) for (let up = dirname(path); up !== '.'; up = dirname(up)) found.add(up);
  return [...found].sort();
}

function entries(folder: string, list: FileList, paths: readonly string[]): TarEntry[] {
  const folders = [...new Set([...list.folders, ...parents([...list.folders, ...paths])])].sort();
  return [
    ...folders.map((path): TarEntry => ({ type: 'folder', path, mode: path === 'tmp' ? 0o1777 : 0o755 })),
    ...[...paths].sort().map((path): TarEntry => {
      const content = { copyOf: join(folder, path) };
      return { type: 'file', path, mode: isProgram(path) ? 0o755 : 0o644, content };
    }),
  ];
}

function pack(out: string, tag: string, compressed: boolean): void {
  const list = readFileList(ROOT);
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-image-'));
  try {
    const paths = stage(folder, list);
    // Node and the libraries change seldom, our own files with every build.
    const own = (path: string): boolean => path.startsWith('app/build/');
    const all = entries(folder, list, paths);
    const layers = [all.filter(({ path }) => !own(path)), all.filter(({ path }) => own(path))];
    writeImage(out, { name: `${list.name}:${tag}`, config: list.config, layers, compressed });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: { out: { type: 'string' }, tag: { type: 'string' }, stage: { type: 'string' }, plain: { type: 'boolean' } },
});
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
if (values.out !== undefined) pack(values.out, values.tag ?? version, values.plain !== true);
else if (values.stage !== undefined) stage(values.stage, readFileList(ROOT));
else {
  process.stderr.write('usage: --out FILE.tar [--tag TAG] [--plain] | --stage FOLDER\n');
  process.exitCode = EXIT_USAGE;
}
