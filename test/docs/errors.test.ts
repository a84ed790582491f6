import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FAULT_CODES, ISSUE_CODES } from '../../operator/src/errors.js';
import { ROOT } from './pages.js';

const documented = [
  ...readFileSync(join(ROOT, 'docs/reference/errors.md'), 'utf8').matchAll(/^\| `([A-Z0-9_]+)` \|/gm),
].map((match) => match[1] ?? '');
const registered = [...Object.keys(ISSUE_CODES), ...Object.keys(FAULT_CODES)];

it('every registered code is documented', () => {
  expect(registered.filter((code) => !documented.includes(code))).toEqual([]);
});

it('every documented code is registered', () => {
  expect(documented.filter((code) => !registered.includes(code))).toEqual([]);
});

it('no code is documented twice, as an issue and as a fault', () => {
  expect(documented).toHaveLength(new Set(documented).size);
});
