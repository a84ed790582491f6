// Brings a bare machine to the point where the project's own tools can run, then hands over to tools/tasks.js under the
// project's own Node. Plain JavaScript for whatever Node the machine has (18 or newer), with nothing of ours installed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** npm's own record of what it installed. */
const HIDDEN_LOCK = 'node_modules/.package-lock.json';
const projectNode = join(root, 'node_modules', 'node', 'bin', 'node');

/** Oldest Node that can run this file and npm's own code. */
const OLDEST_NODE = 18;

/** Debian packages without which nothing can be built. */
const BUILD_PACKAGES = ['clang', 'libbpf-dev', 'libelf-dev', 'zlib1g-dev', 'pkg-config', 'cmake', 'make', 'g++'];

/** Debian packages that boot the guest kernels. Without them the guest suites cannot run. */
const GUEST_PACKAGES = ['qemu-system-x86', 'qemu-system-common', 'busybox-static', 'xz-utils', 'cpio'];

/** Debian packages of the test cluster, beside those of guests: certificates, and the node's address. Go it finds by itself (test/cluster/go.ts). */
const CLUSTER_PACKAGES = ['openssl', 'iproute2'];

const CLUSTER_COMMANDS = new Set(['test', 'test:cluster', 'test:long', 'demo:cluster']);

/** Commands that boot guests. */
const GUEST_COMMANDS = new Set(['start', 'test:kernel', 'bench', 'fuzz', ...CLUSTER_COMMANDS]);

class SetupError extends Error {
  /**
   * @param {string} code
   * @param {string} message what was attempted, expected and found
   * @param {string} hint what to do
   */
  constructor(code, message, hint) {
    super(`${code}: ${message}; ${hint}`);
  }
}

function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= OLDEST_NODE) return;
  throw new SetupError(
    'SETUP_NODE_TOO_OLD',
    `expected Node ${OLDEST_NODE} or newer to start with, found ${process.versions.node}`,
    'install a newer Node; the project then brings its own',
  );
}

function missingPackages(names) {
  const format = '-f=${Package} ${db:Status-Status}\n';
  const { stdout } = run('dpkg-query', ['-W', format, ...names], { stdio: 'pipe', encoding: 'utf8' });
  const installed = new Set(stdout.split('\n').map((line) => line.replace(/ installed$/, '')));
  return names.filter((name) => !installed.has(name));
}

function hasPackageLists() {
  const folder = '/var/lib/apt/lists';
  return existsSync(folder) && readdirSync(folder).some((name) => name.includes('_Packages'));
}

function aptInstall(names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  const install = () =>
    run('apt-get', [...wait, 'install', '-y', '-q', '--no-install-recommends', ...names], { env }).status === 0;
  if (hasPackageLists() && install()) return true;
  return run('apt-get', [...wait, 'update', '-q'], { env }).status === 0 && install();
}

function ensurePackages(names) {
  const missing = missingPackages(names);
  if (missing.length === 0) return;
  const list = missing.join(' ');
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      'SETUP_NOT_ROOT',
      `Debian packages are missing: ${list}`,
      `run as root, or: apt-get install ${list}`,
    );
  }
  process.stderr.write(`set-up: installing ${list}\n`);
  if (!aptInstall(missing)) {
    throw new SetupError('SETUP_APT_FAILED', `apt-get could not install ${list}`, 'see its messages above');
  }
}

function ensureDebianPackages(command) {
  if (run('dpkg-query', ['--version'], { stdio: 'ignore' }).error) {
    throw new SetupError(
      'SETUP_NO_APT',
      'expected Debian 12 or newer, found no dpkg',
      'use a Debian machine or container',
    );
  }
  ensurePackages(BUILD_PACKAGES);
  if (GUEST_COMMANDS.has(command)) ensurePackages(GUEST_PACKAGES);
  if (CLUSTER_COMMANDS.has(command)) ensurePackages(CLUSTER_PACKAGES);
}

function readLock(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
}

/** True for a package that is made for this machine, as the native parts of tools are. */
function isForThisMachine({ os, cpu, libc }) {
  if (!os || !cpu) return false;
  const here = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
  return os.includes(process.platform) && cpu.includes(process.arch) && (!libc || libc.includes(here));
}

/** Lock entries that node_modules lacks, as `name@version`; optional packages of other machines are not needed. */
function lackingModules() {
  const wanted = Object.entries(readLock('package-lock.json'));
  const present = existsSync(join(root, HIDDEN_LOCK)) ? readLock(HIDDEN_LOCK) : {};
  return wanted
    .filter(([path, { version }]) => path !== '' && present[path]?.version !== version)
    .filter(([path, entry]) => !entry.optional || present[path] || isForThisMachine(entry))
    .map(([path, { version, optional }]) => ({
      optional,
      name: `${path.replace(/^.*node_modules\//, '')}@${version}`,
    }));
}

function npm(args) {
  // Some tools ask for a newer Node than the machine's. They only ever run under the project's: no warnings of that.
  return run('npm', [...args, '--loglevel=error', '--include=dev'], { stdio: ['ignore', 2, 2] }).status === 0;
}

function installModules() {
  if (!npm(['ci'])) return false;
  // An old npm leaves out native parts that ask for a newer Node, but not what it is told to install by name.
  const natives = lackingModules().filter(({ optional }) => optional);
  return natives.length === 0 || npm(['install', '--no-save', ...natives.map(({ name }) => name)]);
}

function ensureModules() {
  const isComplete = () => existsSync(projectNode) && lackingModules().length === 0;
  if (isComplete()) return;
  process.stderr.write('set-up: installing npm packages\n');
  if (installModules() && isComplete()) return;
  throw new SetupError(
    'SETUP_NPM_FAILED',
    'npm ci did not install what package-lock.json asks for',
    'see its messages above',
  );
}

/** Runs the task and resolves to its exit status. */
function handOver(args) {
  const path = [dirname(projectNode), join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter);
  const env = { ...process.env, PATH: path };
  const child = spawn(projectNode, [join(root, 'tools', 'tasks.js'), ...args], { cwd: root, stdio: 'inherit', env });
  // Ctrl-C reaches the task by itself, through the terminal's foreground group; sent twice it would mean "at once".
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? 128 + constants.signals[signal]));
  });
}

function main(args) {
  const [command = 'help'] = args;
  checkNode();
  ensureDebianPackages(command);
  ensureModules();
  return handOver(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
