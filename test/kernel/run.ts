// node build/test/kernel/run.js --backend lsm|tracepoint [--confined] [--filter TEXT] [--files NAME,...] [--seed N]
// Runs the cases on the kernel of this machine: in a guest with the LSM backend; on a shared machine only confined, with tracepoints.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Suite } from '../support/suite.js';
import { runGroups } from './harness/run-cases.js';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'lsm' },
    confined: { type: 'boolean', default: false },
    filter: { type: 'string' },
    files: { type: 'string' },
    seed: { type: 'string' },
  },
});

if (values.seed !== undefined) process.env['RF_SEED'] = values.seed;

const wanted = values.files?.split(',');
const folder = join(import.meta.dirname, 'cases');
const files = readdirSync(folder).filter((name) => name.endsWith('.cases.js'));
for (const file of files.sort()) {
  if (wanted === undefined || wanted.includes(file.replace('.cases.js', ''))) await import(join(folder, file));
}

const suite = new Suite();
try {
  await runGroups(suite, {
    backend: values.backend === 'tracepoint' ? 'tracepoint' : 'lsm',
    confined: values.confined,
    ...(values.filter === undefined ? {} : { filter: values.filter }),
  });
} catch (error) {
  await suite.check('the cases could be run', () => {
    throw error;
  });
}
suite.finish();
process.exit();
