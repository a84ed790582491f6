// Regenerates docs/reference/errors.md from the registry of codes.
//   node build/tools/gen-errors.js           write the file
//   node build/tools/gen-errors.js --check   write nothing; fail when the file differs from what would be written

import { fileURLToPath } from 'node:url';
import { FAULT_CODES, ISSUE_CODES } from '../operator/src/errors.js';
import { writeGenerated } from './generated.js';

export const ERRORS_PAGE = 'docs/reference/errors.md';

const LEAD = `# Error codes

<!-- Generated from operator/src/errors/ by tools/gen-errors.ts; do not edit. -->

An **issue** is about a policy file: it has a position, says what was expected and what was found, and is mended by
changing the file. An error rejects its object (the last good version stays in force), a warning does not. A **fault** is
about the system: something that was tried failed. Whatever happens, what is enforced stays enforced.

\`\`\`
web.yaml:12:26 PATTERN_NOT_ABSOLUTE spec.rules[0].binaries.deny[1].path:
  expected an absolute path or a pattern that begins with **/, got "usr/bin/nc"; write /usr/bin/nc or **/nc
\`\`\`
`;

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('*', '\\*').replaceAll('|', '\\|')).join(' | ')} |`;
}

function table(head: readonly string[], rows: readonly string[]): string {
  return [row(...head), `|${'---|'.repeat(head.length)}`, ...rows, ''].join('\n');
}

function issues(level: 'error' | 'warning'): string {
  const rows = Object.entries(ISSUE_CODES)
    .filter(([, entry]) => entry.level === level)
    .map(([code, { summary, fix }]) => row(`\`${code}\``, summary, fix));
  return table(['code', 'what it means', 'what to do'], rows);
}

function faults(): string {
  const rows = Object.entries(FAULT_CODES).map(([code, { summary, fix, retryable }]) =>
    row(`\`${code}\``, summary, fix, retryable ? 'yes' : 'no'),
  );
  return table(['code', 'what it means', 'what to do', 'can a retry help'], rows);
}

export function emitErrors(): string {
  const parts = ['## Errors in policies\n', issues('error'), '## Warnings about policies\n', issues('warning')];
  return [LEAD, ...parts, '## Faults\n', faults()].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = writeGenerated(process.cwd(), 'operator/src/errors', new Map([[ERRORS_PAGE, emitErrors()]]));
}
