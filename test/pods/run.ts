// node build/test/pods/run.js --backend lsm|tracepoint --runc PATH [--confined] [--filter TEXT]
// The cases on the kernel of this machine: in a guest with the LSM backend; on a shared machine only confined, with tracepoints.
import { parseArgs } from 'node:util';
import { Suite } from '../support/suite.js';
import type { Backend } from '../kernel/harness/cases.js';
import { PodBed } from './bed.js';
import { COUNTER_CASES } from './counters.js';
import { ENTRY_CASES } from './entries.js';
import { HOLD_CASES } from './hold.js';
import { NAME_CASES } from './names.js';
import { POLICIES, type PodCase } from './policies.js';
import { RUNC_CASES, useRunc } from './runc.js';
import { SESSION_CASES } from './sessions.js';
import { SETUP_CASES } from './setup.js';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'lsm' },
    confined: { type: 'boolean', default: false },
    filter: { type: 'string', default: '' },
    runc: { type: 'string', default: '' },
  },
});

useRunc(values.runc);
const backend: Backend = values.backend === 'tracepoint' ? 'tracepoint' : 'lsm';
const cases: readonly PodCase[] = [
  NAME_CASES,
  SETUP_CASES,
  ENTRY_CASES,
  SESSION_CASES,
  COUNTER_CASES,
  HOLD_CASES,
  RUNC_CASES,
].flat();
const suite = new Suite();
const began = performance.now();
let bed: PodBed | undefined;
try {
  bed = await PodBed.open(backend, values.confined, POLICIES);
  process.stdout.write(`engine ready after ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  for (const { name, on, body } of cases) {
    if (!name.includes(values.filter) || (on !== undefined && !on({ backend, confined: values.confined }))) continue;
    await suite.check(name, () => body(bed as PodBed));
  }
} catch (error) {
  await suite.check('the cases could be run', () => {
    throw error;
  });
} finally {
  await bed?.close();
}
suite.finish();
process.exit();
