// A suite outside vitest: named checks one after the other, then the closing line that the test runner reads.

export class Suite {
  private passed = 0;
  private failed = 0;
  private skipped = 0;

  /** Runs one check; a throw is a failure and the next check still runs. */
  async check(name: string, body: () => void | Promise<void>): Promise<void> {
    try {
      await body();
      this.passed += 1;
      process.stdout.write(`ok ${name}\n`);
    } catch (error) {
      this.failed += 1;
      const reason = error instanceof Error ? error.message : String(error);
      process.stdout.write(`FAILED ${name}: ${reason}\n`);
    }
  }

  skip(name: string, reason: string): void {
    this.skipped += 1;
    process.stdout.write(`SKIP ${name}: ${reason}\n`);
  }

  /** Prints the closing line and sets the exit status. */
  finish(): void {
    process.stdout.write(
      `${this.passed.toString()} passed, ${this.failed.toString()} failed, ${this.skipped.toString()} skipped\n`,
    );
    process.exitCode = this.failed > 0 ? 1 : 0;
  }
}
