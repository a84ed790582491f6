// What generators share: write files that differ, or with --check only say which do.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Returns the exit status. `files`: path below the root -> content. */
export function writeGenerated(root: string, source: string, files: ReadonlyMap<string, string>): number {
  const check = process.argv.includes('--check');
  const stale = [...files].filter(([path, content]) => readOrEmpty(join(root, path)) !== content);
  for (const [path, content] of stale) {
    process.stdout.write(`${check ? 'stale' : 'wrote'} ${path}\n`);
    if (check) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  if (!check || stale.length === 0) return 0;
  process.stderr.write(`generated files differ from ${source}; run npm run gen\n`);
  return 1;
}
