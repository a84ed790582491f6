// The suite: builds and fetches a control plane and a container runtime, then runs test/cluster-agent/*.test.ts.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ClusterUnavailable } from '../cluster/cache.js';
import { clientTools } from '../cluster/kubectl.js';
import { nodePackages } from '../cluster/node/packages.js';
import { controlPlanePrograms } from '../cluster/programs.js';
import { CHECKOUT } from '../support/checkout.js';
import { Suite } from '../support/suite.js';

const VITEST = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/cluster-agent/vitest.config.js'];

function skip(reason: string): void {
  const suite = new Suite();
  suite.skip('cluster-agent', `no cluster can be made here: ${reason.replaceAll('\n', ' | ')}`);
  suite.finish();
}

try {
  await controlPlanePrograms(true, (line) => process.stdout.write(`${line}\n`));
  await clientTools();
  await nodePackages();
  const argv = [...VITEST.map((word) => (word.includes('/') ? join(CHECKOUT, word) : word)), ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, argv, { cwd: CHECKOUT, stdio: 'inherit' }).status ?? 1;
} catch (error) {
  if (!(error instanceof ClusterUnavailable)) throw error;
  skip(error.message);
}
