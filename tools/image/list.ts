// Which files make up the image of the product: what config/image/files.json names, and the shared libraries that node and the addon are linked
// against on this machine, with the licences of the packages they come from.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageConfig } from '../oci/image.js';

export interface FileList {
  readonly name: string;
  readonly programs: Readonly<Record<string, string>>;
  readonly app: {
    readonly files: readonly string[];
    readonly trees: readonly { readonly folder: string; readonly keep: string; readonly leave: string }[];
    readonly modules: { readonly keep: string; readonly leave: readonly string[] };
  };
  readonly folders: readonly string[];
  readonly text: Readonly<Record<string, string>>;
  readonly config: ImageConfig;
}

interface LockEntry {
  readonly dev?: boolean;
  readonly optional?: boolean;
}

export function readFileList(root: string): FileList {
  return JSON.parse(readFileSync(join(root, 'config/image/files.json'), 'utf8')) as FileList;
}

function output(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

function below(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function appFiles(root: string, { app }: FileList): string[] {
  const trees = app.trees.flatMap(({ folder, keep, leave }) =>
    below(join(root, folder)).filter((path) => new RegExp(keep).test(path) && !new RegExp(leave).test(path)),
  );
  return [...app.files.map((path) => join(root, path)), ...trees];
}

/** What package-lock.json calls neither a development dependency nor an optional one. */
function moduleFiles(root: string, { app }: FileList): string[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockEntry>;
  };
  const keep = new RegExp(app.modules.keep);
  return Object.entries(lock.packages)
    .filter(([path, { dev, optional }]) => path !== '' && dev !== true && optional !== true)
    .map(([path]) => path)
    .filter((path) => !app.modules.leave.some((start) => path.replace(/^.*node_modules\//, '').startsWith(start)))
    .flatMap((path) =>
      below(join(root, path)).filter((file) => !file.slice(path.length + root.length + 1).includes('node_modules')),
    )
    .filter((path) => keep.test(path));
}

/** Path as the program asks for it -> file, for every library the programs need, the loader included. */
function libraries(programs: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of programs.flatMap((program) => output('ldd', [program]).split('\n'))) {
    const path = /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1];
    if (path !== undefined) found.set(path.slice(1), realpathSync(path));
  }
  return found;
}

/** Licences of the packages that own these files. dpkg knows them under either name of a merged /usr. */
function licences(files: Iterable<string>): Map<string, string> {
  const owners = new Set<string>();
  for (const path of files) {
    const names = [path, path.replace(/^\/usr/, '')];
    const { stdout } = spawnSync('dpkg-query', ['-S', ...names], { encoding: 'utf8' });
    for (const line of stdout.split('\n')) if (line.includes(': /')) owners.add(line.replace(/[:,].*$/, ''));
  }
  const texts = [...owners].map((owner): [string, string] => [owner, `/usr/share/doc/${owner}/copyright`]);
  return new Map(texts.filter(([, path]) => existsSync(path)).map(([, path]) => [path.slice(1), path]));
}

/** Path in the image -> file on this machine. */
export function imageFiles(root: string, list: FileList): ReadonlyMap<string, string> {
  const linked = libraries([...Object.values(list.programs).map((path) => join(root, path)), ...addons(root, list)]);
  const app = [...appFiles(root, list), ...moduleFiles(root, list)];
  return new Map([
    ...Object.entries(list.programs).map(([path, source]): [string, string] => [path, join(root, source)]),
    ...linked,
    ...licences(linked.values()),
    ...app.map((path): [string, string] => [join('app', path.slice(root.length + 1)), path]),
  ]);
}

function addons(root: string, { app }: FileList): string[] {
  return app.files.filter((path) => path.endsWith('.node')).map((path) => join(root, path));
}
