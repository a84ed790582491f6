import { describe, expect, it } from 'vitest';
import { validatePolicyFile } from '../policy/validate.js';
import type { ObjectState } from '../source/merge.js';
import type { Labels } from '../workload/select.js';
import { PolicySet } from './policy-set.js';
import type { NodeView } from './policy-set.js';

function objectOf(nodeSelector: string): ObjectState {
  const text = `
apiVersion: ringfence.io/v1alpha1
kind: ClusterRuntimePolicy
metadata: {name: edge}
spec:
  mode: Enforce
  selector: {podSelector: {matchLabels: {app: web}}, namespaceSelector: {}}
  ${nodeSelector}
  rules: [{name: shadow, paths: {deny: [{path: /etc/shadow}]}}]
`;
  const [policy] = validatePolicyFile(text, 'edge.yaml').policies;
  if (policy === undefined) throw new Error('the policy is not valid');
  const good = { uid: 'u', generation: 1, source: 'API', policy } as unknown as NonNullable<ObjectState['good']>;
  return { uid: 'u', good } as unknown as ObjectState;
}

function viewOf(labels: Labels, isUnconfirmed = false): NodeView {
  return { labels, isUnconfirmed: () => isUnconfirmed };
}

describe('a policy that is not confirmed', () => {
  it('only reports, and is the same value each time', () => {
    const set = new PolicySet();
    const object = objectOf('');
    const mild = set.select([object], viewOf({}, true), 0);
    expect(mild.policies).toMatchObject([{ mode: 'Monitor' }]);
    expect([...mild.unconfirmed]).toEqual(['u']);
    expect(set.select([object], viewOf({}, true), 0).policies[0]).toBe(mild.policies[0]);
    expect(set.select([object], viewOf({}), 0)).toMatchObject({
      policies: [{ mode: 'Enforce' }],
      unconfirmed: new Set(),
    });
  });
});

describe('node selector', () => {
  const edge = objectOf('nodeSelector: {matchLabels: {pool: edge}}');

  it.each([
    [{ pool: 'edge' }, 1],
    [{ pool: 'core' }, 0],
    [{}, 0],
  ])('on a node with %j', (labels, count) => {
    expect(new PolicySet().select([edge], viewOf(labels), 0).policies).toHaveLength(count);
  });

  it('absent, every node is meant', () => {
    expect(new PolicySet().select([objectOf('')], viewOf({}), 0).policies).toHaveLength(1);
  });
});
