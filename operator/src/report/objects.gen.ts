// Generated from crds/schema by tools/gen-types.ts; do not edit.
// Types of the objects that agent and controller write: node states and reports.

import type { Count, ObjectMeta } from '../policy/schema.gen.js';

/** The agent that wrote this. */
export interface NodeAgent {
  /** Version of Ringfence. */
  readonly version: string;
  /** Boot of the kernel, from /proc/sys/kernel/random/boot_id. */
  readonly bootID?: string;
  /** Changes when counts begin again at zero. It stays over restarts of agent and node while the counts go on. */
  readonly epoch: string;
}

/** The kernel. */
export interface NodeKernel {
  /** As uname -r prints it. */
  readonly release?: string;
  /** As uname -m prints it. */
  readonly arch?: string;
  /** Security modules in their order. */
  readonly lsms?: readonly string[];
  /** none, integrity or confidentiality. */
  readonly lockdown?: string;
}

/** Whether the node interferes at all. */
export interface NodeStateMode {
  /** What it does. */
  readonly effective: 'Enforce' | 'Monitor';
  /** Who says so: nobody, ringfence pause, the emergency ConfigMap, or the kernel command line. */
  readonly source?: 'Default' | 'Pause' | 'Emergency' | 'KernelCommandLine';
  /** End of a pause. */
  readonly until?: string;
}

/** Which policies this state is about: for each kind a digest over UID and generation of all that the agent has worked in. Without it nobody could tell a policy that selects nothing from one that the agent has not seen yet. */
export interface NodeObserved {
  /** Digest of the policies of namespaces. */
  readonly runtimePolicies?: string;
  /** Digest of the policies of the cluster. */
  readonly clusterRuntimePolicies?: string;
}

/** Kind of rules. */
export type NodeRuleKind = 'binaries' | 'paths' | 'capabilities' | 'namespaces' | 'kernel' | 'processes';

/** What can be done at one class of operations. */
export interface NodeBackend {
  readonly kind: NodeRuleKind;
  /** Class of operations: Exec, Map, Read, Write ... */
  readonly class: string;
  /** Where it is decided, as lsm/file_open. */
  readonly hook: string;
  /** The operation can be made to fail. */
  readonly denies: boolean;
  /** The process can be killed there. */
  readonly signals: boolean;
}

/** A policy that the node does not hold as asked. */
export interface NodeProblem {
  /** Kind of the policy. */
  readonly kind?: string;
  /** Its namespace. */
  readonly namespace?: string;
  /** Its name. */
  readonly name?: string;
  /** Its UID. */
  readonly uid: string;
  /** The generation that has the problem. */
  readonly generation?: number;
  /** The generation that stays in force. */
  readonly keptGeneration?: number;
  /** The rule that has it. */
  readonly rule?: string;
  /** Code of a finding or fault. */
  readonly reason: string;
  /** What it is. */
  readonly message?: string;
}

/** What this node shows of a policy. */
export interface NodeFinding {
  /** UID of the policy. */
  readonly uid: string;
  /** Generation of the policy that it is about. */
  readonly generation: number;
  /** Code of the finding. */
  readonly code: string;
  /** Field of the policy. */
  readonly path: string;
  /** Another policy that it has to do with. */
  readonly other?: string;
  /** What was found, or one example of it. */
  readonly detail?: string;
  /** How often: pods, workloads or processes. */
  readonly count: Count;
}

/** Violations of one rule. Each operation counts once. */
export interface NodeTotal {
  /** Denied and killed, or killed. */
  readonly killed: Count;
  /** Denied. */
  readonly blocked: Count;
  /** Only reported. */
  readonly audited: Count;
  /** When this count began at zero. An entry that left and begins again has another. */
  readonly since?: string;
  /** The last one. */
  readonly lastTime?: string;
}

/** The pod's controller; the pod itself where it has none. Absent for processes of the host. */
export interface PodOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** A pod. */
export interface RowPod {
  readonly name: string;
  readonly uid: string;
}

/** One of the violations, with what differs between them. Arguments are redacted on the node. */
export interface RowSample {
  /** When. */
  readonly time?: string;
  /** The pod. */
  readonly pod?: string;
  /** The object as it was. */
  readonly object?: string;
  /** Arguments of the process. */
  readonly arguments?: string;
  /** The parent's program. */
  readonly parent?: string;
  /** The container's image. */
  readonly image?: string;
  /** User id. */
  readonly user?: number;
}

/** Violations that are alike. */
export interface ViolationRow {
  /** Hash of what makes violations alike. */
  readonly key: string;
  /** UID of the policy. */
  readonly uid: string;
  /** The rule. */
  readonly rule: string;
  /** Generation of the policy at the last one. */
  readonly generation?: number;
  /** Monitor where nothing was to be stopped. */
  readonly mode: 'Enforce' | 'Monitor';
  /** What was done. */
  readonly action: 'Killed' | 'Blocked' | 'Audited';
  readonly kind: NodeRuleKind;
  /** Class of the operation. */
  readonly class: string;
  /** Where it was decided. */
  readonly hook?: string;
  /** Namespace of the pod; absent for processes of the host. */
  readonly namespace?: string;
  readonly owner?: PodOwner;
  /** The container. */
  readonly container?: string;
  /** Its type. */
  readonly containerType?: 'App' | 'Init' | 'Sidecar' | 'Ephemeral';
  /** How the process came there. */
  readonly session?: 'Main' | 'Exec' | 'Probe' | 'Lifecycle' | 'Host';
  /** The acting program. */
  readonly binary?: string;
  /** What it was done to, without digits that change by chance. */
  readonly object?: string;
  /** The kernel could not resolve the object. */
  readonly unresolved?: boolean;
  /** How many since first. */
  readonly count: number;
  /** The first. A row that begins again has another. */
  readonly first: string;
  /** The last. */
  readonly last: string;
  /** Some of the pods. */
  readonly pods?: readonly RowPod[];
  /** How many pods there were. */
  readonly podCount?: Count;
  readonly sample?: RowSample;
}

/** Pods of the node. */
export interface NodePods {
  /** Whose identity the kernel has. */
  readonly known?: Count;
  /** Entrypoints denied so far because pod or container were not known. */
  readonly held?: Count;
  /** Containers whose pod or name is not known now. */
  readonly unknown?: Count;
  /** With processes that started before a policy selected them. */
  readonly predating?: Count;
  /** What becomes of containers of unknown pods. NotPossible where the node can only signal. */
  readonly unknownPods?: 'Hold' | 'Allow' | 'NotPossible';
}

/** A pod that something is wrong with. */
export interface PodProblem {
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly container?: string;
  /** UID of the policy that it has to do with. */
  readonly policy?: string;
  /** Code, as Held or RestartLoop. */
  readonly reason: string;
  /** What it is. */
  readonly message?: string;
  /** How often. */
  readonly count?: Count;
  /** When last. */
  readonly last?: string;
}

/** What the node holds. */
export interface NodeStateStatus {
  readonly agent?: NodeAgent;
  readonly kernel?: NodeKernel;
  readonly mode?: NodeStateMode;
  readonly observed?: NodeObserved;
  /** What the node can do at each class of operations; a class that is not listed it cannot see. */
  readonly backends?: readonly NodeBackend[];
  /** By the UID of a policy that selects something here, the generation that was read back from the kernel. A policy that selects nothing here is not listed. */
  readonly programmed?: Readonly<Record<string, number>>;
  /** By the UID of a policy, how many pods it selects here. Host policies are not listed. */
  readonly selected?: Readonly<Record<string, Count>>;
  /** By the UID of a policy, how many of these have processes that started before it selected them. Zero is not listed. */
  readonly predating?: Readonly<Record<string, Count>>;
  /** What keeps the node from holding policies as they ask. */
  readonly problems?: readonly NodeProblem[];
  /** What the node's pods and processes show of policies. Only warnings; nothing of it changes what is enforced. */
  readonly findings?: readonly NodeFinding[];
  /** By the UID of a policy, a slash and the name of a rule, violations since the epoch. Zero is not listed. */
  readonly totals?: Readonly<Record<string, NodeTotal>>;
  /** Violations that are alike, one row for each kind. The row that was idle longest leaves first; its count stays in totals. */
  readonly violations?: readonly ViolationRow[];
  readonly pods?: NodePods;
  /** Pods that something is wrong with. */
  readonly podProblems?: readonly PodProblem[];
  /** By the name of a list, how many entries it leaves out. */
  readonly omitted?: Readonly<Record<string, number>>;
}

/** What one node holds. Only its agent writes it. */
export interface NodeState {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly status?: NodeStateStatus;
}

/** An object. */
export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly fieldPath?: string;
  readonly resourceVersion?: string;
}

export interface AnyExpression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Labels that must be there. */
export interface AnySelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly AnyExpression[];
}

/** How many results there are of each kind. */
export interface ReportSummary {
  /** Results that were met. */
  readonly pass?: number;
  /** Results that were not met. */
  readonly fail?: number;
  /** Results that were not met and are not scored. */
  readonly warn?: number;
  /** Results that could not be evaluated. */
  readonly error?: number;
  /** Results that do not apply. */
  readonly skip?: number;
}

/** When it was found last, as time since 1970. */
export interface ReportTime {
  /** Seconds. */
  readonly seconds: number;
  /** Nanoseconds within the second. */
  readonly nanos: number;
}

/** pass: met. fail: not met. warn: not met and not scored. error: could not be evaluated. skip: not applicable. */
export type ReportOutcome = 'pass' | 'fail' | 'warn' | 'error' | 'skip';

/** One result. */
export interface ReportResult {
  /** Who found it. */
  readonly source?: string;
  /** The policy. */
  readonly policy: string;
  /** The rule. */
  readonly rule?: string;
  /** Category of the rule. */
  readonly category?: string;
  /** Severity of the rule. */
  readonly severity?: 'critical' | 'high' | 'medium' | 'low' | 'info';
  readonly timestamp?: ReportTime;
  readonly result?: ReportOutcome;
  /** Whether the result counts. */
  readonly scored?: boolean;
  /** What it is about, where that is not the report's scope. */
  readonly resources?: readonly ObjectReference[];
  /** Labels of what it is about. */
  readonly resourceSelector?: AnySelector;
  /** What it is, in a sentence. */
  readonly message?: string;
  /** Details. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** The results. */
export type ReportResults = readonly ReportResult[];

/** Results of policies for one workload or node. */
export interface PolicyReport {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  /** What the results are about. */
  readonly scope?: ObjectReference;
  /** Labels of what the results are about; never beside scope. */
  readonly scopeSelector?: AnySelector;
  readonly summary?: ReportSummary;
  readonly results?: ReportResults;
}

/** How the report was made. */
export interface ReportConfiguration {
  /** What was left out. */
  readonly limits: {
  /** Results that the report may have. */
  readonly maxResults?: number;
  /** Results that it may have. */
  readonly statusFilter?: readonly ReportOutcome[];
};
}

/** Results of policies for one workload or node. */
export interface OpenReport {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  /** Who wrote the report. */
  readonly source?: string;
  /** What the results are about. */
  readonly scope?: ObjectReference;
  /** Labels of what the results are about; never beside scope. */
  readonly scopeSelector?: AnySelector;
  readonly configuration?: ReportConfiguration;
  readonly summary?: ReportSummary;
  readonly results?: ReportResults;
}
