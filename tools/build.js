// Incremental build: TypeScript, generated files checked, BPF objects, addon. Each step does nothing when its outputs are
// newer than what they are made of. Plain JavaScript, since it also builds the tools that are written in TypeScript.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** `__TARGET_ARCH_*` of libbpf's headers, by process.arch. */
const BPF_ARCHES = { x64: 'x86', arm64: 'arm64' };

/** Longest wait for another build in the same checkout. */
const LOCK_TIMEOUT_MS = 10 * 60 * 1000;

export class BuildError extends Error {}

function run(root, command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (result.error) throw new BuildError(`BUILD_TOOL_MISSING: cannot run ${command}: ${result.error.code}`);
  if (result.status !== 0)
    throw new BuildError(`BUILD_FAILED: ${command} ${args[0] ?? ''} ended with status ${result.status}`);
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : Infinity;
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** True when `output` exists and none of `inputs` is newer or gone. */
function isFresh(output, inputs) {
  const made = modified(output);
  return made !== Infinity && inputs.every((input) => modified(input) <= made);
}

function buildTypeScript(root) {
  run(root, process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', root]);
}

/** Names of the generators: tools/gen-*.ts, each of which knows `--check`. */
function generators(root) {
  return readdirSync(join(root, 'tools'))
    .filter((name) => /^gen-.*\.ts$/.test(name) && !name.endsWith('.test.ts'))
    .map((name) => join('build/tools', name.replace(/\.ts$/, '.js')))
    .sort();
}

function checkGenerated(root) {
  for (const generator of generators(root)) run(root, process.execPath, [generator, '--check']);
}

/** Files that an object was made from, as clang noted beside it. */
function dependencies(noted) {
  if (!existsSync(noted)) return [''];
  return readFileSync(noted, 'utf8').replaceAll('\\\n', ' ').split(/\s+/).slice(1).filter(Boolean);
}

function buildBpf(root) {
  const arch = BPF_ARCHES[process.arch];
  if (!arch) throw new BuildError(`BUILD_ARCH: expected ${Object.keys(BPF_ARCHES).join(' or ')}, got ${process.arch}`);
  mkdirSync(join(root, 'build/bpf'), { recursive: true });
  const sources = readdirSync(join(root, 'bpf')).filter((name) => name.endsWith('.bpf.c'));
  for (const name of sources) {
    const object = join(root, 'build/bpf', name.replace(/c$/, 'o'));
    const noted = `${object}.d`;
    if (isFresh(object, [...dependencies(noted).map((path) => (path ? join(root, path) : path)), import.meta.filename]))
      continue;
    process.stderr.write(`build: bpf/${name}\n`);
    const flags = [
      '-O2',
      '-g',
      '-target',
      'bpf',
      '-mcpu=v3',
      `-D__TARGET_ARCH_${arch}`,
      '-Wall',
      '-Wextra',
      '-Wno-unused-parameter', // libbpf's program macros have them
      '-Werror',
      '-Ibpf',
    ];
    run(root, 'clang', [...flags, '-MMD', '-MF', noted, '-c', join('bpf', name), '-o', object]);
  }
}

function buildAddon(root) {
  const inputs = ['CMakeLists.txt', 'package-lock.json']
    .map((name) => join(root, name))
    .concat(filesBelow(join(root, 'native')));
  // A stamp, since a build that finds nothing to link leaves the addon as old as it was.
  const stamp = join(root, 'build/addon.stamp');
  if (isFresh(stamp, inputs) && existsSync(join(root, 'build/Release/ringfence.node'))) return;
  process.stderr.write('build: addon\n');
  const cmakeJs = join(root, 'node_modules/cmake-js/bin/cmake-js');
  run(root, process.execPath, [
    cmakeJs,
    'compile',
    '--directory',
    root,
    '--out',
    join(root, 'build'),
    '--log-level',
    'warn',
  ]);
  writeFileSync(stamp, '');
}

const STEPS = { ts: buildTypeScript, gen: checkGenerated, bpf: buildBpf, addon: buildAddon };

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Takes the lock or returns false; a lock whose owner is gone is removed. */
function takeLock(path) {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const owner = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  if (owner > 0 && !isAlive(owner)) rmSync(path, { force: true });
  return false;
}

async function withLock(root, work) {
  const path = join(root, 'build/.lock');
  mkdirSync(join(root, 'build'), { recursive: true });
  const deadline = Date.now() + LOCK_TIMEOUT_MS;
  while (!takeLock(path)) {
    if (Date.now() > deadline) throw new BuildError(`BUILD_LOCKED: another build holds ${path}`);
    await sleep(200);
  }
  try {
    return work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** Runs the named steps in order; all of them when none is named. */
export async function build(root, names = []) {
  const unknown = names.find((name) => !(name in STEPS));
  if (unknown) throw new BuildError(`BUILD_STEP: expected ${Object.keys(STEPS).join(', ')}, got ${unknown}`);
  await withLock(root, () => {
    for (const [name, step] of Object.entries(STEPS)) if (names.length === 0 || names.includes(name)) step(root);
  });
}

/** Writes every generated file anew. The generators are TypeScript and may import what they generate, hence twice. */
export async function generate(root, options) {
  await withLock(root, () => {
    for (const generator of generators(root)) {
      spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', root], {
        cwd: root,
        stdio: 'ignore',
      });
      run(root, process.execPath, [generator, ...options]);
    }
  });
}
