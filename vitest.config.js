import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['operator/src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts'],
    // Compiled tests lie below build/ too.
    exclude: ['build/**', 'node_modules/**'],
    reporters: ['default', './build/tools/vitest-reporter.js'],
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
