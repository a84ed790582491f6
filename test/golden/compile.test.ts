import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { format } from 'prettier';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../../operator/src/compile/compile.js';
import { validatePolicyFile } from '../../operator/src/policy/validate.js';
import { exampleNames } from '../support/examples.js';

// What policies compile to: policies/NAME.yaml to ir/NAME.json, an example's files to ir/example-NAME.json. A meaning
// that changes shows here; `npx vitest run test/golden -u` writes the new files for review.

const here = import.meta.dirname;
const examples = `${here}/../../examples`;

const filesIn = (folder: string, suffix: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(suffix))
    .sort();

const inputs = new Map<string, string[]>([
  ...filesIn(`${here}/policies`, '.yaml').map((file): [string, string[]] => [
    file.slice(0, -'.yaml'.length),
    [`${here}/policies/${file}`],
  ]),
  ...exampleNames().map((name): [string, string[]] => [
    `example-${name}`,
    filesIn(`${examples}/${name}`, '.yaml')
      .filter((file) => file !== 'expect.yaml')
      .map((file) => `${examples}/${name}/${file}`),
  ]),
]);
const golden = (name: string): string => `${here}/ir/${name}.json`;
const missing = [...inputs.keys()].filter((name) => !existsSync(golden(name)));
const orphans = filesIn(`${here}/ir`, '.json').filter((file) => !inputs.has(file.slice(0, -'.json'.length)));

test('every input has a golden file, and every golden file an input', () => {
  expect(inputs.size).toBeGreaterThan(3);
  expect({ missing, orphans }).toEqual({ missing: [], orphans: [] });
});

describe.each([...inputs])('%s', (name, paths) => {
  const files = paths.map((path) => validatePolicyFile(readFileSync(path, 'utf8'), path));

  test('is accepted', () => {
    expect(files.flatMap(({ issues }) => issues).filter((issue) => issue.level === 'error')).toEqual([]);
  });

  test('compiles to what it did before', async () => {
    const compiled = files
      .flatMap(({ policies }) => policies)
      .map((policy) => compilePolicy(policy, { uid: `uid-of-${policy.metadata.name}`, generation: 1, source: 'File' }));
    expect(compiled.length).toBeGreaterThan(0);
    const text = await format(JSON.stringify(compiled), { parser: 'json', printWidth: 120 });
    await expect(text).toMatchFileSnapshot(golden(name));
  });
});
