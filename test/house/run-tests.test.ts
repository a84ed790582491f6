// The runner itself, on suites made for the purpose.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const RUNNER = join(process.cwd(), 'build/tools/run-tests.js');
const LIMITATIONS = '## Tests that may be skipped\n\n| reason | a | b |\n|---|---|---|\n| `no luck` | a | b |\n';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ringfence-suites-'));
  mkdirSync(join(root, 'docs'));
  writeFileSync(join(root, 'docs/limitations.md'), LIMITATIONS);
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function addSuite(name: string, script: string, more: object = {}): void {
  mkdirSync(join(root, 'test', name), { recursive: true });
  const suite = { name, order: 1, command: ['node', '-e', script], timeoutSeconds: 20, ...more };
  writeFileSync(join(root, 'test', name, 'suite.json'), JSON.stringify(suite));
}

function runSuites(...args: string[]): { status: number | null; lines: string[] } {
  const { status, stdout } = spawnSync(process.execPath, [RUNNER, ...args], { cwd: root, encoding: 'utf8' });
  return { status, lines: stdout.trimEnd().split('\n') };
}

const says = (line: string): string => `console.log(${JSON.stringify(line)})`;

it('adds up the suites and closes with one line', () => {
  addSuite('one', says('2 passed, 0 failed, 0 skipped'));
  addSuite('two', `${says('SKIP x: no luck')};${says('3 passed, 0 failed, 1 skipped')}`);
  const { status, lines } = runSuites('test');
  expect([status, lines.at(-1)]).toEqual([0, '5 passed, 0 failed, 1 skipped']);
});

it('fails when a test failed', () => {
  addSuite('one', `${says('2 passed, 1 failed, 0 skipped')};process.exitCode = 1`);
  const { status, lines } = runSuites('test');
  expect([status, lines.at(-1)]).toEqual([1, '2 passed, 1 failed, 0 skipped']);
});

it('fails on a suite that prints no closing line though it ends well', () => {
  addSuite('one', says('all is well'));
  const { status, lines } = runSuites('test');
  expect([status, lines.at(-1)]).toEqual([1, '0 passed, 1 failed, 0 skipped']);
});

it('fails on a suite that ends badly though all its tests passed', () => {
  addSuite('one', `${says('2 passed, 0 failed, 0 skipped')};process.exitCode = 3`);
  expect(runSuites('test').status).toBe(1);
});

it('fails on a skip whose reason is not documented', () => {
  addSuite('one', `${says('SKIP x: tired')};${says('3 passed, 0 failed, 1 skipped')}`);
  expect(runSuites('test').status).toBe(1);
});

it('ends a suite, and what it started, at its timeout', () => {
  const sleeper =
    "require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' }); setTimeout(() => 0, 60000)";
  addSuite('one', `${says('1 passed, 0 failed, 0 skipped')};${sleeper}`, { timeoutSeconds: 1 });
  const began = performance.now();
  const { status, lines } = runSuites('test');
  expect(performance.now() - began).toBeLessThan(15_000);
  expect([status, lines.at(-1)]).toEqual([1, '1 passed, 1 failed, 0 skipped']);
});

it('runs what is asked for by name, and by group', () => {
  addSuite('one', says('1 passed, 0 failed, 0 skipped'));
  addSuite('two', says('2 passed, 0 failed, 0 skipped'));
  addSuite('three', "console.log(process.argv.length + ' passed, 0 failed, 0 skipped')", { groups: ['fuzz'] });
  expect(runSuites('test', 'two').lines.at(-1)).toBe('2 passed, 0 failed, 0 skipped');
  expect(runSuites('fuzz', 'a', 'b').lines.at(-1)).toBe('3 passed, 0 failed, 0 skipped');
  expect(runSuites('test', 'none').status).toBe(2);
});
