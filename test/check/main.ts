// The static checks as a suite: lint, and the form of the sources.
import { spawnSync } from 'node:child_process';

const CHECKS = [
  ['lint', 'node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.'],
  ['format', 'node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'],
] as const;

const failed = CHECKS.filter(([name, ...command]) => {
  const passed = spawnSync(process.execPath, command, { stdio: 'inherit' }).status === 0;
  process.stdout.write(`${passed ? 'ok' : 'FAILED'} ${name}\n`);
  return !passed;
});
process.stdout.write(`${CHECKS.length - failed.length} passed, ${failed.length} failed, 0 skipped\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
