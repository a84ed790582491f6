import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['operator/src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts'],
    // Compiled tests lie below build/ too; abi, agent, native and cluster are suites of their own, with needs of their own.
    exclude: ['build/**', 'node_modules/**', 'test/abi/**', 'test/agent/**', 'test/native/**', 'test/cluster/**'],
    reporters: ['default', './build/tools/vitest-reporter.js'],
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
