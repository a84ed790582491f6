// npm run bench [-- --kernel 6.12] [-- --floor] [-- --write]
// Counts guest instructions with and without the agent, prints the table, and with --write puts it into docs/benchmarks.md.
// --floor: no agent at all, only how well two measurements without it agree. Status 1: a bar was missed.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GuestUnavailable } from '../guest/cache.js';
import { KERNELS, type KernelName } from '../guest/kernel-image.js';
import { CHECKOUT, runInGuest } from '../guest/run.js';
import { compileProgram } from '../support/compile.js';
import { Suite } from '../support/suite.js';
import { SETTINGS } from './plan.js';
import { figuresOf, renderFloor, renderTable, type Sample } from './samples.js';

const TIME_LIMIT_S = 5400;
const MEMORY_MB = 2048;
const DOCUMENT = join(CHECKOUT, 'docs', 'benchmarks.md');
const BEGIN = '<!-- table of test/bench: begin -->';
const END = '<!-- table of test/bench: end -->';

async function countInGuest(
  kernel: KernelName,
  settings: readonly string[],
): Promise<{ samples: Sample[]; version: string }> {
  for (const name of ['workload', 'noop', 'renamer']) compileProgram(`bench/${name}.c`, `bench/${name}`);
  let text = '[]';
  const result = await runInGuest({
    kernel,
    icount: true,
    memoryMb: MEMORY_MB,
    timeoutS: TIME_LIMIT_S,
    command: ['node', 'build/test/bench/in-guest.js', ...settings],
    onOutput: (output) => process.stderr.write(output),
    collect: (folder) => {
      const file = join(folder, 'samples.json');
      if (existsSync(file)) text = readFileSync(file, 'utf8');
    },
  });
  if (result.code !== 0) throw new Error(`the guest's part ended with status ${result.code}`);
  return { samples: JSON.parse(text) as Sample[], version: result.kernelVersion };
}

function writeDocument(version: string, table: string): void {
  const document = readFileSync(DOCUMENT, 'utf8');
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} has no place for the table (${BEGIN} ... ${END})`);
  const section = `${BEGIN}\nLinux ${version}\n\n${table}\n`;
  writeFileSync(DOCUMENT, document.slice(0, begin) + section + document.slice(end));
}

async function bench(suite: Suite): Promise<void> {
  const { values } = parseArgs({
    options: {
      kernel: { type: 'string', default: '6.12' },
      floor: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const kernel = KERNELS.find((name) => name === values.kernel);
  if (kernel === undefined) throw new Error(`expected one of ${KERNELS.join(', ')}, got ${values.kernel}`);
  const { samples, version } = await countInGuest(kernel, values.floor ? [] : Object.keys(SETTINGS));
  if (values.floor) {
    process.stdout.write(`${renderFloor(samples)}\n`);
    await suite.check('phases without an agent were counted', () => {
      if (samples.length === 0) throw new Error('nothing was counted');
    });
    return;
  }
  const figures = figuresOf(samples);
  const table = renderTable(figures);
  process.stdout.write(`${table}\n`);
  for (const figure of figures.filter(({ row }) => row.bar !== undefined)) {
    await suite.check(`${figure.row.title}: at most ${figure.row.bar?.toFixed(2) ?? ''} times`, () => {
      if (!figure.holds) throw new Error(`${figure.ratio.toFixed(3)} times`);
    });
  }
  if (values.write) writeDocument(version, table);
}

const suite = new Suite();
try {
  await bench(suite);
} catch (error) {
  if (!(error instanceof GuestUnavailable)) throw error;
  suite.skip('bench', `qemu is missing: ${error.message.replaceAll('\n', ' | ')}`);
}
suite.finish();
