// What the kernel reported (KernelEvent) and what people and programs read (PolicyEvent and ContainerEvent, one JSON object per line; their
// names are stable and documented in docs/reference/events.md).

import type { RfEvent } from '../abi/abi.gen.js';
import type { Action, Category, PolicyKind, Severity } from '../compile/ir.js';

/** One ring buffer record: its head, decoded, and views of the bytes behind it, which are decoded only when asked for. */
export interface KernelEvent {
  readonly head: RfEvent;
  readonly text: Uint8Array;
  readonly text2: Uint8Array;
  readonly program: Uint8Array;
  readonly args: Uint8Array;
}

export interface PolicyRef {
  readonly kind: PolicyKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
}

/** What a rule key of the kernel stands for. */
export interface RuleRef {
  readonly policy: PolicyRef;
  readonly rule: string;
  readonly severity: Severity;
  readonly category: Category;
  readonly tags: readonly string[];
  readonly message?: string;
}

/** Whose cgroup it was. */
export interface WorkloadRef {
  readonly scope: 'Pods' | 'Host';
  readonly cgroup: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly pod?: string;
  readonly podUid?: string;
  readonly container?: string;
  readonly containerType?: 'App' | 'Init' | 'Sidecar' | 'Ephemeral';
  /** The pod's controller. */
  readonly owner?: { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string };
  readonly labels?: Readonly<Record<string, string>>;
}

export type Verdict = 'Kill' | 'Block' | 'Audit' | 'Allow';

export interface RuleHit {
  readonly policy: PolicyRef;
  readonly rule: string;
  readonly action: Action;
  readonly asked: Action;
  readonly unresolved?: true;
}

export interface EventObject {
  readonly path: string;
  /** Base64 of the raw bytes; only where they are not valid UTF-8, and `path` shows the odd bytes as \xHH. */
  readonly pathBytes?: string;
  readonly origin: string;
  readonly dev: number;
  readonly ino: string;
  /** Why the name could not be resolved. */
  readonly unresolved?: string;
  readonly pathCut?: true;
  /** The deny pattern was hit through the inode, under another name. */
  readonly byInode?: true;
  /** Absolute name given to execve, where that hit. */
  readonly givenName?: string;
  /** The other name of a rename or link. */
  readonly target?: string;
}

export interface EventProcess {
  readonly pid: number;
  readonly tid: number;
  readonly parentPid: number;
  readonly startTime: string;
  readonly program: string;
  readonly programBytes?: string;
  readonly programOrigin: string;
  readonly comm: string;
  readonly arguments: readonly string[];
  readonly argumentsCut?: true;
  readonly uid: number;
  readonly gid: number;
  readonly mainProcess?: true;
  readonly ancestors: readonly EventAncestor[];
}

export interface EventAncestor {
  readonly pid: number;
  readonly startTime: string;
  readonly comm: string;
  readonly program?: string;
}

export interface EventWorkload extends WorkloadRef {
  readonly cgroupId: string;
  readonly session: string;
}

export interface PolicyEvent {
  readonly time: string;
  readonly node: string;
  readonly kind: 'violation';
  /** What the kernel did. */
  readonly verdict: Verdict;
  readonly policy: PolicyRef;
  readonly rule: string;
  /** What the primary rule called for now; Monitor, pause and a refused guarantee make it Audit. */
  readonly action: Action;
  readonly asked: Action;
  readonly severity: Severity;
  readonly category: Category;
  readonly tags: readonly string[];
  readonly message?: string;
  readonly others: readonly RuleHit[];
  /** Rules violated; more than `others` can list where an operation hits very many. */
  readonly rulesViolated: number;
  readonly operation: { readonly hook: string; readonly classes: readonly string[] };
  readonly object: EventObject;
  readonly process: EventProcess;
  readonly workload: EventWorkload;
  /** Circumstances: Unresolved, Protected, NodeMonitor, KillFailed, CannotDeny, EndsSetup. */
  readonly notes: readonly string[];
}

/** The entrypoint of a container: it runs next, or was denied because nobody knew the container yet. */
export interface ContainerEvent {
  readonly time: string;
  readonly node: string;
  readonly kind: 'started' | 'held';
  readonly process: Pick<EventProcess, 'pid' | 'parentPid' | 'startTime' | 'comm' | 'uid' | 'gid'>;
  readonly workload: Omit<EventWorkload, 'session'>;
}
