// The policies of a node under load: on every pod, on a share of them, and on one application.
import type { KubeObject } from '../../operator/src/k8s/index.js';
import type { ClusterStage } from '../cluster-agent/stage.js';

const FILES = 10;

export function policyOf(stage: ClusterStage, index: number): KubeObject {
  const selectors = [{}, { matchLabels: { app: `a${index % 10}` } }, { matchLabels: { tier: `t${index % 3}` } }];
  const podSelector = selectors[index % selectors.length];
  const deny = Array.from({ length: FILES }, (_, item) => ({ path: `/secrets/${index}/${item}`, access: ['Read'] }));
  const spec = { selector: { podSelector }, rules: [{ name: 'secret', paths: { deny } }] };
  return stage.policy({ name: `policy-${index}`, spec }) as KubeObject;
}
