// Which policies are about a workload: a container of a pod (or a plain cgroup that a Workloads file gives the identity
// of one), or a cgroup of host processes.

import type { LabelSelectorIR, PatternIR, PolicyIR, ScopeIR } from '../compile/ir.js';
import { matchesPattern } from '../compile/match-path.js';
import { plainComponents } from '../compile/names.js';

export type Labels = Readonly<Record<string, string>>;

export interface PodIdentity {
  readonly kind: 'Pod';
  readonly namespace: string;
  /** Without `kubernetes.io/metadata.name`, which every namespace has. */
  readonly namespaceLabels: Labels;
  readonly pod: string;
  readonly labels: Labels;
  readonly container: string;
  readonly containerType: 'App' | 'Init' | 'Sidecar' | 'Ephemeral';
  /** Of an ephemeral container: the one it looks into, to whose name it answers too. */
  readonly targetContainer?: string;
}

/** A cgroup that belongs to no pod and has no Workloads identity. */
export interface HostIdentity {
  readonly kind: 'Host';
  /** From the root of the cgroup v2 tree; bytes as latin-1, like patterns. */
  readonly cgroup: string;
}

export type WorkloadIdentity = PodIdentity | HostIdentity;

/** Field of the policy that does not fit the workload. */
export type SelectionMiss =
  | 'scope'
  | 'namespace'
  | 'selector.namespaceSelector'
  | 'selector.podSelector'
  | 'selector.containers'
  | 'selector.containerTypes'
  | 'selector.cgroups';

const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function holds(expression: LabelSelectorIR['matchExpressions'][number], labels: Labels): boolean {
  const value = valueOf(labels, expression.key);
  switch (expression.operator) {
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'In':
      return value !== undefined && expression.values.includes(value);
    case 'NotIn':
      return value === undefined || !expression.values.includes(value);
  }
}

/** As Kubernetes does: everything must hold, and NotIn holds where the label is missing. */
export function matchesLabels(selector: LabelSelectorIR, labels: Labels): boolean {
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => valueOf(labels, key) === value) &&
    selector.matchExpressions.every((expression) => holds(expression, labels))
  );
}

/** Login sessions are selected only by who names them: `/**` must not lock people out. */
function mayReach(pattern: PatternIR, top: string | undefined): boolean {
  if (top !== 'user.slice') return true;
  const [first] = pattern.components;
  return !pattern.floating && first !== undefined && 'literal' in first && first.literal === top;
}

export function matchesCgroup(patterns: readonly PatternIR[], cgroup: string): boolean {
  const name = plainComponents(cgroup);
  return name !== undefined && patterns.some((pattern) => mayReach(pattern, name[0]) && matchesPattern(pattern, name));
}

type PodScope = Extract<ScopeIR, { scope: 'Pods' }>;

function podMiss(scope: PodScope, pod: PodIdentity): SelectionMiss | undefined {
  const names = [pod.container, ...(pod.targetContainer === undefined ? [] : [pod.targetContainer])];
  const namespaceLabels = { ...pod.namespaceLabels, [NAMESPACE_NAME]: pod.namespace };
  const checks: [SelectionMiss, boolean][] = [
    ['namespace', scope.namespace === undefined || scope.namespace === pod.namespace],
    [
      'selector.namespaceSelector',
      scope.namespaceSelector === undefined || matchesLabels(scope.namespaceSelector, namespaceLabels),
    ],
    ['selector.podSelector', matchesLabels(scope.podSelector, pod.labels)],
    ['selector.containers', scope.containers?.some((name) => names.includes(name)) ?? true],
    ['selector.containerTypes', scope.containerTypes?.includes(pod.containerType) ?? true],
  ];
  return checks.find(([, fits]) => !fits)?.[0];
}

/** Why a policy is not about the workload; undefined where it is. */
export function selectionMiss(scope: ScopeIR, workload: WorkloadIdentity): SelectionMiss | undefined {
  if (scope.scope === 'Host') {
    if (workload.kind !== 'Host') return 'scope';
    return matchesCgroup(scope.cgroups, workload.cgroup) ? undefined : 'selector.cgroups';
  }
  return workload.kind === 'Pod' ? podMiss(scope, workload) : 'scope';
}

export function selectPolicies(policies: readonly PolicyIR[], workload: WorkloadIdentity): PolicyIR[] {
  return policies.filter((policy) => selectionMiss(policy.scope, workload) === undefined);
}
