// node build/test/pods/main.js [--kernel NAME]... [--filter TEXT]
// Containers of pods on each kernel: LSM programs in guests, with Debian's runc besides the runtime of this folder; tracepoints on
// this machine (kernel name "machine"), confined to cgroups of the run.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nodePackages } from '../cluster/node/packages.js';
import { runBesideEachOther } from '../guest/beside.js';
import { GuestUnavailable } from '../guest/cache.js';
import { tryCommand } from '../guest/command.js';
import { KERNELS, type KernelName } from '../guest/kernel-image.js';
import { CHECKOUT, runInGuest, type GuestResult } from '../guest/run.js';
import { adoptRun } from '../support/adopt-run.js';
import { compileProgram, compileTry } from '../support/compile.js';
import { Suite } from '../support/suite.js';

const MACHINE = 'machine';
const GUEST_TIME_S = 1500;
const MACHINE_TIME_S = 300;
const MEMORY_MB = 1536;
const RUN = join(import.meta.dirname, 'run.js');

async function runInKernel(kernel: KernelName, runc: string, words: readonly string[]): Promise<GuestResult> {
  return await runInGuest({
    kernel,
    command: ['node', RUN, '--backend', 'lsm', '--runc', '/run/job/runc', ...words],
    timeoutS: GUEST_TIME_S,
    memoryMb: MEMORY_MB,
    prepare: (folder) => copyFileSync(runc, join(folder, 'runc')),
    onOutput: (text) => process.stderr.write(text.replaceAll(/^(?=.)/gm, `${kernel}: `)),
  });
}

async function adoptGuest(suite: Suite, kernel: KernelName, result: GuestResult): Promise<void> {
  await adoptRun(suite, kernel, result);
  await suite.check(`${kernel}: the kernel saw no bug`, () => {
    if (result.kernelTrouble.length > 0) throw new Error(result.kernelTrouble.join('; '));
  });
}

async function runOnMachine(suite: Suite, runc: string, words: readonly string[]): Promise<void> {
  const argv = [process.execPath, RUN, '--backend', 'tracepoint', '--confined', '--runc', runc, ...words];
  const output = await tryCommand(argv, { cwd: CHECKOUT, timeoutS: MACHINE_TIME_S });
  await adoptRun(suite, MACHINE, { code: output.code, stdout: `${output.stdout}${output.stderr}` });
}

async function main(suite: Suite): Promise<void> {
  const { values } = parseArgs({
    options: { kernel: { type: 'string', multiple: true }, filter: { type: 'string' } },
  });
  compileTry();
  compileProgram('pods/runtime.c', 'pods/runtime');
  const words = values.filter === undefined ? [] : ['--filter', values.filter];
  const wanted = values.kernel ?? [MACHINE, ...KERNELS];
  const runc = (await nodePackages()).programs.find((path) => path.endsWith('/runc')) ?? '';
  if (wanted.includes(MACHINE)) await runOnMachine(suite, runc, words);
  const kernels = KERNELS.filter((name) => wanted.includes(name));
  if (kernels.length === 0) return;
  const results = await runBesideEachOther(kernels, (kernel) => runInKernel(kernel, runc, words));
  for (const { kernel, result } of results) await adoptGuest(suite, kernel, result);
}

const suite = new Suite();
try {
  await main(suite);
} catch (error) {
  if (!(error instanceof GuestUnavailable)) throw error;
  suite.skip('pods', `qemu is missing: ${error.message.replaceAll('\n', ' | ')}`);
}
suite.finish();
