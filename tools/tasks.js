// What each npm script does. Runs under the project's own Node, started by tools/bootstrap.js.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { build, BuildError, generate } from './build.js';

const root = dirname(import.meta.dirname);

/** Resolves to the exit status; signals for this process are passed on, Ctrl-C arrives by itself. */
function runNode(args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  const pass = (signal) => child.kill(signal);
  const ignore = () => undefined;
  process.on('SIGINT', ignore).on('SIGTERM', pass).on('SIGHUP', pass);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      process.off('SIGINT', ignore).off('SIGTERM', pass).off('SIGHUP', pass);
      resolve(status ?? 128 + constants.signals[signal]);
    });
  });
}

function runModule(name, args) {
  return (
    spawnSync(process.execPath, [join(root, 'node_modules', name), ...args], { cwd: root, stdio: 'inherit' }).status ??
    1
  );
}

function command() {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return join(root, bin.ringfence);
}

async function start(args) {
  await build(root);
  return runNode([command(), 'demo', ...args]);
}

/** Runs the suites of one group; what is given after the group narrows it to suites, or is passed to them. */
function suites(group) {
  return async (args) => {
    await build(root);
    return runNode([join(root, 'build/tools/run-tests.js'), group, ...args]);
  };
}

async function clusterDemo(args) {
  await build(root);
  return runNode([join(root, 'build/test/cluster/demo.js'), ...args]);
}

function check() {
  const lint = runModule('eslint/bin/eslint.js', ['--max-warnings=0', '.']);
  const format = runModule('prettier/bin/prettier.cjs', ['--check', '--log-level=warn', '.']);
  return lint || format;
}

const TASKS = {
  start,
  build: async (args) => {
    await build(root, args);
    return 0;
  },
  gen: async (args) => {
    await generate(root, args);
    return 0;
  },
  fmt: () => runModule('prettier/bin/prettier.cjs', ['--write', '--log-level=warn', '.']),
  check,
  test: suites('test'),
  'test:kernel': suites('test:kernel'),
  'test:long': suites('test:long'),
  bench: suites('bench'),
  fuzz: suites('fuzz'),
  'test:cluster': suites('test:cluster'),
  'demo:cluster': clusterDemo,
};

async function main([name = '', ...args]) {
  const task = TASKS[name];
  if (!task) {
    process.stderr.write(`expected one of ${Object.keys(TASKS).join(', ')}, got "${name}"\n`);
    return 2;
  }
  return task(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
