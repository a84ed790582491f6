// Regenerates docs/reference/errors.md from the registry of codes.
//   node build/tools/gen-errors.js           write the file
//   node build/tools/gen-errors.js --check   write nothing; fail when the file differs from what would be written

import { fileURLToPath } from 'node:url';
import { FAULT_CODES, ISSUE_CODES } from '../operator/src/errors.js';
import type { FaultEntry } from '../operator/src/errors/faults.js';
import type { IssueEntry } from '../operator/src/errors/issues.js';
import { writeGenerated } from './generated.js';

const REGISTRY = 'operator/src/errors';

const HEAD = `# Errors

<!-- Generated from operator/src/errors by tools/gen-errors.ts; do not edit. -->

Everything that can go wrong has a code. An **issue** is about a policy file and is found before anything is enforced:
all issues of a file are reported at once, each with its place. A **fault** is about the system.

\`\`\`text
FILE:LINE:COLUMN CODE PATH:
  expected WHAT, got WHAT; WHAT TO DO
\`\`\`
`;

function table(head: string, rows: readonly (readonly string[])[]): string {
  const columns = head.split('|').length;
  const cells = rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`);
  return [`| ${head} |`, `|${'---|'.repeat(columns)}`, ...cells].join('\n');
}

function issueRows(level: IssueEntry['level']): string[][] {
  return Object.entries<IssueEntry>(ISSUE_CODES)
    .filter(([, entry]) => entry.level === level)
    .map(([code, { summary, fix }]) => [`\`${code}\``, summary, fix]);
}

function faultRows(): string[][] {
  return Object.entries<FaultEntry>(FAULT_CODES).map(([code, { summary, fix, retryable }]) => [
    `\`${code}\``,
    summary,
    fix,
    retryable ? 'yes' : 'no',
  ]);
}

export function emitErrors(): string {
  const parts = [
    HEAD,
    '## Issues that reject an object\n',
    `${table('code | meaning | what to do', issueRows('error'))}\n`,
    '## Warnings\n',
    'A warning rejects nothing.\n',
    `${table('code | meaning | what to do', issueRows('warning'))}\n`,
    '## Faults\n',
    'The last column says whether the same attempt can succeed later without anybody changing anything.\n',
    `${table('code | meaning | what to do | passes by itself', faultRows())}\n`,
  ];
  return parts.join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = writeGenerated(process.cwd(), REGISTRY, new Map([['docs/reference/errors.md', emitErrors()]]));
}
