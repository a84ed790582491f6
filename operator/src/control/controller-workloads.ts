// The workloads of the cluster by the labels of their pods, for saying which policies select them. Pods come with their
// metadata alone.

import type { KubeObject } from '../k8s/index.js';
import type { Subject } from '../report/report-object.js';
import type { Labels } from '../workload/select.js';
import { controllerOf } from './controller-owners.js';
import type { ControllerOwners } from './controller-owners.js';
import { selectsPod } from './controller-policies.js';
import type { KnownPolicy, PodLabels } from './controller-policies.js';

interface Workload {
  readonly subject: Subject;
  /** Distinct labels of its pods. */
  readonly pods: Map<string, PodLabels>;
}

/** What of a pod is kept. */
export function trimPod(pod: KubeObject): KubeObject {
  const { name, namespace, uid, labels, ownerReferences } = pod.metadata;
  const owners = ownerReferences?.filter(({ controller }) => controller === true);
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(labels && { labels }),
      ...(owners && { ownerReferences: owners }),
    },
  };
}

export class ControllerWorkloads {
  #workloads = new Map<string, Workload>();
  readonly #systemNamespaces: readonly string[];

  constructor(systemNamespaces: readonly string[]) {
    this.#systemNamespaces = systemNamespaces;
  }

  /**
   * @param namespaces labels of namespaces by name
   * @returns workloads that are new or have other labels
   */
  sync(pods: Iterable<KubeObject>, namespaces: ReadonlyMap<string, Labels>, owners: ControllerOwners): string[] {
    const workloads = new Map<string, Workload>();
    for (const pod of pods) {
      const { namespace = '', labels = {} } = pod.metadata;
      const subject = subjectOf(pod, owners);
      if (subject === undefined) continue;
      const workload = workloads.get(subject.uid) ?? { subject, pods: new Map<string, PodLabels>() };
      workloads.set(subject.uid, workload);
      const namespaceLabels = namespaces.get(namespace) ?? {};
      workload.pods.set(JSON.stringify([labels, namespaceLabels]), { namespace, namespaceLabels, labels });
    }
    const before = this.#workloads;
    this.#workloads = workloads;
    return [...workloads]
      .filter(([uid, workload]) => labelsOf(before.get(uid)) !== labelsOf(workload))
      .map(([uid]) => uid);
  }

  subject(uid: string): Subject | undefined {
    return this.#workloads.get(uid)?.subject;
  }

  keys(): Iterable<string> {
    return this.#workloads.keys();
  }

  isSelected(uid: string, policy: KnownPolicy): boolean {
    const pods = this.#workloads.get(uid)?.pods.values() ?? [];
    return [...pods].some((pod) => selectsPod(policy, pod, this.#systemNamespaces));
  }
}

function labelsOf(workload: Workload | undefined): string {
  return [...(workload?.pods.keys() ?? [])].sort().join();
}

function subjectOf(pod: KubeObject, owners: ControllerOwners): Subject | undefined {
  const { name, namespace = '', uid = '' } = pod.metadata;
  const owner = controllerOf(pod);
  if (owner === undefined || owner.kind === 'Node') return { apiVersion: 'v1', kind: 'Pod', name, namespace, uid };
  return owners.workload(owner, namespace);
}
