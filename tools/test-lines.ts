// What a suite says of itself on its output: its last `N passed, N failed, N skipped` line, and a `SKIP name: reason`
// line for each test it left out. Lines may carry terminal colours.

export interface Skip {
  readonly test: string;
  readonly reason: string;
}

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface SuiteReport {
  /** Absent: the suite printed no closing line. */
  readonly totals?: Totals;
  readonly skips: readonly Skip[];
}

const CLOSING = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;
const SKIPPED = /^SKIP ([^:]+): (.+)$/;
// eslint-disable-next-line no-control-regex -- the escape character is what a colour begins with
const COLOUR = /\u001b\[[0-9;]*m/g;

export function formatTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

export function addTotals(all: readonly Totals[]): Totals {
  return all.reduce(
    (sum, next) => ({
      passed: sum.passed + next.passed,
      failed: sum.failed + next.failed,
      skipped: sum.skipped + next.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}

/** The first of two equal closing lines is a part's, the last one the suite's. */
export function readReport(output: string): SuiteReport {
  const lines = output.replaceAll(COLOUR, '').split('\n');
  const skips: Skip[] = [];
  let totals: Totals | undefined;
  for (const line of lines) {
    const skipped = SKIPPED.exec(line.trim());
    if (skipped) skips.push({ test: skipped[1] ?? '', reason: skipped[2] ?? '' });
    const closing = CLOSING.exec(line.trim());
    if (closing) totals = { passed: Number(closing[1]), failed: Number(closing[2]), skipped: Number(closing[3]) };
  }
  return totals ? { totals, skips } : { skips };
}

/** Reasons of the table in the section "Tests that may be skipped": the first cell of each row, in backquotes. */
export function readAllowedReasons(markdown: string): readonly string[] {
  const section = /^## Tests that may be skipped$(.*?)(?=^## |$(?![\s\S]))/ms.exec(markdown)?.[1] ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map((row) => row[1] ?? '');
}

/** A listed reason allows itself, and itself followed by detail. */
export function isAllowed(reason: string, allowed: readonly string[]): boolean {
  return allowed.some(
    (known) => reason === known || reason.startsWith(`${known}: `) || reason.startsWith(`${known} (`),
  );
}

function findCountFaults({ totals, skips }: SuiteReport): readonly string[] {
  if (!totals) return ['printed no line "N passed, N failed, N skipped"'];
  const { passed, failed, skipped } = totals;
  const faults: string[] = [];
  if (passed + failed + skipped === 0) faults.push('ran no test');
  if (skipped !== skips.length) faults.push(`says it skipped ${skipped} tests and gives reasons for ${skips.length}`);
  return faults;
}

/** What is wrong with a suite's report, one sentence each; none: nothing. */
export function findFaults(status: number, report: SuiteReport, allowed: readonly string[]): readonly string[] {
  const unexplained = status !== 0 && (report.totals === undefined || report.totals.failed === 0);
  return [
    ...findCountFaults(report),
    ...(unexplained ? [`ended with status ${status}`] : []),
    ...report.skips
      .filter(({ reason }) => !isAllowed(reason, allowed))
      .map(({ test, reason }) => `skipped "${test}" for a reason that is not documented: ${reason}`),
  ];
}
