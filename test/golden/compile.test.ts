import { readFileSync, readdirSync } from 'node:fs';
import { format } from 'prettier';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../../operator/src/compile/compile.js';
import { validatePolicyFile } from '../../operator/src/policy/validate.js';

// policies/NAME.yaml compiles to ir/NAME.json. A meaning that changes shows here; `npx vitest run test/golden -u`
// writes the new files for review.

const here = import.meta.dirname;
const namesIn = (folder: string, suffix: string): string[] =>
  readdirSync(`${here}/${folder}`)
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length))
    .sort();
const inputs = namesIn('policies', '.yaml');
const outputs = namesIn('ir', '.json');

test('every input has an output, and every output an input', () => {
  expect(inputs.length).toBeGreaterThan(0);
  expect(outputs).toEqual(inputs);
});

describe.each(inputs)('%s.yaml', (name) => {
  const file = `${name}.yaml`;
  const { policies, issues } = validatePolicyFile(readFileSync(`${here}/policies/${file}`, 'utf8'), file);

  test('is accepted', () => {
    expect(issues.filter((issue) => issue.level === 'error')).toEqual([]);
  });

  test('compiles to what it did before', async () => {
    const compiled = policies.map((policy) =>
      compilePolicy(policy, { uid: `uid-of-${policy.metadata.name}`, generation: 1, source: 'File' }),
    );
    expect(compiled.length).toBeGreaterThan(0);
    const text = await format(JSON.stringify(compiled), { parser: 'json', printWidth: 120 });
    await expect(text).toMatchFileSnapshot(`${here}/ir/${name}.json`);
  });
});
