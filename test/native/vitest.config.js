import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: '.',
    include: ['test/native/**/*.test.ts'],
    reporters: ['default', './build/tools/vitest-reporter.js'],
    // A process for each file: the addon is loaded once in a process, and exit is part of what is tested.
    pool: 'forks',
    execArgv: ['--expose-gc'],
    maxWorkers: 1,
    testTimeout: 60_000,
  },
});
