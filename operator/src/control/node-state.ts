// What an agent knows -> the status of its node's object. Values in, values out.

import type { PolicyIR } from '../compile/ir.js';
import type { ObjectState } from '../source/merge.js';
import { publishBackends } from '../report/backends.js';
import { policyDigest } from '../report/digest.js';
import type { Backends } from '../report/guarantee.js';
import type {
  NodeFinding,
  NodeKernel,
  NodePods,
  NodeProblem,
  NodeStateMode,
  NodeStateStatus,
  PodProblem,
} from '../report/objects.gen.js';

const MESSAGE_MAX = 256;

export interface NodeFacts {
  readonly version: string;
  readonly bootID: string;
  readonly epoch: string;
  readonly kernel: NodeKernel;
  readonly mode: NodeStateMode;
  readonly backends: Backends;
  /** Objects of the API server that the last reconciliation worked in. */
  readonly objects: Iterable<ObjectState>;
  /** By policy uid: the version that was read back from the kernel. */
  readonly inForce: ReadonlyMap<string, PolicyIR>;
  /** By policy uid: why its newest version is not in force. */
  readonly failed: ReadonlyMap<string, string>;
  /** By policy uid: pods, and cgroups. */
  readonly selectedPods: ReadonlyMap<string, number>;
  readonly selected: ReadonlyMap<string, number>;
  /** Uids of policies that are paused. */
  readonly paused: ReadonlySet<string>;
  /** Uids of policies from the disk that only report until the API server confirms them. */
  readonly unconfirmed: ReadonlySet<string>;
  readonly pods: NodePods;
  readonly findings: readonly NodeFinding[];
  /** By policy uid: pods with processes that are older. */
  readonly predating: Readonly<Record<string, number>>;
  readonly podProblems: readonly PodProblem[];
}

function digestOf(objects: readonly ObjectState[], kind: string): string {
  const own = objects.filter((object) => object.kind === kind);
  return policyDigest(own.map(({ uid, observedGeneration: generation }) => ({ uid, generation })));
}

function named({ kind, namespace, name, uid }: ObjectState): Pick<NodeProblem, 'kind' | 'namespace' | 'name' | 'uid'> {
  return { kind, ...(namespace !== '' && { namespace }), name, uid };
}

function problemsOf(object: ObjectState, facts: NodeFacts): NodeProblem[] {
  const kept = facts.inForce.get(object.uid)?.generation;
  const about = { ...named(object), generation: object.observedGeneration };
  const standing = { ...about, ...(kept !== undefined && { keptGeneration: kept }) };
  const errors = object.issues.filter(({ level }) => level === 'error');
  const failure = facts.failed.get(object.uid);
  return [
    ...errors.map(({ code, path, expected, got }) => ({
      ...standing,
      reason: code,
      message: `${path}: expected ${expected}, got ${got}`.slice(0, MESSAGE_MAX),
    })),
    ...(failure === undefined ? [] : [{ ...standing, ...splitReason(failure) }]),
    ...(facts.paused.has(object.uid)
      ? [{ ...about, reason: 'Paused', message: `until ${object.pausedUntil ?? ''}` }]
      : []),
    ...(facts.unconfirmed.has(object.uid)
      ? [{ ...about, reason: 'Unconfirmed', message: 'after a reboot: reports until the API server confirms it' }]
      : []),
  ];
}

/** `CODE: what is wrong`. */
function splitReason(text: string): { reason: string; message: string } {
  const [reason = '', ...rest] = text.split(': ');
  const isCode = /^[A-Z][A-Z0-9_]+$/.test(reason);
  return isCode
    ? { reason, message: rest.join(': ').slice(0, MESSAGE_MAX) }
    : { reason: 'NotApplied', message: text.slice(0, MESSAGE_MAX) };
}

/** Without counts: what changes when somebody changes something. */
export function renderNodeState(facts: NodeFacts): NodeStateStatus {
  const objects = [...facts.objects];
  const uids = new Set(objects.map(({ uid }) => uid));
  const selecting = [...facts.inForce.values()].filter(({ uid }) => {
    return uids.has(uid) && (facts.selectedPods.get(uid) ?? facts.selected.get(uid) ?? 0) > 0;
  });
  const pods = selecting.flatMap(({ uid }) => {
    const count = facts.selectedPods.get(uid);
    return count === undefined ? [] : [[uid, count] as const];
  });
  return {
    agent: { version: facts.version, bootID: facts.bootID, epoch: facts.epoch },
    kernel: facts.kernel,
    mode: facts.mode,
    observed: {
      runtimePolicies: digestOf(objects, 'RuntimePolicy'),
      clusterRuntimePolicies: digestOf(objects, 'ClusterRuntimePolicy'),
    },
    backends: publishBackends(facts.backends),
    programmed: Object.fromEntries(selecting.map(({ uid, generation }) => [uid, generation])),
    selected: Object.fromEntries(pods),
    predating: Object.fromEntries(Object.entries(facts.predating).filter(([uid]) => uids.has(uid))),
    problems: objects.flatMap((object) => problemsOf(object, facts)),
    findings: facts.findings.filter(({ uid }) => uids.has(uid)),
    pods: facts.pods,
    podProblems: facts.podProblems,
  };
}
