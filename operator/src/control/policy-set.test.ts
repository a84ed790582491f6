import { describe, expect, it } from 'vitest';
import { validatePolicyFile } from '../policy/validate.js';
import type { ObjectState } from '../source/merge.js';
import { PolicySet } from './policy-set.js';

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

describe('node selector', () => {
  const edge = objectOf('nodeSelector: {matchLabels: {pool: edge}}');

  it.each([
    [{ pool: 'edge' }, 1],
    [{ pool: 'core' }, 0],
    [{}, 0],
  ])('on a node with %j', (labels, count) => {
    expect(new PolicySet().select([edge], labels, 0).policies).toHaveLength(count);
  });

  it('absent, every node is meant', () => {
    expect(new PolicySet().select([objectOf('')], {}, 0).policies).toHaveLength(1);
  });
});
