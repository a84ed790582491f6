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
  /** The container's name is not known yet, so that it may be any of the pod's. */
  readonly unnamed?: true;
  /** In a namespace whose pods are selected only with an acknowledgement. */
  readonly system?: true;
  /** Never selected: the pod's sandbox, Ringfence's own pods, and pods that nobody has told of yet. */
  readonly exempt?: 'Sandbox' | 'Ringfence' | 'Unknown';
  /** Of a real pod, in which a runtime starts containers; Workloads items have none. */
  readonly podKey?: string;
  readonly staticPod?: true;
  readonly podUid?: string;
  readonly owner?: PodOwner;
}

/** The pod's controller; the pod itself where it has none. */
export interface PodOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
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
  | 'never'
  | 'acknowledge'
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

function containerMiss({ containers, containerTypes }: PodScope, pod: PodIdentity): SelectionMiss | undefined {
  if (pod.unnamed) return undefined;
  const { container, targetContainer } = pod;
  const fits = (name: string): boolean => name === container || name === targetContainer;
  if (containers !== undefined && !containers.some(fits)) return 'selector.containers';
  return containerTypes?.includes(pod.containerType) === false ? 'selector.containerTypes' : undefined;
}

function namespaceMiss({ namespace, namespaceSelector }: PodScope, pod: PodIdentity): SelectionMiss | undefined {
  if (namespace !== undefined && namespace !== pod.namespace) return 'namespace';
  if (namespaceSelector === undefined) return undefined;
  const labels = { ...pod.namespaceLabels, [NAMESPACE_NAME]: pod.namespace };
  return matchesLabels(namespaceSelector, labels) ? undefined : 'selector.namespaceSelector';
}

function podMiss(scope: PodScope, pod: PodIdentity): SelectionMiss | undefined {
  if (pod.exempt !== undefined) return 'never';
  if (pod.system && !scope.system) return 'acknowledge';
  const miss = namespaceMiss(scope, pod);
  if (miss !== undefined) return miss;
  return matchesLabels(scope.podSelector, pod.labels) ? containerMiss(scope, pod) : 'selector.podSelector';
}

/** Why a policy is not about the workload; undefined where it is. */
export function selectionMiss(scope: ScopeIR, workload: WorkloadIdentity): SelectionMiss | undefined {
  if (scope.scope === 'Host') {
    if (workload.kind !== 'Host') return 'scope';
    return matchesCgroup(scope.cgroups, workload.cgroup) ? undefined : 'selector.cgroups';
  }
  return workload.kind === 'Pod' ? podMiss(scope, workload) : 'scope';
}

/** The policy may be about another container than this one: until its name is known it does no more than Block. */
export function isDoubtful(scope: ScopeIR, workload: WorkloadIdentity): boolean {
  if (scope.scope === 'Host' || workload.kind === 'Host') return false;
  return workload.unnamed === true && (scope.containers !== undefined || scope.containerTypes !== undefined);
}

/** Equal for workloads that the same policies are about. */
export function selectionKey(workload: WorkloadIdentity): string {
  if (workload.kind === 'Host') return workload.cgroup;
  const { pod: _pod, podUid: _uid, podKey: _key, owner: _owner, ...rest } = workload;
  return JSON.stringify(rest);
}

export function selectPolicies(policies: readonly PolicyIR[], workload: WorkloadIdentity): PolicyIR[] {
  return policies.filter((policy) => selectionMiss(policy.scope, workload) === undefined);
}
