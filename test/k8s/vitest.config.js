import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: '.',
    include: ['test/k8s/**/*.test.ts'],
    reporters: ['default', './build/tools/vitest-reporter.js'],
    deps: { interopDefault: false },
    maxWorkers: 1,
    testTimeout: 120_000,
    // The first run on a machine builds the API server.
    hookTimeout: 1_800_000,
  },
});
