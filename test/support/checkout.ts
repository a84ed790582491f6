import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The checkout this file lies in, whether it runs compiled below build/ or, under vitest, as it is. */
function find(folder: string): string {
  if (existsSync(join(folder, 'package-lock.json'))) return folder;
  if (folder === dirname(folder)) throw new Error('no checkout around the tests');
  return find(dirname(folder));
}

export const CHECKOUT = find(import.meta.dirname);
