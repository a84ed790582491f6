import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: '.',
    // As Node does it: what works under test must work in the product.
    deps: { interopDefault: false },
    include: ['test/cluster-latency/**/*.test.ts'],
    reporters: ['default', './build/tools/vitest-reporter.js'],
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
