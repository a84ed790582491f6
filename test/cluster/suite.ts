// The suite: fetches and builds what it needs, then runs test/cluster/*.test.ts in namespaces of their own.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { GuestUnavailable } from '../guest/cache.js';
import { Suite } from '../support/suite.js';
import { CHECKOUT } from '../support/checkout.js';
import { ClusterUnavailable } from './cache.js';
import { prepareCluster } from './cluster.js';
import { isInNamespace, prepareNamespace, runInNamespace } from './namespace.js';

const VITEST = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/cluster/vitest.config.js'];

function skip(reason: string): void {
  const suite = new Suite();
  suite.skip('cluster', `no cluster can be made here: ${reason.replaceAll('\n', ' | ')}`);
  suite.finish();
}

async function outside(): Promise<void> {
  try {
    await prepareCluster((line) => process.stdout.write(`${line}\n`));
  } catch (error) {
    if (!(error instanceof ClusterUnavailable || error instanceof GuestUnavailable)) throw error;
    skip(error.message);
    return;
  }
  process.exitCode = await runInNamespace();
}

async function inside(): Promise<void> {
  await prepareNamespace();
  const argv = [...VITEST.map((word) => (word.includes('/') ? join(CHECKOUT, word) : word)), ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, argv, { cwd: CHECKOUT, stdio: 'inherit' }).status ?? 1;
}

await (isInNamespace() ? inside() : outside());
