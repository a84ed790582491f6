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

interface Entry {
  readonly summary: string;
  readonly fix: string;
}

function escape(text: string): string {
  return text.replaceAll('*', '\\*').replaceAll('<', '&lt;');
}

function section(code: string, entry: Entry, note: string): string {
  const words = [escape(entry.summary), escape(`What to do: ${entry.fix}`), note].filter((text) => text !== '');
  return `### ${code}\n\n${words.join('\n\n')}\n`;
}

function issues(level: 'error' | 'warning'): string[] {
  return Object.entries(ISSUE_CODES)
    .filter(([, entry]) => entry.level === level)
    .map(([code, entry]) => section(code, entry, ''));
}

function faults(): string[] {
  return Object.entries(FAULT_CODES).map(([code, entry]) => {
    const note = entry.retryable ? 'Trying again can help.' : 'Trying again does not help.';
    return section(code, entry, note);
  });
}

export function emitErrors(): string {
  const parts = ['## Errors in policies\n', ...issues('error'), '## Warnings about policies\n', ...issues('warning')];
  return [LEAD, ...parts, '## Faults\n', ...faults()].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = writeGenerated(process.cwd(), 'operator/src/errors', new Map([[ERRORS_PAGE, emitErrors()]]));
}
