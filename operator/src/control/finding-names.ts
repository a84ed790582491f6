// CONTAINER_NOT_FOUND: names of containers that no pod has which a policy's other selectors match. Values in, values out.

import type { NodeFinding } from '../report/objects.gen.js';
import type { PodTable } from '../workload/pod-table.js';
import { selectionMiss } from '../workload/select.js';
import type { PodIdentity } from '../workload/select.js';
import type { ScenePolicy } from './node-scene.js';

type Pods = Pick<PodTable, 'all' | 'anyOf' | 'eachOf'>;

interface NamedPod {
  /** As long as nobody knows which of its containers. */
  readonly any: PodIdentity;
  readonly names: ReadonlySet<string>;
}

function namedPods(table: Pods): NamedPod[] {
  const running = [...table.all()].filter(({ pod }) => !pod.ended);
  return running.map((known) => {
    const names = table
      .eachOf(known)
      .flatMap(({ container, targetContainer }) => [container, targetContainer ?? container]);
    return { any: table.anyOf(known), names: new Set(names) };
  });
}

export function findMissingContainers(policies: Iterable<ScenePolicy>, table: Pods): NodeFinding[] {
  const naming = [...policies].filter(({ policy }) => policy.spec.selector.containers !== undefined);
  if (naming.length === 0) return [];
  const pods = namedPods(table);
  return naming.flatMap(({ ir, policy }) => {
    const matched = pods.filter(({ any }) => selectionMiss(ir.scope, any) === undefined);
    if (matched.length === 0) return [];
    const { uid, generation } = ir;
    return (policy.spec.selector.containers ?? []).flatMap((name, index): NodeFinding[] => {
      if (matched.some(({ names }) => names.has(name))) return [];
      const path = `spec.selector.containers[${index}]`;
      return [{ uid, generation, code: 'CONTAINER_NOT_FOUND', path, detail: name, count: matched.length }];
    });
  });
}
