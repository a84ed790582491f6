import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: '.',
    include: ['test/abi/**/*.test.ts'],
    reporters: ['default', './build/tools/vitest-reporter.js'],
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
