// Runs the suites of one group in order and closes with one line over all of them.
//   node build/tools/run-tests.js GROUP            every suite of the group
//   node build/tools/run-tests.js test NAME ...    those suites of the group "test"
//   node build/tools/run-tests.js GROUP ARG ...    any other group: the arguments go to its suites
// Status 1: a test failed, a suite printed no closing line, or a test was skipped for a reason that
// docs/limitations.md does not list.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addTotals, findFaults, formatTotals, readAllowedReasons, readReport } from './test-lines.js';
import type { SuiteReport, Totals } from './test-lines.js';
import { findSuites, unmetNeed } from './test-suites.js';
import type { Suite } from './test-suites.js';

/** How long a suite may take to end after SIGTERM. */
const GRACE_MS = 10_000;

interface Outcome {
  readonly suite: Suite;
  readonly status: number;
  readonly report: SuiteReport;
  readonly seconds: number;
}

interface Ended {
  readonly status: number;
  readonly output: string;
}

/** Runs the suite in a process group of its own, so that a timeout ends all of it. */
function runCommand(suite: Suite, extra: readonly string[]): Promise<Ended> {
  const [program = '', ...args] = suite.command;
  const child = spawn(program === 'node' ? process.execPath : program, [...args, ...extra], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const stop = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch (error) {
      // The whole group has ended already.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const interrupt = (): void => {
    stop('SIGTERM');
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  let output = '';
  let expired = false;
  const timers = [
    setTimeout(() => {
      expired = true;
      stop('SIGTERM');
    }, suite.timeoutSeconds * 1000),
    setTimeout(
      () => {
        stop('SIGKILL');
      },
      suite.timeoutSeconds * 1000 + GRACE_MS,
    ),
  ];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      process.stdout.write(text);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      timers.forEach(clearTimeout);
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      resolve({ status: expired || status === null ? 124 : status, output });
    });
  });
}

function skipWhole(suite: Suite, need: string): Outcome {
  const reason = `${need} is missing`;
  process.stdout.write(`SKIP ${suite.name}: ${reason}\n`);
  const totals = { passed: 0, failed: 0, skipped: 1 };
  return { suite, status: 0, report: { totals, skips: [{ test: suite.name, reason }] }, seconds: 0 };
}

async function runSuite(suite: Suite, extra: readonly string[]): Promise<Outcome> {
  process.stdout.write(`\n=== ${suite.name}\n`);
  const need = unmetNeed(suite);
  if (need !== undefined) return skipWhole(suite, need);
  const began = performance.now();
  const { status, output } = await runCommand(suite, extra);
  return { suite, status, report: readReport(output), seconds: (performance.now() - began) / 1000 };
}

/** What the suite counts as: one that broke its contract, or failed without a failed test, has one failure more. */
function judge({ status, report }: Outcome, allowed: readonly string[]): { totals: Totals; faults: readonly string[] } {
  const faults = findFaults(status, report, allowed);
  const totals = report.totals ?? { passed: 0, failed: 0, skipped: 0 };
  return { totals: { ...totals, failed: totals.failed + (faults.length > 0 ? 1 : 0) }, faults };
}

function summarise(outcomes: readonly Outcome[], allowed: readonly string[]): Totals {
  process.stdout.write('\n=== summary\n');
  const all = outcomes.map((outcome) => {
    const { totals, faults } = judge(outcome, allowed);
    const { suite, report, seconds } = outcome;
    process.stdout.write(`${suite.name.padEnd(16)} ${formatTotals(totals)} (${seconds.toFixed(1)} s)\n`);
    for (const fault of faults) process.stdout.write(`  FAULT ${suite.name} ${fault}\n`);
    for (const skip of report.skips) process.stdout.write(`  SKIP ${skip.test}: ${skip.reason}\n`);
    return totals;
  });
  return addTotals(all);
}

async function main(root: string, [group = 'test', ...args]: readonly string[]): Promise<number> {
  const found = findSuites(root, group);
  const narrowed = group === 'test' && args.length > 0 ? found.filter(({ name }) => args.includes(name)) : found;
  if (narrowed.length === 0) {
    process.stderr.write(
      `expected a suite of ${group}: ${found.map(({ name }) => name).join(', ') || 'there is none'}\n`,
    );
    return 2;
  }
  const allowed = readAllowedReasons(readFileSync(join(root, 'docs/limitations.md'), 'utf8'));
  const began = performance.now();
  const outcomes: Outcome[] = [];
  for (const suite of narrowed) outcomes.push(await runSuite(suite, group === 'test' ? [] : args));
  const totals = summarise(outcomes, allowed);
  process.stdout.write(`${((performance.now() - began) / 60_000).toFixed(1)} minutes\n`);
  process.stdout.write(`${formatTotals(totals)}\n`);
  return totals.failed > 0 ? 1 : 0;
}

process.exitCode = await main(process.cwd(), process.argv.slice(2));
