import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['operator/src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts'],
    // Compiled tests lie below build/ too; these seven are suites of their own, with needs of their own.
    exclude: [
      ...['build/**', 'node_modules/**'],
      ...['abi', 'agent', 'cluster', 'cluster-agent', 'cluster-latency', 'cluster-start', 'k8s', 'native'].map(
        (suite) => `test/${suite}/**`,
      ),
    ],
    reporters: ['default', './build/tools/vitest-reporter.js'],
    // As Node does it: what works under test must work in the product.
    deps: { interopDefault: false },
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
