// The loader process: options as JSON on stdin, one line of JSON on stdout. It makes everything that the kernel keeps, from
// the root cgroup, and ends; the agent then opens the pins.

import { readFileSync } from 'node:fs';
import { Fault } from './errors.js';
import { loadSet } from './kernel/load-set.js';
import type { SetOptions } from './kernel/load-set.js';
import type { LoaderAnswer } from './kernel/loader.js';
import { moveToRootCgroup } from './kernel/root-cgroup.js';

function answer(): LoaderAnswer {
  const options = JSON.parse(readFileSync(0, 'utf8')) as SetOptions;
  const charge = moveToRootCgroup();
  try {
    return { result: { ...loadSet(options), charge } };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { code, attempt, object, errno, properties } = error;
    return { fault: { code, attempt, object, errno, verifierLog: properties['verifierLog'] } };
  }
}

const result = answer();
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = 'result' in result ? 0 : 1;
