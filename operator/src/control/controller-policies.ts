// The policies of the cluster as the controller sees them: validated and compiled once for each generation. Also which
// sets of policies there were, so that a node's digest tells what it has worked in.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { compilePolicy } from '../compile/compile.js';
import type { LabelSelectorIR, PolicyIR } from '../compile/ir.js';
import type { Issue } from '../errors.js';
import type { KubeObject } from '../k8s/index.js';
import { validatePolicyObject } from '../policy/object.js';
import type { PolicyStatus } from '../policy/schema.gen.js';
import { policyDigest } from '../report/digest.js';
import { matchesLabels } from '../workload/select.js';
import type { Labels } from '../workload/select.js';

export const PAUSED_ANNOTATION = 'ringfence.io/paused';
const PAUSE_MAX_MS = 24 * 3_600_000;
/** Objects validated before other work gets its turn. */
const BATCH = 10;

export interface PolicyObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: PolicyStatus;
}

export interface KnownPolicy {
  readonly uid: string;
  readonly kind: 'RuntimePolicy' | 'ClusterRuntimePolicy';
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** `namespace/name`, or the name. */
  readonly title: string;
  readonly mode: 'Enforce' | 'Monitor';
  readonly issues: readonly Issue[];
  readonly ir?: PolicyIR;
  readonly nodeSelector?: LabelSelectorIR;
  /** As the annotation has it. */
  readonly paused?: string;
  /** Pods of system namespaces are selected too. */
  readonly reachesSystem: boolean;
}

/** What was read of the objects changed. */
export interface PolicyChanges {
  readonly changed: ReadonlySet<string>;
  readonly removed: ReadonlySet<string>;
}

export class ControllerPolicies {
  readonly #known = new Map<string, KnownPolicy>();
  readonly #systemNamespaces: readonly string[];

  constructor(systemNamespaces: readonly string[]) {
    this.#systemNamespaces = systemNamespaces;
  }

  all(): ReadonlyMap<string, KnownPolicy> {
    return this.#known;
  }

  /** Looks at all objects; lets others work in between, since validating a thousand takes seconds. */
  async sync(objects: ReadonlyMap<string, PolicyObject>): Promise<PolicyChanges> {
    const changed = new Set<string>();
    for (const [uid, object] of [...objects]) {
      if (!isNews(object, this.#known.get(uid))) continue;
      this.#known.set(uid, this.#read(uid, object));
      changed.add(uid);
      if (changed.size % BATCH === 0) await nextTurn();
    }
    const removed = new Set([...this.#known.keys()].filter((uid) => !objects.has(uid)));
    for (const uid of removed) this.#known.delete(uid);
    return { changed, removed };
  }

  #read(uid: string, object: PolicyObject): KnownPolicy {
    const { apiVersion, kind, metadata, spec } = object;
    const { generation = 1 } = metadata;
    const options = { systemNamespaces: this.#systemNamespaces };
    const { policy, issues } = validatePolicyObject({ apiVersion, kind, metadata, spec }, options);
    const named = { uid, generation, mode: modeOf(spec), issues, ...identityOf(object) };
    if (policy === undefined) return { ...named, reachesSystem: false };
    const { nodeSelector, acknowledge = [] } = policy.spec;
    return {
      ...named,
      ir: compilePolicy(policy, { uid, generation, source: 'API' }),
      reachesSystem: acknowledge.includes('SystemNamespaces'),
      ...(nodeSelector && { nodeSelector: selectorOf(nodeSelector) }),
    };
  }
}

function identityOf({
  kind,
  metadata,
}: PolicyObject): Pick<KnownPolicy, 'kind' | 'namespace' | 'name' | 'title' | 'paused'> {
  const { name, namespace = '', annotations } = metadata;
  const paused = annotations?.[PAUSED_ANNOTATION];
  return {
    kind: kind === 'RuntimePolicy' ? kind : 'ClusterRuntimePolicy',
    namespace,
    name,
    title: namespace === '' ? name : `${namespace}/${name}`,
    ...(paused !== undefined && { paused }),
  };
}

function isNews({ metadata }: PolicyObject, known: KnownPolicy | undefined): boolean {
  return known?.generation !== (metadata.generation ?? 1) || known.paused !== metadata.annotations?.[PAUSED_ANNOTATION];
}

function modeOf(spec: unknown): KnownPolicy['mode'] {
  const mode = typeof spec === 'object' && spec !== null && 'mode' in spec ? spec.mode : undefined;
  return mode === 'Monitor' ? 'Monitor' : 'Enforce';
}

type Selector = NonNullable<NonNullable<ReturnType<typeof validatePolicyObject>['policy']>['spec']['nodeSelector']>;

function selectorOf({ matchLabels = {}, matchExpressions = [] }: Selector): LabelSelectorIR {
  return { matchLabels, matchExpressions: matchExpressions.map(({ values = [], ...rest }) => ({ ...rest, values })) };
}

/** End of a pause that is in force now; at most 24 hours ahead. */
export function pausedUntil({ paused }: KnownPolicy, nowMs: number): string | undefined {
  const end = Date.parse(paused ?? '');
  return end > nowMs && end - nowMs <= PAUSE_MAX_MS ? paused : undefined;
}

export interface PodLabels {
  readonly namespace: string;
  readonly namespaceLabels: Labels;
  readonly labels: Labels;
}

/** Whether some container of the pod may be selected. */
export function selectsPod(
  { ir, reachesSystem }: KnownPolicy,
  pod: PodLabels,
  systemNamespaces: readonly string[],
): boolean {
  if (ir?.scope.scope !== 'Pods' || (systemNamespaces.includes(pod.namespace) && !reachesSystem)) return false;
  const { namespace, namespaceSelector, podSelector } = ir.scope;
  if (namespace !== undefined && namespace !== pod.namespace) return false;
  const namespaceLabels = { ...pod.namespaceLabels, 'kubernetes.io/metadata.name': pod.namespace };
  if (namespaceSelector !== undefined && !matchesLabels(namespaceSelector, namespaceLabels)) return false;
  return matchesLabels(podSelector, pod.labels);
}

export function selectsNode({ nodeSelector }: KnownPolicy, labels: Labels): boolean {
  return nodeSelector === undefined || matchesLabels(nodeSelector, labels);
}

/** States that a set of policies was in; older ones are forgotten, and a node that shows one has seen too little. */
const HISTORY_MAX = 4096;

/** The states that one kind's policies went through. uid/generation -> since which of them it is there. */
export class PolicyHistory {
  readonly #states = new Map<string, number>();
  readonly #since = new Map<string, { readonly generation: number; readonly state: number }>();
  #state = 0;

  /** The objects as they are now, in the order of the server's changes as far as it was seen. */
  note(policies: Iterable<{ readonly uid: string; readonly generation: number }>): void {
    const now = [...policies];
    const digest = policyDigest(now);
    if (this.#states.get(digest) === this.#state && this.#states.size > 0) return;
    this.#state += 1;
    this.#states.delete(digest);
    this.#states.set(digest, this.#state);
    const present = new Set(now.map(({ uid }) => uid));
    for (const { uid, generation } of now) {
      if (this.#since.get(uid)?.generation !== generation) this.#since.set(uid, { generation, state: this.#state });
    }
    for (const uid of this.#since.keys()) if (!present.has(uid)) this.#since.delete(uid);
    const [oldest] = this.#states.keys();
    if (this.#states.size > HISTORY_MAX && oldest !== undefined) this.#states.delete(oldest);
  }

  /** Whether a node that shows the digest has worked in the generation of the policy that is there now. */
  hasSeen(digest: string | undefined, uid: string): boolean {
    const state = digest === undefined ? undefined : this.#states.get(digest);
    const since = this.#since.get(uid);
    return state !== undefined && since !== undefined && state >= since.state;
  }
}
