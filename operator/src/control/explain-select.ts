// Which policies are about the workload of a question: a Workloads item by name, a cgroup, or what an event says.

import type { PolicyIR } from '../compile/ir.js';
import { AgentFault } from '../errors.js';
import { bytesOf } from '../policy/pattern.js';
import type { Workload } from '../policy/types.js';
import { identifyCgroup, nameWorkloads } from '../workload/identify.js';
import type { NamedWorkload } from '../workload/identify.js';
import { selectionMiss } from '../workload/select.js';
import type { WorkloadIdentity } from '../workload/select.js';

export type ExplainedWorkload =
  | { readonly name: string }
  | { readonly cgroup: string }
  | {
      readonly cgroup: string;
      readonly namespace: string;
      readonly pod: string;
      readonly container: string;
      readonly labels: Readonly<Record<string, string>>;
    };

export interface Selection {
  readonly selected: readonly PolicyIR[];
  readonly notSelected: readonly { readonly policy: PolicyIR; readonly reason: string }[];
}

/** @throws AgentFault AGENT_OPTION_INVALID where nobody knows the workload */
export function selectForExplain(
  policies: readonly PolicyIR[],
  items: readonly Workload[],
  workload: ExplainedWorkload,
): Selection {
  return selectForIdentity(policies, identityOf(workload, nameWorkloads(items)));
}

export function selectForIdentity(policies: readonly PolicyIR[], identity: WorkloadIdentity): Selection {
  const misses = policies.map((policy) => ({ policy, reason: selectionMiss(policy.scope, identity) }));
  return {
    selected: misses.filter(({ reason }) => reason === undefined).map(({ policy }) => policy),
    notSelected: misses.flatMap(({ policy, reason }) => (reason === undefined ? [] : [{ policy, reason }])),
  };
}

function identityOf(workload: ExplainedWorkload, named: readonly NamedWorkload[]): WorkloadIdentity {
  if ('name' in workload) return itemNamed(workload.name, named).identity;
  const known = 'pod' in workload ? named.find(({ identity }) => identity.pod === workload.pod) : undefined;
  if ('pod' in workload) {
    const { namespace, pod, container, labels } = workload;
    const namespaceLabels = known?.identity.namespaceLabels ?? {};
    const containerType = known?.identity.containerType ?? 'App';
    return { kind: 'Pod', namespace, namespaceLabels, pod, labels, container, containerType };
  }
  const identity = identifyCgroup(bytesOf(workload.cgroup), named);
  if (identity !== undefined) return identity;
  throw new AgentFault('AGENT_OPTION_INVALID', 'tell whose cgroup it is', {
    object: workload.cgroup,
    hint: 'give an absolute path outside the cgroups of Kubernetes',
  });
}

function itemNamed(name: string, named: readonly NamedWorkload[]): NamedWorkload {
  const item = named.find((one) => one.name === name);
  if (item !== undefined) return item;
  throw new AgentFault('AGENT_OPTION_INVALID', 'find the workload', {
    object: name,
    hint: `the Workloads files name ${named.map((one) => one.name).join(', ') || 'none'}`,
  });
}
