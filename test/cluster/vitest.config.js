import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: '.',
    include: ['test/cluster/**/*.test.ts'],
    reporters: ['default', './build/tools/vitest-reporter.js'],
    // Two processors: one control plane and one emulated node at a time.
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
