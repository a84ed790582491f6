// Every example: the findings of its files, whom its policies select, and what the reference evaluator decides about the operations that
// it lists. Real kernels are asked the same in test/kernel/cases/examples.cases.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describedOperations } from '../../operator/src/compile/describe.js';
import { evaluateAll } from '../../operator/src/compile/evaluate.js';
import { formatIssue } from '../../operator/src/errors.js';
import { validatePolicyFile } from '../../operator/src/policy/validate.js';
import { selectPolicies, type WorkloadIdentity } from '../../operator/src/workload/select.js';
import { readExamples, type ExampleWorkload } from '../support/examples.js';
import { ROOT } from './pages.js';

const examples = readExamples();

function identityOf({ cgroup, ...pod }: ExampleWorkload): WorkloadIdentity {
  if (cgroup !== undefined) return { kind: 'Host', cgroup };
  const { namespace = 'default', namespaceLabels = {}, labels = {}, container = 'app' } = pod;
  return { kind: 'Pod', namespace, namespaceLabels, pod: 'pod', labels, container, containerType: 'App' };
}

describe('gitops', () => {
  const folder = join(ROOT, 'examples/gitops/base');
  const { resources } = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
  it.each(resources)('%s has no findings, and reports until production says otherwise', (file) => {
    const { policies, issues } = validatePolicyFile(readFileSync(join(folder, file), 'utf8'), file);
    expect(issues).toEqual([]);
    expect(policies.map(({ spec }) => spec.mode)).toEqual(['Monitor']);
  });
});

it('policies of examples have names of their own, so that they can be applied together', () => {
  const names = examples.flatMap(({ policies }) => policies.map(({ name }) => name));
  expect(names).toEqual([...new Set(names)]);
});

describe.each(examples)('$name', ({ files, policies, workload, issues, actions }) => {
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

  it('has an action that is allowed', () => {
    expect(actions.some((action) => action.expect === 'Allow')).toBe(true);
  });

  it('selects the workload that it names', () => {
    const selected = selectPolicies(policies, identityOf(workload));
    expect(selected.map(({ name }) => name)).toEqual(policies.map(({ name }) => name));
  });

  it.each(actions)('$verb $path by $program: $expect $rule', (action) => {
    const { verdict, hits } = evaluateAll(policies, describedOperations(action));
    expect({ verdict, rule: hits[0]?.rule }).toEqual({ verdict: action.expect, rule: action.rule });
  });
});
