// Every folder of examples/ holds policies and what they do: the findings of their files, and what the reference
// evaluator decides about described operations.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { compilePolicy } from '../../operator/src/compile/compile.js';
import { describedOperations } from '../../operator/src/compile/describe.js';
import type { DescribedOperation } from '../../operator/src/compile/describe.js';
import { evaluateAll } from '../../operator/src/compile/evaluate.js';
import type { DecisionIR } from '../../operator/src/compile/ir.js';
import { formatIssue } from '../../operator/src/errors.js';
import type { PolicyFile } from '../../operator/src/policy/types.js';
import { validatePolicyFile } from '../../operator/src/policy/validate.js';
import { ROOT } from './pages.js';

interface Expected extends DescribedOperation {
  readonly expect: DecisionIR['verdict'];
  /** The primary hit; absent where nothing is violated. */
  readonly rule?: string;
}

interface Expectation {
  /** Codes of the findings, in order. */
  readonly issues: readonly string[];
  readonly actions: readonly Expected[];
}

const FOLDER = join(ROOT, 'examples');
const EXPECTATION = 'expect.yaml';

function read(example: string): readonly PolicyFile[] {
  return readdirSync(join(FOLDER, example))
    .filter((name) => name.endsWith('.yaml') && name !== EXPECTATION)
    .sort()
    .map((name) => validatePolicyFile(readFileSync(join(FOLDER, example, name), 'utf8'), name));
}

function expectation(example: string): Expectation {
  return parse(readFileSync(join(FOLDER, example, EXPECTATION), 'utf8')) as Expectation;
}

const examples = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe.each(examples)('%s', (example) => {
  const files = read(example);
  const policies = files
    .flatMap((file) => file.policies)
    .map((policy, index) => compilePolicy(policy, { uid: `${index}`, generation: 1, source: 'File' }));
  const { issues, actions } = expectation(example);

  it('has the findings that it says', () => {
    const found = files.flatMap((file) => file.issues);
    expect(
      found.map(({ code }) => code),
      found.map(formatIssue).join('\n'),
    ).toEqual(issues);
  });

  it('has at least one policy, and an action for each of its rules', () => {
    expect(policies.length).toBeGreaterThan(0);
    const rules = policies.flatMap((policy) => policy.rules.map(({ name }) => name));
    expect(rules.filter((name) => !actions.some(({ rule }) => rule === name))).toEqual([]);
  });

  it.each(actions)('$verb $path by $program: $expect $rule', (action) => {
    const { verdict, hits } = evaluateAll(policies, describedOperations(action));
    expect({ verdict, rule: hits[0]?.rule }).toEqual({ verdict: action.expect, rule: action.rule });
  });
});
