// node build/test/guest/main.js --kernel 6.12 [--icount] [--memory MB] [--timeout S] [--append WORD]... [--module NAME]... -- COMMAND...
// Boots a guest, streams the command's output and ends with the command's exit status.
import { parseArgs } from 'node:util';
import { GuestUnavailable } from './cache.js';
import { KERNELS, type KernelName } from './kernel-image.js';
import { runInGuest } from './run.js';

const EXIT_USAGE = 2;
const EXIT_UNAVAILABLE = 125;

function isKernelName(text: string): text is KernelName {
  return (KERNELS as readonly string[]).includes(text);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kernel: { type: 'string', default: '6.12' },
      icount: { type: 'boolean', default: false },
      memory: { type: 'string', default: '1024' },
      timeout: { type: 'string', default: '300' },
      append: { type: 'string', multiple: true },
      module: { type: 'string', multiple: true },
    },
  });
  if (!isKernelName(values.kernel) || positionals.length === 0) {
    process.stderr.write(
      `usage: --kernel ${KERNELS.join('|')} [--icount] [--memory MB] [--timeout S] [--append WORD] [--module NAME] -- COMMAND...\n`,
    );
    return EXIT_USAGE;
  }
  const result = await runInGuest({
    kernel: values.kernel,
    command: positionals,
    icount: values.icount,
    memoryMb: Number(values.memory),
    timeoutS: Number(values.timeout),
    kernelWords: values.append ?? [],
    ...(values.module === undefined ? {} : { modules: values.module }),
    onOutput: (text) => process.stdout.write(text),
  });
  const trouble = result.kernelTrouble.map((line) => `kernel: ${line}\n`).join('');
  const times = `up after ${result.bootSeconds.toFixed(1)} s, ${result.wallSeconds.toFixed(1)} s in all`;
  process.stderr.write(`${trouble}guest ${result.kernelVersion}: ${times}, status ${result.code.toString()}\n`);
  return result.code;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof GuestUnavailable)) throw error;
  process.stderr.write(`no guest: ${error.message}\n`);
  process.exitCode = EXIT_UNAVAILABLE;
}
