import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FAULT_CODES, ISSUE_CODES } from '../operator/src/errors.js';

const root = join(import.meta.dirname, '..');
const registered = [...Object.keys(ISSUE_CODES), ...Object.keys(FAULT_CODES)].sort();

/** Sources that raise codes: the product and the set-up scripts. */
function sources(): string[] {
  const below = (folder: string): string[] =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|js)$/.test(name) && !/\.test\.ts$|^errors\//.test(name))
      .map((name) => readFileSync(join(root, folder, name), 'utf8'));
  return [...below('operator/src'), ...below('tools'), ...schemaTexts()];
}

/** Messages of CEL rules begin with a code. */
function schemaTexts(): string[] {
  const folder = join(root, 'crds/schema');
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
}

test('every registered code is raised somewhere', () => {
  const text = sources().join('\n');
  expect(registered.filter((code) => !new RegExp(`\\b${code}\\b`).test(text))).toEqual([]);
});
