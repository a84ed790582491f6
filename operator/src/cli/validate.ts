// ringfence validate: every finding of policy files at once.

import { readPolicies } from '../control/offline.js';
import { formatIssue } from '../errors.js';
import { EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

export interface ValidateOptions {
  readonly json: boolean;
}

export async function validateVerb(
  terminal: Terminal,
  paths: readonly string[],
  options: ValidateOptions,
): Promise<number> {
  const { policies, workloads, issues, files } = await readPolicies(paths);
  const errors = issues.filter(({ level }) => level === 'error').length;
  const warnings = issues.length - errors;
  if (options.json) {
    terminal.json({ files, policies: policies.length, workloads: workloads.length, errors, warnings, issues });
  } else {
    for (const issue of issues) {
      terminal.line(terminal.paint(issue.level === 'error' ? 'red' : 'yellow', issue.level) + ` ${formatIssue(issue)}`);
    }
    const counts = [
      `${files} files`,
      `${policies.length} policies accepted`,
      `${errors} errors`,
      `${warnings} warnings`,
    ];
    terminal.line(counts.join(', '));
  }
  return errors === 0 ? EXIT.ok : EXIT.negative;
}
