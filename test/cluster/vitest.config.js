import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: '.',
    include: ['test/cluster/**/*.test.ts'],
    reporters: ['default', './build/tools/vitest-reporter.js'],
    // Two processors: one control plane and one emulated node at a time.
    // CommonJS packages as Node itself gives them to a module: the operator library's default export has one of its own.
    deps: { interopDefault: false },
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
