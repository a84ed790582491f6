// Closes a vitest run with the lines that tools/run-tests.ts reads. A skip says why: `context.skip('reason')`.
import type { Reporter, TestModule } from 'vitest/node';

export default class SuiteLines implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const totals = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const result = test.result();
        totals[result.state === 'pending' ? 'failed' : result.state] += 1;
        if (result.state === 'skipped') this.reportSkip(test.fullName, result.note);
      }
      // A module that failed outside its tests, while it was loaded say, has no failed test to show for it.
      if (module.state() === 'failed' && tests.every((test) => test.result().state !== 'failed')) totals.failed += 1;
    }
    totals.failed += errors.length;
    process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
  }

  private reportSkip(name: string, note: string | undefined): void {
    process.stdout.write(`SKIP ${name.replaceAll(':', ' ')}: ${note ?? 'no reason given'}\n`);
  }
}
