// Which workload a pod belongs to: its controller's controller, where that is a ReplicaSet or a Job. Asked of the server once
// for each namespace and kept; what is not known yet is asked for, and whoever needs it looks again.

import type { Cluster, KubeObject, ResourceRef } from '../k8s/index.js';
import { WorkQueue } from '../k8s/index.js';
import type { Log } from '../log.js';
import type { PodOwner, ViolationRow } from '../report/objects.gen.js';
import type { Subject } from '../report/report-object.js';

const apps = (plural: string, kind: string): ResourceRef => ({
  group: 'apps',
  version: 'v1',
  plural,
  kind,
  namespaced: true,
});
const batch = (plural: string, kind: string): ResourceRef => ({ ...apps(plural, kind), group: 'batch' });

/** Owners that have owners of their own. */
const MIDDLE: readonly ResourceRef[] = [apps('replicasets', 'ReplicaSet'), batch('jobs', 'Job')];

/** Kinds at the top that can be asked for. */
const TOP: readonly ResourceRef[] = [
  apps('deployments', 'Deployment'),
  apps('statefulsets', 'StatefulSet'),
  apps('daemonsets', 'DaemonSet'),
  batch('cronjobs', 'CronJob'),
  ...MIDDLE,
  { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true },
  { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false },
];

/** Subjects kept; more begin anew. */
const CACHE_MAX = 20_000;

function refOf(
  refs: readonly ResourceRef[],
  { apiVersion, kind }: Pick<Subject, 'apiVersion' | 'kind'>,
): ResourceRef | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return refs.find((ref) => ref.group === group && ref.kind === kind);
}

export function controllerOf({ metadata }: KubeObject): PodOwner | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const { apiVersion, kind, name, uid } = owner;
  return { apiVersion, kind, name, uid };
}

export class ControllerOwners {
  readonly #cluster: Cluster;
  readonly #known = new Map<string, Subject>();
  readonly #wanted = new Map<string, Map<string, PodOwner>>();
  readonly #queue: WorkQueue<string>;
  readonly #onKnown: () => void;

  constructor(cluster: Cluster, log: Log, onKnown: () => void) {
    this.#cluster = cluster;
    this.#onKnown = onKnown;
    this.#queue = new WorkQueue({
      work: (key) => this.#lookUp(key),
      onFailure: (key, error) => log.warn('owners cannot be read', { key, error: String(error) }),
    });
  }

  /** Undefined: not known yet; it was asked for. */
  workload(owner: PodOwner, namespace: string): Subject | undefined {
    const known = this.#known.get(owner.uid);
    if (known !== undefined) return known;
    const ref = refOf(MIDDLE, owner);
    if (ref === undefined) return { ...owner, namespace };
    const key = `${ref.plural}/${namespace}`;
    const wanted = this.#wanted.get(key) ?? new Map<string, PodOwner>();
    this.#wanted.set(key, wanted.set(owner.uid, owner));
    this.#queue.add(key);
    return undefined;
  }

  /** Of the pod that a row is about. A static pod's controller is the Node, which is no workload. */
  ofRow({ owner, pods = [] }: ViolationRow, namespace: string): Subject | undefined {
    if (owner !== undefined && owner.kind !== 'Node') return this.workload(owner, namespace);
    const [pod] = pods;
    return pod && { apiVersion: 'v1', kind: 'Pod', name: pod.name, namespace, uid: pod.uid };
  }

  /** Whether the subject of a report is still there. A kind that may not be read is taken to be. */
  async exists(subject: Subject): Promise<boolean> {
    const ref = refOf(TOP, subject);
    if (ref === undefined) return true;
    const found = await this.#cluster.get(ref, subject.name, subject.namespace, { metadataOnly: true });
    return found?.metadata.uid === subject.uid;
  }

  stop(): Promise<void> {
    return this.#queue.stop();
  }

  async #lookUp(key: string): Promise<undefined> {
    const [plural, namespace = ''] = key.split('/');
    const ref = MIDDLE.find((one) => one.plural === plural);
    const wanted = this.#wanted.get(key);
    if (ref === undefined || wanted === undefined) return undefined;
    if (this.#known.size > CACHE_MAX) this.#known.clear();
    const objects = await this.#cluster.list<KubeObject>(ref, { namespace, metadataOnly: true });
    for (const object of objects) {
      const { uid = '', name } = object.metadata;
      const above = controllerOf(object);
      this.#known.set(uid, {
        apiVersion: `${ref.group}/${ref.version}`,
        kind: ref.kind,
        name,
        uid,
        ...above,
        namespace,
      });
    }
    for (const [uid, owner] of wanted) {
      if (!this.#known.has(uid)) this.#known.set(uid, await this.#substitute(owner, namespace));
    }
    this.#wanted.delete(key);
    this.#onKnown();
    return undefined;
  }

  /** A ReplicaSet that was cleaned up has the name of its Deployment and a hash. */
  async #substitute(owner: PodOwner, namespace: string): Promise<Subject> {
    const gone = { ...owner, namespace, gone: true };
    const ref = TOP.find(({ kind }) => kind === (owner.kind === 'Job' ? 'CronJob' : 'Deployment'));
    const name = owner.name.replace(/-[a-z0-9]+$/, '');
    const above = ref && (await this.#cluster.get<KubeObject>(ref, name, namespace, { metadataOnly: true }));
    if (ref === undefined || above === undefined) return gone;
    return {
      apiVersion: `${ref.group}/${ref.version}`,
      kind: ref.kind,
      name,
      namespace,
      uid: above.metadata.uid ?? '',
    };
  }
}
