// node build/test/kernel/main.js [--kernel NAME]... [--filter TEXT] [--files NAME,...] [--seed N] [--full]
// The cases on each kernel: the LSM backend in one boot of each guest, the tracepoint backend (kernel name "machine") on this machine,
// confined to cgroups of the run. Updates under load and crashes take minutes in a guest: without --full they run on this machine only,
// with it on every kernel.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runBesideEachOther } from '../guest/beside.js';
import { GuestUnavailable } from '../guest/cache.js';
import { tryCommand } from '../guest/command.js';
import { KERNELS, type KernelName } from '../guest/kernel-image.js';
import { CHECKOUT, runInGuest, type GuestResult } from '../guest/run.js';
import { adoptRun } from '../support/adopt-run.js';
import { compileProgram, compileTry } from '../support/compile.js';
import { Suite } from '../support/suite.js';

const MACHINE = 'machine';
const GUEST_TIME_S = 2700;
const MACHINE_TIME_S = 600;
const MEMORY_MB = 1536;
const RUN = join(import.meta.dirname, 'run.js');
const CASES = join(import.meta.dirname, 'cases');
const CASE_FILE = /^(.+)\.cases\.js$/;
const LONG: readonly string[] = ['crash', 'update'];

async function runInKernel(kernel: KernelName, words: readonly string[]): Promise<GuestResult> {
  return await runInGuest({
    kernel,
    command: ['node', RUN, '--backend', 'lsm', ...words],
    timeoutS: GUEST_TIME_S,
    memoryMb: MEMORY_MB,
    onOutput: (text) => process.stderr.write(text.replaceAll(/^(?=.)/gm, `${kernel}: `)),
  });
}

async function adoptGuest(suite: Suite, kernel: KernelName, result: GuestResult): Promise<void> {
  await adoptRun(suite, kernel, result);
  await suite.check(`${kernel}: the kernel saw no bug`, () => {
    if (result.kernelTrouble.length > 0) throw new Error(result.kernelTrouble.join('; '));
  });
  const { bootSeconds, wallSeconds, kernelVersion } = result;
  process.stdout.write(
    `${kernel}: ${kernelVersion} up after ${bootSeconds.toFixed(1)} s, ${wallSeconds.toFixed(1)} s in all\n`,
  );
}

async function runOnMachine(suite: Suite, words: readonly string[]): Promise<void> {
  const argv = [process.execPath, RUN, '--backend', 'tracepoint', '--confined', ...words];
  const output = await tryCommand(argv, { cwd: CHECKOUT, timeoutS: MACHINE_TIME_S });
  await adoptRun(suite, MACHINE, { code: output.code, stdout: `${output.stdout}${output.stderr}` });
}

/** Words that choose the case files of a guest: all of them, or all but the long ones. */
function filesOf(chosen: { files?: string; full: boolean }): string[] {
  if (chosen.files !== undefined) return ['--files', chosen.files];
  if (chosen.full) return [];
  const names = readdirSync(CASES).flatMap((file) => CASE_FILE.exec(file)?.[1] ?? []);
  return ['--files', names.filter((name) => !LONG.includes(name)).join(',')];
}

async function main(suite: Suite): Promise<void> {
  const { values } = parseArgs({
    options: {
      kernel: { type: 'string', multiple: true },
      filter: { type: 'string' },
      files: { type: 'string' },
      seed: { type: 'string' },
      full: { type: 'boolean', default: false },
    },
  });
  compileTry();
  compileProgram('kernel/realops', 'kernel/realops');
  const words = [
    ...(values.filter === undefined ? [] : ['--filter', values.filter]),
    ...(values.seed === undefined ? [] : ['--seed', values.seed]),
  ];
  const wanted = values.kernel ?? [MACHINE, ...KERNELS];
  const onMachine = values.files === undefined ? words : [...words, '--files', values.files];
  if (wanted.includes(MACHINE)) await runOnMachine(suite, onMachine);
  const inGuests = [...words, ...filesOf(values)];
  const kernels = KERNELS.filter((name) => wanted.includes(name));
  const results = await runBesideEachOther(kernels, (kernel) => runInKernel(kernel, inGuests));
  for (const { kernel, result } of results) await adoptGuest(suite, kernel, result);
}

const suite = new Suite();
try {
  await main(suite);
} catch (error) {
  if (!(error instanceof GuestUnavailable)) throw error;
  suite.skip('kernel', `qemu is missing: ${error.message.replaceAll('\n', ' | ')}`);
}
suite.finish();
