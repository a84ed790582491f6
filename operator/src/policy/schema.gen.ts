// Generated from crds/schema by tools/gen-types.ts; do not edit.
// Types of the objects of ringfence.io/v1alpha1 after defaults were filled in, and the schema that validates them.

export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

/** A structural OpenAPI schema. `x-definition` names the definition of crds/schema that it comes from. */
export interface Schema {
  readonly [keyword: string]: unknown;
  readonly type: string;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly 'x-definition'?: string;
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
}

export const API_VERSION = 'ringfence.io/v1alpha1';

/** Name, namespace, labels and annotations. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly managedFields?: readonly Readonly<Record<string, unknown>>[];
  readonly ownerReferences?: readonly Readonly<Record<string, unknown>>[];
  readonly finalizers?: readonly string[];
}

/** Monitor decides, counts and reports, and never interferes. */
export type Mode = 'Enforce' | 'Monitor';

/** One condition on a label. */
export interface LabelExpression {
  /** Key of the label. */
  readonly key: string;
  /** In and NotIn need values, Exists and DoesNotExist have none. */
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /** Values of the label. */
  readonly values?: readonly string[];
}

/** Labels that must be there. */
export interface LabelSelector {
  /** Labels with their values. */
  readonly matchLabels?: Readonly<Record<string, string>>;
  /** Conditions on labels. */
  readonly matchExpressions?: readonly LabelExpression[];
}

export type ContainerName = string;

/** Names of containers. Absent selects all. An ephemeral container also answers to the one it targets. */
export type ContainerNames = readonly ContainerName[];

export type ContainerType = 'App' | 'Init' | 'Sidecar' | 'Ephemeral';

/** Types of containers. Absent selects all. Sidecar: an init container with restartPolicy Always. */
export type ContainerTypes = readonly ContainerType[];

export type Session = 'Main' | 'Exec' | 'Probe' | 'Lifecycle';

/** How a process came into the container. Main: from the entrypoint. Exec: kubectl exec and cp. Probe and Lifecycle: the kubelet's. Absent selects all. */
export type Sessions = readonly Session[];

/** Whom the policy selects. All fields are ANDed, entries of a list ORed. */
export interface PodSelection {
  /** Labels of the pods. {} selects every pod. */
  readonly podSelector: LabelSelector;
  readonly containers?: ContainerNames;
  readonly containerTypes?: ContainerTypes;
  readonly sessions?: Sessions;
}

/** Absolute name of a file as the container sees it. A component may have one *; ** stands first (any directory) or last (the directory and all below). \* \\ and \xHH write a byte as itself. */
export type PathPattern = string;

export type OriginName = 'Image' | 'UpperLayer' | 'ReadOnlyVolume' | 'WritableVolume' | 'Anonymous' | 'Unknown' | 'Untrusted';

/** Where the file comes from. Image: unchanged from the image. UpperLayer: made or changed in the container. ReadOnlyVolume and WritableVolume: another mount. Anonymous: memfd, deleted or unnamed file. Unknown: it cannot be told. Untrusted: UpperLayer, WritableVolume, Anonymous and Unknown together. */
export type Origins = readonly OriginName[];

/** SHA-256 of the whole file; only where the kernel vouches for a digest. */
export type Digests = readonly string[];

/** A file that runs. Fields are ANDed; at least one of path, origins, sha256. */
export interface BinaryMatch {
  readonly path?: PathPattern;
  readonly origins?: Origins;
  readonly sha256?: Digests;
  /** Names by which a multi-call binary is called. Needs path. */
  readonly applets?: readonly string[];
  /** Variables of the environment. Matches when any of them is set and not empty. */
  readonly environment?: readonly string[];
}

export type BinaryMatches = readonly BinaryMatch[];

/** Programs that run. A deny also holds for interpreters, libraries and what is mapped executable. */
export interface BinariesRule {
  /** All that may be run. */
  readonly allow?: BinaryMatches;
  /** What may not be run or mapped executable. */
  readonly deny?: BinaryMatches;
}

export type Access = 'Read' | 'Write' | 'Execute' | 'Create' | 'Delete' | 'Rename' | 'Link' | 'Attributes';

/** Names of files and what is done with them. */
export interface PathMatch {
  readonly path: PathPattern;
  /** Classes of access. Absent, all eight. */
  readonly access?: readonly Access[];
}

export type PathMatches = readonly PathMatch[];

/** Files by name. */
export interface PathsRule {
  /** All that may be accessed in the classes that the items name. */
  readonly allow?: PathMatches;
  /** What may not be accessed. */
  readonly deny?: PathMatches;
  /** Open judges a file when it is opened or received. Use also judges every read, write and mapping. */
  readonly check: 'Open' | 'Use';
}

export type CapabilityName = 'ALL' | 'CAP_AUDIT_CONTROL' | 'CAP_AUDIT_READ' | 'CAP_AUDIT_WRITE' | 'CAP_BLOCK_SUSPEND' | 'CAP_BPF' | 'CAP_CHECKPOINT_RESTORE' | 'CAP_CHOWN' | 'CAP_DAC_OVERRIDE' | 'CAP_DAC_READ_SEARCH' | 'CAP_FOWNER' | 'CAP_FSETID' | 'CAP_IPC_LOCK' | 'CAP_IPC_OWNER' | 'CAP_KILL' | 'CAP_LEASE' | 'CAP_LINUX_IMMUTABLE' | 'CAP_MAC_ADMIN' | 'CAP_MAC_OVERRIDE' | 'CAP_MKNOD' | 'CAP_NET_ADMIN' | 'CAP_NET_BIND_SERVICE' | 'CAP_NET_BROADCAST' | 'CAP_NET_RAW' | 'CAP_PERFMON' | 'CAP_SETFCAP' | 'CAP_SETGID' | 'CAP_SETPCAP' | 'CAP_SETUID' | 'CAP_SYSLOG' | 'CAP_SYS_ADMIN' | 'CAP_SYS_BOOT' | 'CAP_SYS_CHROOT' | 'CAP_SYS_MODULE' | 'CAP_SYS_NICE' | 'CAP_SYS_PACCT' | 'CAP_SYS_PTRACE' | 'CAP_SYS_RAWIO' | 'CAP_SYS_RESOURCE' | 'CAP_SYS_TIME' | 'CAP_SYS_TTY_CONFIG' | 'CAP_WAKE_ALARM';

/** Names as in the kernel, or ALL alone. */
export type CapabilityNames = readonly CapabilityName[];

/** Use of capabilities that the process holds. */
export interface CapabilitiesRule {
  /** All that may be used. */
  readonly allow?: CapabilityNames;
  /** What may not be used. */
  readonly deny?: CapabilityNames;
}

/** Types of namespaces and what is done with them. */
export interface NamespaceMatch {
  /** Types of namespaces. */
  readonly types: readonly ('Cgroup' | 'Ipc' | 'Mount' | 'Net' | 'Pid' | 'Time' | 'User' | 'Uts')[];
  /** Absent, both. */
  readonly operations?: readonly ('Create' | 'Enter')[];
}

export type NamespaceMatches = readonly NamespaceMatch[];

/** Making and entering namespaces. */
export interface NamespacesRule {
  /** All that may be made or entered. */
  readonly allow?: NamespaceMatches;
  /** What may not be made or entered. */
  readonly deny?: NamespaceMatches;
}

/** Operations. */
export interface KernelMatch {
  /** Operations. */
  readonly operations: readonly ('ModuleLoad' | 'ModuleAutoload' | 'Bpf' | 'PerfEvent' | 'Mount' | 'Unmount' | 'PivotRoot' | 'Chroot' | 'DeviceNode' | 'OpenBlockDevice' | 'Kexec' | 'Reboot' | 'SetTime' | 'Swap' | 'Syslog' | 'IoUring' | 'UserFault')[];
}

export type KernelMatches = readonly KernelMatch[];

/** Operations on the kernel itself. */
export interface KernelRule {
  /** All that may be done. */
  readonly allow?: KernelMatches;
  /** What may not be done. */
  readonly deny?: KernelMatches;
}

/** Operations on targets. */
export interface ProcessMatch {
  /** Signal; Trace: ptrace and the like; Inspect: reading environment, maps, descriptors. */
  readonly operations: readonly ('Signal' | 'Trace' | 'Inspect')[];
  /** Whose processes. OwnPod: the pod's other containers. */
  readonly targets: readonly ('OwnContainer' | 'OwnPod' | 'OtherPod' | 'Host')[];
}

export type ProcessMatches = readonly ProcessMatch[];

/** What a process does to other processes. */
export interface ProcessesRule {
  /** All that may be done. */
  readonly allow?: ProcessMatches;
  /** What may not be done. */
  readonly deny?: ProcessMatches;
}

/** Kill: denied, and the process is killed. Block: denied. Audit: reported only. */
export type Action = 'Kill' | 'Block' | 'Audit';

/** A program. Fields are ANDed; at least one. */
export interface ExceptBinary {
  readonly path?: PathPattern;
  readonly origins?: Origins;
  readonly sha256?: Digests;
}

/** One exception. Fields are ANDed, entries of a list ORed. */
export interface Exception {
  /** The acting process's program. */
  readonly binaries?: readonly ExceptBinary[];
  /** Names of the object; only in rules of the kind paths. */
  readonly paths?: readonly PathPattern[];
  /** How the process came into the container. */
  readonly sessions?: Sessions;
}

/** What a node must be able to promise. Prevent: the operation does not happen. Terminate: the process dies, the operation may have happened. Observe: it is reported. A node that offers a rule less only reports it and says so. */
export type Guarantee = 'Prevent' | 'Terminate' | 'Observe';

/** Absent: Critical for kernel, Medium for paths, else High. */
export type Severity = 'Critical' | 'High' | 'Medium' | 'Low' | 'Info';

/** Absent, by kind: Process for binaries and processes, File for paths, Capability for capabilities, Namespace for namespaces, Integrity for kernel. */
export type Category = 'Process' | 'File' | 'Network' | 'Capability' | 'Namespace' | 'Syscall' | 'Memory' | 'Identity' | 'Audit' | 'Integrity';

/** One rule. It has exactly one kind, and that exactly one of allow and deny. */
export interface Rule {
  /** Identity of the rule. Counters and reports follow it; renaming starts a new rule. */
  readonly name: string;
  readonly binaries?: BinariesRule;
  readonly paths?: PathsRule;
  readonly capabilities?: CapabilitiesRule;
  readonly namespaces?: NamespacesRule;
  readonly kernel?: KernelRule;
  readonly processes?: ProcessesRule;
  readonly action: Action;
  /** Exceptions, ORed. An exception weakens its own rule and nothing else. */
  readonly except?: readonly Exception[];
  /** As the spec's, for this rule. Absent it is the spec's. */
  readonly minimumGuarantee?: Guarantee;
  readonly severity?: Severity;
  readonly category?: Category;
  /** Copied to events and reports; never part of a decision. */
  readonly tags?: readonly string[];
  /** One line, copied to events and reports. */
  readonly message?: string;
}

/** The rules. Their order has no meaning. */
export type Rules = readonly Rule[];

/** What Kill does to the main process of a container. Killing it ends the container. */
export type MainProcessAction = 'Kill' | 'Block';

/** The strictest action when the kernel cannot decide whether a rule matches. */
export type UnresolvedAction = 'Kill' | 'Block' | 'Audit';

export type Acknowledgement = 'HostEnforcement' | 'HostAllowList' | 'SystemNamespaces';

/** What the author knows the policy can do. Policies that can lock people out are rejected without it. */
export type Acknowledgements = readonly Acknowledgement[];

/** One step. */
export interface CanaryStep {
  /** The share. */
  readonly percent: number;
  /** How long nothing may go wrong before the next step. */
  readonly soakSeconds: number;
}

/** A share that grows in steps and goes back to Monitor when the workloads of the share fail. */
export interface Canary {
  /** What the share is counted in. */
  readonly unit: 'Pods' | 'Nodes';
  /** Shares in rising order; the last step is followed by all. */
  readonly steps: readonly CanaryStep[];
  /** Pods of the share that may restart or become unready before the policy is rolled back. */
  readonly maxFailures: number;
  /** Violations in the share before the policy is rolled back. Absent, they are not looked at. */
  readonly maxViolations?: number;
}

/** How a new version reaches its workloads. Absent everywhere at once. */
export interface Rollout {
  /** The only type. */
  readonly type: 'Canary';
  readonly canary: Canary;
}

/** The policy. */
export interface RuntimePolicySpec {
  readonly mode: Mode;
  readonly selector: PodSelection;
  readonly rules: Rules;
  readonly minimumGuarantee: Guarantee;
  readonly mainProcess: MainProcessAction;
  readonly unresolved: UnresolvedAction;
  readonly acknowledge?: Acknowledgements;
  readonly rollout?: Rollout;
}

/** One condition. */
export interface Condition {
  /** Name of the condition. */
  readonly type: string;
  /** Whether it holds. */
  readonly status: 'True' | 'False' | 'Unknown';
  /** The generation it is about. */
  readonly observedGeneration?: number;
  /** When status changed last. */
  readonly lastTransitionTime: string;
  /** Why, in one word. */
  readonly reason: string;
  /** Why, in a sentence. */
  readonly message: string;
}

export type HeldGuarantee = 'Prevent' | 'Terminate' | 'Observe' | 'None';

export type Count = number;

/** Every node that has something to select counts once in desired and once in one of the others. */
export interface NodeCounts {
  /** Nodes with something to select. */
  readonly desired?: Count;
  /** Nodes that do what was asked. */
  readonly enforced?: Count;
  /** Nodes that do less. */
  readonly degraded?: Count;
  /** Nodes that only report. */
  readonly monitored?: Count;
  /** Nodes that cannot hold the minimum guarantee. */
  readonly refused?: Count;
  /** Nodes that could not take the policy. */
  readonly failed?: Count;
  /** Nodes that have not taken it yet. */
  readonly pending?: Count;
}

/** Pods. */
export interface PodCounts {
  /** Selected. */
  readonly matched?: Count;
  /** Under the policy. */
  readonly protected?: Count;
  /** With processes or open files older than the policy. */
  readonly predating?: Count;
  /** On nodes without an agent. */
  readonly withoutAgent?: Count;
}

/** Of these, how many no node lists any more. It keeps the counts from falling when a node or rule leaves. */
export interface DepartedCounts {
  /** Of those killed. */
  readonly killed?: Count;
  /** Of those denied. */
  readonly blocked?: Count;
  /** Of those reported. */
  readonly audited?: Count;
}

/** Violations since the policy was made. */
export interface ViolationCounts {
  /** All. */
  readonly total?: Count;
  /** Of these denied or killed with Kill. */
  readonly killed?: Count;
  /** Of these denied. */
  readonly blocked?: Count;
  /** Of these only reported. */
  readonly audited?: Count;
  /** The last one. */
  readonly lastTime?: string;
  readonly departed?: DepartedCounts;
}

/** One rule. */
export interface RuleStatus {
  /** Name of the rule. */
  readonly name: string;
  /** The weakest that it does on any node. */
  readonly effect?: 'DenyAndKill' | 'Deny' | 'Kill' | 'Report' | 'None';
  /** The lowest on any node. */
  readonly guarantee?: HeldGuarantee;
  /** Nodes that hold it. */
  readonly nodes?: Count;
  /** Violations of it. */
  readonly violations?: Count;
  /** Of these counted by nodes that no longer list it. */
  readonly departed?: Count;
}

/** One kernel. */
export interface KernelStatus {
  /** Release of the kernel. */
  readonly release: string;
  /** Nodes that run it. */
  readonly nodes?: Count;
  /** What it can promise. */
  readonly guarantee?: HeldGuarantee;
}

/** One problem. */
export interface Problem {
  /** Code or reason. */
  readonly reason: string;
  /** The rule that has it. */
  readonly rule?: string;
  /** What it is. */
  readonly message?: string;
  /** Nodes that have it. */
  readonly nodes?: Count;
  /** Some of these nodes. */
  readonly examples?: readonly string[];
}

/** One finding. */
export interface Finding {
  /** Code of the finding. */
  readonly code: string;
  /** An error rejects the policy. */
  readonly level: 'Error' | 'Warning';
  /** Field it is about. */
  readonly path?: string;
  /** What it is. */
  readonly message?: string;
}

/** Where the rollout is. Agents obey it. */
export interface RolloutStatus {
  /** The generation that is rolled out. */
  readonly generation?: number;
  /** Index of the step. */
  readonly step?: number;
  /** The share. */
  readonly percent?: number;
  /** How it goes. */
  readonly phase?: 'Progressing' | 'Completed' | 'RolledBack';
  /** When the phase or step began. */
  readonly since?: string;
  /** Why. */
  readonly message?: string;
}

/** What became of the policy. Counts are exact; where a list was cut, omitted says by how much. */
export interface PolicyStatus {
  /** The generation that the status is about. */
  readonly observedGeneration?: number;
  /** Accepted, Programmed, Enforcing, Degraded, Ready. */
  readonly conditions?: readonly Condition[];
  /** The lowest over rules and nodes; rules with Audit do not count. */
  readonly guarantee?: HeldGuarantee;
  readonly nodes?: NodeCounts;
  readonly pods?: PodCounts;
  readonly violations?: ViolationCounts;
  /** Each rule. */
  readonly rules?: readonly RuleStatus[];
  /** Kernels that hold the policy. */
  readonly kernels?: readonly KernelStatus[];
  /** What keeps nodes from holding the policy as asked. */
  readonly problems?: readonly Problem[];
  /** Findings about the policy's text. */
  readonly findings?: readonly Finding[];
  readonly rollout?: RolloutStatus;
  /** By the name of a list, how many entries it leaves out. */
  readonly omitted?: Readonly<Record<string, number>>;
}

/** What containers of the pods of one namespace may do. */
export interface RuntimePolicy {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: RuntimePolicySpec;
  readonly status?: PolicyStatus;
}

/** Pods, or processes of the host outside pods. Cannot be changed. */
export type Scope = 'Pods' | 'Host';

/** Path of a cgroup from the root of the cgroup v2 hierarchy, in the form of a path pattern. */
export type CgroupPattern = PathPattern;

/** Whom the policy selects. All fields are ANDed, entries of a list ORed. */
export interface ClusterSelection {
  /** Labels of the pods; required where scope is Pods. {} selects every pod. */
  readonly podSelector?: LabelSelector;
  /** Labels of the namespaces; required where scope is Pods. {} selects every namespace; kubernetes.io/metadata.name selects by name. */
  readonly namespaceSelector?: LabelSelector;
  readonly containers?: ContainerNames;
  readonly containerTypes?: ContainerTypes;
  readonly sessions?: Sessions;
  /** Cgroups of the host processes, from the root of the cgroup v2 hierarchy; required where scope is Host. */
  readonly cgroups?: readonly CgroupPattern[];
}

/** The policy. */
export interface ClusterRuntimePolicySpec {
  readonly mode: Mode;
  readonly scope: Scope;
  readonly selector: ClusterSelection;
  /** Labels of the nodes on which the policy holds. Absent on every node. Read again when they change. */
  readonly nodeSelector?: LabelSelector;
  readonly rules: Rules;
  readonly minimumGuarantee: Guarantee;
  readonly mainProcess: MainProcessAction;
  readonly unresolved: UnresolvedAction;
  readonly acknowledge?: Acknowledgements;
  readonly rollout?: Rollout;
}

/** What containers of pods in selected namespaces, or processes of hosts, may do. */
export interface ClusterRuntimePolicy {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: ClusterRuntimePolicySpec;
  readonly status?: PolicyStatus;
}

/** Not used; allowed so that files look like other objects. */
export interface WorkloadsMeta {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export type Labels = Readonly<Record<string, string>>;

/** One kind of workload. */
export interface WorkloadItem {
  /** Identity of the item. */
  readonly name: string;
  /** The cgroups that are such a workload, from the root of the cgroup v2 hierarchy. */
  readonly cgroup: CgroupPattern;
  /** Name of the pod. Absent it is the item's name. */
  readonly pod?: string;
  /** Namespace of the pod. */
  readonly namespace: string;
  /** Labels of the namespace. */
  readonly namespaceLabels?: Labels;
  /** Labels of the pod. */
  readonly labels?: Labels;
  /** Name of the container. Absent it is the item's name. */
  readonly container?: ContainerName;
  /** Type of the container. */
  readonly containerType: ContainerType;
}

/** Gives plain cgroups the identity of pods, so that every selector works without Kubernetes. */
export interface Workloads {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: WorkloadsMeta;
  /** The cgroups. */
  readonly items: readonly WorkloadItem[];
}

const sObjectMeta: Schema = {
  "type": "object",
  "description": "Name, namespace, labels and annotations.",
  "required": ["name"],
  "properties": {
    "name": {
      "type": "string",
      "minLength": 1,
      "maxLength": 253,
      "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
    },
    "namespace": {
      "type": "string",
      "minLength": 1,
      "maxLength": 63,
      "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    },
    "labels": {
      "type": "object",
      "additionalProperties": {
        "type": "string",
        "maxLength": 63,
      },
    },
    "annotations": {
      "type": "object",
      "additionalProperties": {
        "type": "string",
      },
    },
    "uid": {
      "type": "string",
    },
    "resourceVersion": {
      "type": "string",
    },
    "generation": {
      "type": "integer",
      "format": "int64",
    },
    "creationTimestamp": {
      "type": "string",
    },
    "managedFields": {
      "type": "array",
      "items": {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
      },
    },
    "ownerReferences": {
      "type": "array",
      "items": {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
      },
    },
    "finalizers": {
      "type": "array",
      "items": {
        "type": "string",
      },
    },
  },
  "x-definition": "ObjectMeta",
};

const sMode: Schema = {
  "type": "string",
  "enum": ["Enforce","Monitor"],
  "description": "Monitor decides, counts and reports, and never interferes.",
  "x-definition": "Mode",
};

const sLabelExpression: Schema = {
  "type": "object",
  "description": "One condition on a label.",
  "required": ["key","operator"],
  "properties": {
    "key": {
      "type": "string",
      "description": "Key of the label.",
      "minLength": 1,
      "maxLength": 317,
      "pattern": "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
    },
    "operator": {
      "type": "string",
      "description": "In and NotIn need values, Exists and DoesNotExist have none.",
      "enum": ["In","NotIn","Exists","DoesNotExist"],
    },
    "values": {
      "type": "array",
      "description": "Values of the label.",
      "maxItems": 64,
      "x-kubernetes-list-type": "atomic",
      "items": {
        "type": "string",
        "maxLength": 63,
        "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$",
      },
    },
  },
  "x-kubernetes-validations": [{"rule":"self.operator in ['In', 'NotIn'] ? has(self.values) && self.values.size() > 0 : !has(self.values) || self.values.size() == 0","message":"INVALID_VALUE: values with In and NotIn, and none with Exists and DoesNotExist"}],
  "x-definition": "LabelExpression",
};

const sLabelSelector: Schema = {
  "type": "object",
  "description": "Labels that must be there.",
  "x-kubernetes-map-type": "atomic",
  "properties": {
    "matchLabels": {
      "type": "object",
      "description": "Labels with their values.",
      "maxProperties": 16,
      "additionalProperties": {
        "type": "string",
        "maxLength": 63,
        "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$",
      },
    },
    "matchExpressions": {
      "type": "array",
      "description": "Conditions on labels.",
      "minItems": 1,
      "maxItems": 16,
      "x-kubernetes-list-type": "atomic",
      "items": sLabelExpression,
    },
  },
  "x-definition": "LabelSelector",
};

const sContainerName: Schema = {
  "type": "string",
  "minLength": 1,
  "maxLength": 63,
  "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
  "x-definition": "ContainerName",
};

const sContainerNames: Schema = {
  "type": "array",
  "description": "Names of containers. Absent selects all. An ephemeral container also answers to the one it targets.",
  "minItems": 1,
  "maxItems": 32,
  "x-kubernetes-list-type": "set",
  "items": sContainerName,
  "x-definition": "ContainerNames",
};

const sContainerType: Schema = {
  "type": "string",
  "enum": ["App","Init","Sidecar","Ephemeral"],
  "x-definition": "ContainerType",
};

const sContainerTypes: Schema = {
  "type": "array",
  "description": "Types of containers. Absent selects all. Sidecar: an init container with restartPolicy Always.",
  "minItems": 1,
  "maxItems": 4,
  "x-kubernetes-list-type": "set",
  "items": sContainerType,
  "x-definition": "ContainerTypes",
};

const sSession: Schema = {
  "type": "string",
  "enum": ["Main","Exec","Probe","Lifecycle"],
  "x-definition": "Session",
};

const sSessions: Schema = {
  "type": "array",
  "description": "How a process came into the container. Main: from the entrypoint. Exec: kubectl exec and cp. Probe and Lifecycle: the kubelet's. Absent selects all.",
  "minItems": 1,
  "maxItems": 4,
  "x-kubernetes-list-type": "set",
  "items": sSession,
  "x-definition": "Sessions",
};

const sPodSelection: Schema = {
  "type": "object",
  "description": "Whom the policy selects. All fields are ANDed, entries of a list ORed.",
  "required": ["podSelector"],
  "properties": {
    "podSelector": {
      ...sLabelSelector,
      "description": "Labels of the pods. {} selects every pod.",
    },
    "containers": sContainerNames,
    "containerTypes": sContainerTypes,
    "sessions": sSessions,
  },
  "x-definition": "PodSelection",
};

const sPathPattern: Schema = {
  "type": "string",
  "description": "Absolute name of a file as the container sees it. A component may have one *; ** stands first (any directory) or last (the directory and all below). \\* \\\\ and \\xHH write a byte as itself.",
  "minLength": 2,
  "maxLength": 1024,
  "pattern": "^(/\\*\\*|(\\*\\*)?(/(([^/*\\\\]|\\\\[*\\\\]|\\\\x[0-9A-Fa-f]{2})*\\*([^/*\\\\]|\\\\[*\\\\]|\\\\x[0-9A-Fa-f]{2})*|([^/*\\\\.]|\\\\[*\\\\]|\\\\x[0-9A-Fa-f]{2})([^/*\\\\]|\\\\[*\\\\]|\\\\x[0-9A-Fa-f]{2})*|\\.([^/*\\\\.]|\\\\[*\\\\]|\\\\x[0-9A-Fa-f]{2})([^/*\\\\]|\\\\[*\\\\]|\\\\x[0-9A-Fa-f]{2})*|\\.\\.([^/*\\\\]|\\\\[*\\\\]|\\\\x[0-9A-Fa-f]{2})+))+(/\\*\\*)?)$",
  "x-definition": "PathPattern",
};

const sOriginName: Schema = {
  "type": "string",
  "enum": ["Image","UpperLayer","ReadOnlyVolume","WritableVolume","Anonymous","Unknown","Untrusted"],
  "x-definition": "OriginName",
};

const sOrigins: Schema = {
  "type": "array",
  "description": "Where the file comes from. Image: unchanged from the image. UpperLayer: made or changed in the container. ReadOnlyVolume and WritableVolume: another mount. Anonymous: memfd, deleted or unnamed file. Unknown: it cannot be told. Untrusted: UpperLayer, WritableVolume, Anonymous and Unknown together.",
  "minItems": 1,
  "maxItems": 7,
  "x-kubernetes-list-type": "set",
  "items": sOriginName,
  "x-definition": "Origins",
};

const sDigests: Schema = {
  "type": "array",
  "description": "SHA-256 of the whole file; only where the kernel vouches for a digest.",
  "minItems": 1,
  "maxItems": 32,
  "x-kubernetes-list-type": "set",
  "items": {
    "type": "string",
    "maxLength": 64,
    "pattern": "^[0-9a-f]{64}$",
  },
  "x-definition": "Digests",
};

const sBinaryMatch: Schema = {
  "type": "object",
  "description": "A file that runs. Fields are ANDed; at least one of path, origins, sha256.",
  "x-kubernetes-map-type": "atomic",
  "properties": {
    "path": sPathPattern,
    "origins": sOrigins,
    "sha256": sDigests,
    "applets": {
      "type": "array",
      "description": "Names by which a multi-call binary is called. Needs path.",
      "minItems": 1,
      "maxItems": 32,
      "x-kubernetes-list-type": "set",
      "items": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[^/]+$",
      },
    },
    "environment": {
      "type": "array",
      "description": "Variables of the environment. Matches when any of them is set and not empty.",
      "minItems": 1,
      "maxItems": 16,
      "x-kubernetes-list-type": "set",
      "items": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
      },
    },
  },
  "x-kubernetes-validations": [{"rule":"has(self.path) || has(self.origins) || has(self.sha256)","message":"INVALID_VALUE: at least one of path, origins, sha256"},{"rule":"!has(self.applets) || has(self.path)","message":"INVALID_VALUE: a path beside applets"}],
  "x-definition": "BinaryMatch",
};

const sBinaryMatches: Schema = {
  "type": "array",
  "minItems": 1,
  "maxItems": 256,
  "x-kubernetes-list-type": "atomic",
  "items": sBinaryMatch,
  "x-definition": "BinaryMatches",
};

const sBinariesRule: Schema = {
  "type": "object",
  "description": "Programs that run. A deny also holds for interpreters, libraries and what is mapped executable.",
  "properties": {
    "allow": {
      ...sBinaryMatches,
      "description": "All that may be run.",
    },
    "deny": {
      ...sBinaryMatches,
      "description": "What may not be run or mapped executable.",
    },
  },
  "x-kubernetes-validations": [{"rule":"has(self.allow) != has(self.deny)","message":"ALLOW_DENY_COUNT: exactly one of allow, deny"}],
  "x-definition": "BinariesRule",
};

const sAccess: Schema = {
  "type": "string",
  "enum": ["Read","Write","Execute","Create","Delete","Rename","Link","Attributes"],
  "x-definition": "Access",
};

const sPathMatch: Schema = {
  "type": "object",
  "description": "Names of files and what is done with them.",
  "x-kubernetes-map-type": "atomic",
  "required": ["path"],
  "properties": {
    "path": sPathPattern,
    "access": {
      "type": "array",
      "description": "Classes of access. Absent, all eight.",
      "minItems": 1,
      "maxItems": 8,
      "x-kubernetes-list-type": "set",
      "items": sAccess,
    },
  },
  "x-definition": "PathMatch",
};

const sPathMatches: Schema = {
  "type": "array",
  "minItems": 1,
  "maxItems": 256,
  "x-kubernetes-list-type": "atomic",
  "items": sPathMatch,
  "x-definition": "PathMatches",
};

const sPathsRule: Schema = {
  "type": "object",
  "description": "Files by name.",
  "properties": {
    "allow": {
      ...sPathMatches,
      "description": "All that may be accessed in the classes that the items name.",
    },
    "deny": {
      ...sPathMatches,
      "description": "What may not be accessed.",
    },
    "check": {
      "type": "string",
      "enum": ["Open","Use"],
      "default": "Open",
      "description": "Open judges a file when it is opened or received. Use also judges every read, write and mapping.",
    },
  },
  "x-kubernetes-validations": [{"rule":"has(self.allow) != has(self.deny)","message":"ALLOW_DENY_COUNT: exactly one of allow, deny"}],
  "x-definition": "PathsRule",
};

const sCapabilityName: Schema = {
  "type": "string",
  "enum": ["ALL","CAP_AUDIT_CONTROL","CAP_AUDIT_READ","CAP_AUDIT_WRITE","CAP_BLOCK_SUSPEND","CAP_BPF","CAP_CHECKPOINT_RESTORE","CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_DAC_READ_SEARCH","CAP_FOWNER","CAP_FSETID","CAP_IPC_LOCK","CAP_IPC_OWNER","CAP_KILL","CAP_LEASE","CAP_LINUX_IMMUTABLE","CAP_MAC_ADMIN","CAP_MAC_OVERRIDE","CAP_MKNOD","CAP_NET_ADMIN","CAP_NET_BIND_SERVICE","CAP_NET_BROADCAST","CAP_NET_RAW","CAP_PERFMON","CAP_SETFCAP","CAP_SETGID","CAP_SETPCAP","CAP_SETUID","CAP_SYSLOG","CAP_SYS_ADMIN","CAP_SYS_BOOT","CAP_SYS_CHROOT","CAP_SYS_MODULE","CAP_SYS_NICE","CAP_SYS_PACCT","CAP_SYS_PTRACE","CAP_SYS_RAWIO","CAP_SYS_RESOURCE","CAP_SYS_TIME","CAP_SYS_TTY_CONFIG","CAP_WAKE_ALARM"],
  "x-definition": "CapabilityName",
};

const sCapabilityNames: Schema = {
  "type": "array",
  "description": "Names as in the kernel, or ALL alone.",
  "minItems": 1,
  "maxItems": 41,
  "x-kubernetes-list-type": "set",
  "items": sCapabilityName,
  "x-kubernetes-validations": [{"rule":"self.all(c, c != 'ALL') || self.size() == 1","message":"INVALID_VALUE: ALL alone, or names of capabilities"}],
  "x-definition": "CapabilityNames",
};

const sCapabilitiesRule: Schema = {
  "type": "object",
  "description": "Use of capabilities that the process holds.",
  "properties": {
    "allow": {
      ...sCapabilityNames,
      "description": "All that may be used.",
    },
    "deny": {
      ...sCapabilityNames,
      "description": "What may not be used.",
    },
  },
  "x-kubernetes-validations": [{"rule":"has(self.allow) != has(self.deny)","message":"ALLOW_DENY_COUNT: exactly one of allow, deny"}],
  "x-definition": "CapabilitiesRule",
};

const sNamespaceMatch: Schema = {
  "type": "object",
  "description": "Types of namespaces and what is done with them.",
  "x-kubernetes-map-type": "atomic",
  "required": ["types"],
  "properties": {
    "types": {
      "type": "array",
      "description": "Types of namespaces.",
      "minItems": 1,
      "maxItems": 8,
      "x-kubernetes-list-type": "set",
      "items": {
        "type": "string",
        "enum": ["Cgroup","Ipc","Mount","Net","Pid","Time","User","Uts"],
      },
    },
    "operations": {
      "type": "array",
      "description": "Absent, both.",
      "minItems": 1,
      "maxItems": 2,
      "x-kubernetes-list-type": "set",
      "items": {
        "type": "string",
        "enum": ["Create","Enter"],
      },
    },
  },
  "x-definition": "NamespaceMatch",
};

const sNamespaceMatches: Schema = {
  "type": "array",
  "minItems": 1,
  "maxItems": 256,
  "x-kubernetes-list-type": "atomic",
  "items": sNamespaceMatch,
  "x-definition": "NamespaceMatches",
};

const sNamespacesRule: Schema = {
  "type": "object",
  "description": "Making and entering namespaces.",
  "properties": {
    "allow": {
      ...sNamespaceMatches,
      "description": "All that may be made or entered.",
    },
    "deny": {
      ...sNamespaceMatches,
      "description": "What may not be made or entered.",
    },
  },
  "x-kubernetes-validations": [{"rule":"has(self.allow) != has(self.deny)","message":"ALLOW_DENY_COUNT: exactly one of allow, deny"}],
  "x-definition": "NamespacesRule",
};

const sKernelMatch: Schema = {
  "type": "object",
  "description": "Operations.",
  "x-kubernetes-map-type": "atomic",
  "required": ["operations"],
  "properties": {
    "operations": {
      "type": "array",
      "description": "Operations.",
      "minItems": 1,
      "maxItems": 17,
      "x-kubernetes-list-type": "set",
      "items": {
        "type": "string",
        "enum": ["ModuleLoad","ModuleAutoload","Bpf","PerfEvent","Mount","Unmount","PivotRoot","Chroot","DeviceNode","OpenBlockDevice","Kexec","Reboot","SetTime","Swap","Syslog","IoUring","UserFault"],
      },
    },
  },
  "x-definition": "KernelMatch",
};

const sKernelMatches: Schema = {
  "type": "array",
  "minItems": 1,
  "maxItems": 256,
  "x-kubernetes-list-type": "atomic",
  "items": sKernelMatch,
  "x-definition": "KernelMatches",
};

const sKernelRule: Schema = {
  "type": "object",
  "description": "Operations on the kernel itself.",
  "properties": {
    "allow": {
      ...sKernelMatches,
      "description": "All that may be done.",
    },
    "deny": {
      ...sKernelMatches,
      "description": "What may not be done.",
    },
  },
  "x-kubernetes-validations": [{"rule":"has(self.allow) != has(self.deny)","message":"ALLOW_DENY_COUNT: exactly one of allow, deny"}],
  "x-definition": "KernelRule",
};

const sProcessMatch: Schema = {
  "type": "object",
  "description": "Operations on targets.",
  "x-kubernetes-map-type": "atomic",
  "required": ["operations","targets"],
  "properties": {
    "operations": {
      "type": "array",
      "description": "Signal; Trace: ptrace and the like; Inspect: reading environment, maps, descriptors.",
      "minItems": 1,
      "maxItems": 3,
      "x-kubernetes-list-type": "set",
      "items": {
        "type": "string",
        "enum": ["Signal","Trace","Inspect"],
      },
    },
    "targets": {
      "type": "array",
      "description": "Whose processes. OwnPod: the pod's other containers.",
      "minItems": 1,
      "maxItems": 4,
      "x-kubernetes-list-type": "set",
      "items": {
        "type": "string",
        "enum": ["OwnContainer","OwnPod","OtherPod","Host"],
      },
    },
  },
  "x-definition": "ProcessMatch",
};

const sProcessMatches: Schema = {
  "type": "array",
  "minItems": 1,
  "maxItems": 256,
  "x-kubernetes-list-type": "atomic",
  "items": sProcessMatch,
  "x-definition": "ProcessMatches",
};

const sProcessesRule: Schema = {
  "type": "object",
  "description": "What a process does to other processes.",
  "properties": {
    "allow": {
      ...sProcessMatches,
      "description": "All that may be done.",
    },
    "deny": {
      ...sProcessMatches,
      "description": "What may not be done.",
    },
  },
  "x-kubernetes-validations": [{"rule":"has(self.allow) != has(self.deny)","message":"ALLOW_DENY_COUNT: exactly one of allow, deny"}],
  "x-definition": "ProcessesRule",
};

const sAction: Schema = {
  "type": "string",
  "enum": ["Kill","Block","Audit"],
  "description": "Kill: denied, and the process is killed. Block: denied. Audit: reported only.",
  "x-definition": "Action",
};

const sExceptBinary: Schema = {
  "type": "object",
  "description": "A program. Fields are ANDed; at least one.",
  "x-kubernetes-map-type": "atomic",
  "properties": {
    "path": sPathPattern,
    "origins": sOrigins,
    "sha256": sDigests,
  },
  "x-kubernetes-validations": [{"rule":"has(self.path) || has(self.origins) || has(self.sha256)","message":"INVALID_VALUE: at least one of path, origins, sha256"}],
  "x-definition": "ExceptBinary",
};

const sException: Schema = {
  "type": "object",
  "description": "One exception. Fields are ANDed, entries of a list ORed.",
  "x-kubernetes-map-type": "atomic",
  "properties": {
    "binaries": {
      "type": "array",
      "description": "The acting process's program.",
      "minItems": 1,
      "maxItems": 32,
      "x-kubernetes-list-type": "atomic",
      "items": sExceptBinary,
    },
    "paths": {
      "type": "array",
      "description": "Names of the object; only in rules of the kind paths.",
      "minItems": 1,
      "maxItems": 32,
      "x-kubernetes-list-type": "set",
      "items": sPathPattern,
    },
    "sessions": {
      ...sSessions,
      "description": "How the process came into the container.",
    },
  },
  "x-kubernetes-validations": [{"rule":"has(self.binaries) || has(self.paths) || has(self.sessions)","message":"INVALID_VALUE: at least one of binaries, paths, sessions"}],
  "x-definition": "Exception",
};

const sGuarantee: Schema = {
  "type": "string",
  "enum": ["Prevent","Terminate","Observe"],
  "description": "What a node must be able to promise. Prevent: the operation does not happen. Terminate: the process dies, the operation may have happened. Observe: it is reported. A node that offers a rule less only reports it and says so.",
  "x-definition": "Guarantee",
};

const sSeverity: Schema = {
  "type": "string",
  "enum": ["Critical","High","Medium","Low","Info"],
  "description": "Absent: Critical for kernel, Medium for paths, else High.",
  "x-definition": "Severity",
};

const sCategory: Schema = {
  "type": "string",
  "enum": ["Process","File","Network","Capability","Namespace","Syscall","Memory","Identity","Audit","Integrity"],
  "description": "Absent, by kind: Process for binaries and processes, File for paths, Capability for capabilities, Namespace for namespaces, Integrity for kernel.",
  "x-definition": "Category",
};

const sRule: Schema = {
  "type": "object",
  "description": "One rule. It has exactly one kind, and that exactly one of allow and deny.",
  "required": ["name"],
  "properties": {
    "name": {
      "type": "string",
      "description": "Identity of the rule. Counters and reports follow it; renaming starts a new rule.",
      "minLength": 1,
      "maxLength": 63,
      "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    },
    "binaries": sBinariesRule,
    "paths": sPathsRule,
    "capabilities": sCapabilitiesRule,
    "namespaces": sNamespacesRule,
    "kernel": sKernelRule,
    "processes": sProcessesRule,
    "action": {
      ...sAction,
      "default": "Kill",
    },
    "except": {
      "type": "array",
      "description": "Exceptions, ORed. An exception weakens its own rule and nothing else.",
      "minItems": 1,
      "maxItems": 16,
      "x-kubernetes-list-type": "atomic",
      "items": sException,
    },
    "minimumGuarantee": {
      ...sGuarantee,
      "description": "As the spec's, for this rule. Absent it is the spec's.",
    },
    "severity": sSeverity,
    "category": sCategory,
    "tags": {
      "type": "array",
      "description": "Copied to events and reports; never part of a decision.",
      "minItems": 1,
      "maxItems": 16,
      "x-kubernetes-list-type": "set",
      "items": {
        "type": "string",
        "minLength": 1,
        "maxLength": 64,
      },
    },
    "message": {
      "type": "string",
      "description": "One line, copied to events and reports.",
      "minLength": 1,
      "maxLength": 256,
      "pattern": "^[^\\r\\n]+$",
    },
  },
  "x-kubernetes-validations": [{"rule":"[has(self.binaries), has(self.paths), has(self.capabilities), has(self.namespaces), has(self.kernel), has(self.processes)].filter(x, x).size() == 1","message":"RULE_KIND_COUNT: exactly one of binaries, paths, capabilities, namespaces, kernel, processes"},{"rule":"self.action != 'Audit' || !has(self.minimumGuarantee) || self.minimumGuarantee == 'Observe'","message":"GUARANTEE_CONTRADICTS_ACTION: minimumGuarantee Observe, or none, on a rule whose action is Audit"},{"rule":"!has(self.except) || has(self.paths) || self.except.all(e, !has(e.paths))","message":"INVALID_VALUE: exceptions with paths only in rules of the kind paths"}],
  "x-definition": "Rule",
};

const sRules: Schema = {
  "type": "array",
  "description": "The rules. Their order has no meaning.",
  "minItems": 1,
  "maxItems": 64,
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["name"],
  "items": sRule,
  "x-definition": "Rules",
};

const sMainProcessAction: Schema = {
  "type": "string",
  "enum": ["Kill","Block"],
  "description": "What Kill does to the main process of a container. Killing it ends the container.",
  "x-definition": "MainProcessAction",
};

const sUnresolvedAction: Schema = {
  "type": "string",
  "enum": ["Kill","Block","Audit"],
  "description": "The strictest action when the kernel cannot decide whether a rule matches.",
  "x-definition": "UnresolvedAction",
};

const sAcknowledgement: Schema = {
  "type": "string",
  "enum": ["HostEnforcement","HostAllowList","SystemNamespaces"],
  "x-definition": "Acknowledgement",
};

const sAcknowledgements: Schema = {
  "type": "array",
  "description": "What the author knows the policy can do. Policies that can lock people out are rejected without it.",
  "minItems": 1,
  "maxItems": 3,
  "x-kubernetes-list-type": "set",
  "items": sAcknowledgement,
  "x-definition": "Acknowledgements",
};

const sCanaryStep: Schema = {
  "type": "object",
  "description": "One step.",
  "required": ["percent","soakSeconds"],
  "properties": {
    "percent": {
      "type": "integer",
      "format": "int32",
      "minimum": 1,
      "maximum": 99,
      "description": "The share.",
    },
    "soakSeconds": {
      "type": "integer",
      "format": "int32",
      "minimum": 30,
      "maximum": 86400,
      "description": "How long nothing may go wrong before the next step.",
    },
  },
  "x-definition": "CanaryStep",
};

const sCanary: Schema = {
  "type": "object",
  "description": "A share that grows in steps and goes back to Monitor when the workloads of the share fail.",
  "required": ["unit","steps"],
  "properties": {
    "unit": {
      "type": "string",
      "enum": ["Pods","Nodes"],
      "description": "What the share is counted in.",
    },
    "steps": {
      "type": "array",
      "description": "Shares in rising order; the last step is followed by all.",
      "minItems": 1,
      "maxItems": 8,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["percent"],
      "items": sCanaryStep,
    },
    "maxFailures": {
      "type": "integer",
      "format": "int32",
      "minimum": 0,
      "default": 0,
      "description": "Pods of the share that may restart or become unready before the policy is rolled back.",
    },
    "maxViolations": {
      "type": "integer",
      "format": "int64",
      "minimum": 0,
      "description": "Violations in the share before the policy is rolled back. Absent, they are not looked at.",
    },
  },
  "x-kubernetes-validations": [{"rule":"self.steps.map(s, s.percent).isSorted()","message":"INVALID_VALUE: steps with rising percentages"}],
  "x-definition": "Canary",
};

const sRollout: Schema = {
  "type": "object",
  "description": "How a new version reaches its workloads. Absent everywhere at once.",
  "required": ["type","canary"],
  "properties": {
    "type": {
      "type": "string",
      "enum": ["Canary"],
      "description": "The only type.",
    },
    "canary": sCanary,
  },
  "x-definition": "Rollout",
};

const sRuntimePolicySpec: Schema = {
  "type": "object",
  "description": "The policy.",
  "required": ["mode","selector","rules"],
  "properties": {
    "mode": sMode,
    "selector": sPodSelection,
    "rules": sRules,
    "minimumGuarantee": {
      ...sGuarantee,
      "default": "Observe",
    },
    "mainProcess": {
      ...sMainProcessAction,
      "default": "Kill",
    },
    "unresolved": {
      ...sUnresolvedAction,
      "default": "Block",
    },
    "acknowledge": sAcknowledgements,
    "rollout": sRollout,
  },
  "x-kubernetes-validations": [{"rule":"!has(self.rollout) || self.mode == 'Enforce'","message":"INVALID_VALUE: mode Enforce where there is a rollout; Monitor interferes nowhere and needs none"}],
  "x-definition": "RuntimePolicySpec",
};

const sCondition: Schema = {
  "type": "object",
  "description": "One condition.",
  "required": ["type","status","lastTransitionTime","reason","message"],
  "properties": {
    "type": {
      "type": "string",
      "maxLength": 316,
      "description": "Name of the condition.",
    },
    "status": {
      "type": "string",
      "enum": ["True","False","Unknown"],
      "description": "Whether it holds.",
    },
    "observedGeneration": {
      "type": "integer",
      "format": "int64",
      "minimum": 0,
      "description": "The generation it is about.",
    },
    "lastTransitionTime": {
      "type": "string",
      "format": "date-time",
      "description": "When status changed last.",
    },
    "reason": {
      "type": "string",
      "minLength": 1,
      "maxLength": 1024,
      "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
      "description": "Why, in one word.",
    },
    "message": {
      "type": "string",
      "maxLength": 4096,
      "description": "Why, in a sentence.",
    },
  },
  "x-definition": "Condition",
};

const sHeldGuarantee: Schema = {
  "type": "string",
  "enum": ["Prevent","Terminate","Observe","None"],
  "x-definition": "HeldGuarantee",
};

const sCount: Schema = {
  "type": "integer",
  "format": "int64",
  "minimum": 0,
  "x-definition": "Count",
};

const sNodeCounts: Schema = {
  "type": "object",
  "description": "Every node that has something to select counts once in desired and once in one of the others.",
  "properties": {
    "desired": {
      ...sCount,
      "description": "Nodes with something to select.",
    },
    "enforced": {
      ...sCount,
      "description": "Nodes that do what was asked.",
    },
    "degraded": {
      ...sCount,
      "description": "Nodes that do less.",
    },
    "monitored": {
      ...sCount,
      "description": "Nodes that only report.",
    },
    "refused": {
      ...sCount,
      "description": "Nodes that cannot hold the minimum guarantee.",
    },
    "failed": {
      ...sCount,
      "description": "Nodes that could not take the policy.",
    },
    "pending": {
      ...sCount,
      "description": "Nodes that have not taken it yet.",
    },
  },
  "x-definition": "NodeCounts",
};

const sPodCounts: Schema = {
  "type": "object",
  "description": "Pods.",
  "properties": {
    "matched": {
      ...sCount,
      "description": "Selected.",
    },
    "protected": {
      ...sCount,
      "description": "Under the policy.",
    },
    "predating": {
      ...sCount,
      "description": "With processes or open files older than the policy.",
    },
    "withoutAgent": {
      ...sCount,
      "description": "On nodes without an agent.",
    },
  },
  "x-definition": "PodCounts",
};

const sDepartedCounts: Schema = {
  "type": "object",
  "description": "Of these, how many no node lists any more. It keeps the counts from falling when a node or rule leaves.",
  "properties": {
    "killed": {
      ...sCount,
      "description": "Of those killed.",
    },
    "blocked": {
      ...sCount,
      "description": "Of those denied.",
    },
    "audited": {
      ...sCount,
      "description": "Of those reported.",
    },
  },
  "x-definition": "DepartedCounts",
};

const sViolationCounts: Schema = {
  "type": "object",
  "description": "Violations since the policy was made.",
  "properties": {
    "total": {
      ...sCount,
      "description": "All.",
    },
    "killed": {
      ...sCount,
      "description": "Of these denied or killed with Kill.",
    },
    "blocked": {
      ...sCount,
      "description": "Of these denied.",
    },
    "audited": {
      ...sCount,
      "description": "Of these only reported.",
    },
    "lastTime": {
      "type": "string",
      "format": "date-time",
      "description": "The last one.",
    },
    "departed": sDepartedCounts,
  },
  "x-definition": "ViolationCounts",
};

const sRuleStatus: Schema = {
  "type": "object",
  "description": "One rule.",
  "required": ["name"],
  "properties": {
    "name": {
      "type": "string",
      "maxLength": 63,
      "description": "Name of the rule.",
    },
    "effect": {
      "type": "string",
      "enum": ["DenyAndKill","Deny","Kill","Report","None"],
      "description": "The weakest that it does on any node.",
    },
    "guarantee": {
      ...sHeldGuarantee,
      "description": "The lowest on any node.",
    },
    "nodes": {
      ...sCount,
      "description": "Nodes that hold it.",
    },
    "violations": {
      ...sCount,
      "description": "Violations of it.",
    },
    "departed": {
      ...sCount,
      "description": "Of these counted by nodes that no longer list it.",
    },
  },
  "x-definition": "RuleStatus",
};

const sKernelStatus: Schema = {
  "type": "object",
  "description": "One kernel.",
  "required": ["release"],
  "properties": {
    "release": {
      "type": "string",
      "maxLength": 64,
      "description": "Release of the kernel.",
    },
    "nodes": {
      ...sCount,
      "description": "Nodes that run it.",
    },
    "guarantee": {
      ...sHeldGuarantee,
      "description": "What it can promise.",
    },
  },
  "x-definition": "KernelStatus",
};

const sProblem: Schema = {
  "type": "object",
  "description": "One problem.",
  "required": ["reason"],
  "properties": {
    "reason": {
      "type": "string",
      "maxLength": 64,
      "description": "Code or reason.",
    },
    "rule": {
      "type": "string",
      "maxLength": 63,
      "description": "The rule that has it.",
    },
    "message": {
      "type": "string",
      "maxLength": 256,
      "description": "What it is.",
    },
    "nodes": {
      ...sCount,
      "description": "Nodes that have it.",
    },
    "examples": {
      "type": "array",
      "description": "Some of these nodes.",
      "maxItems": 5,
      "x-kubernetes-list-type": "set",
      "items": {
        "type": "string",
        "maxLength": 253,
      },
    },
  },
  "x-definition": "Problem",
};

const sFinding: Schema = {
  "type": "object",
  "description": "One finding.",
  "required": ["code","level"],
  "properties": {
    "code": {
      "type": "string",
      "maxLength": 64,
      "description": "Code of the finding.",
    },
    "level": {
      "type": "string",
      "enum": ["Error","Warning"],
      "description": "An error rejects the policy.",
    },
    "path": {
      "type": "string",
      "maxLength": 256,
      "description": "Field it is about.",
    },
    "message": {
      "type": "string",
      "maxLength": 1024,
      "description": "What it is.",
    },
  },
  "x-definition": "Finding",
};

const sRolloutStatus: Schema = {
  "type": "object",
  "description": "Where the rollout is. Agents obey it.",
  "properties": {
    "generation": {
      "type": "integer",
      "format": "int64",
      "description": "The generation that is rolled out.",
    },
    "step": {
      "type": "integer",
      "format": "int32",
      "minimum": 0,
      "description": "Index of the step.",
    },
    "percent": {
      "type": "integer",
      "format": "int32",
      "minimum": 0,
      "maximum": 100,
      "description": "The share.",
    },
    "phase": {
      "type": "string",
      "enum": ["Progressing","Completed","RolledBack"],
      "description": "How it goes.",
    },
    "since": {
      "type": "string",
      "format": "date-time",
      "description": "When the phase or step began.",
    },
    "message": {
      "type": "string",
      "maxLength": 256,
      "description": "Why.",
    },
  },
  "x-definition": "RolloutStatus",
};

const sPolicyStatus: Schema = {
  "type": "object",
  "description": "What became of the policy. Counts are exact; where a list was cut, omitted says by how much.",
  "properties": {
    "observedGeneration": {
      "type": "integer",
      "format": "int64",
      "description": "The generation that the status is about.",
    },
    "conditions": {
      "type": "array",
      "description": "Accepted, Programmed, Enforcing, Degraded, Ready.",
      "maxItems": 8,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
      "items": sCondition,
    },
    "guarantee": {
      ...sHeldGuarantee,
      "description": "The lowest over rules and nodes; rules with Audit do not count.",
    },
    "nodes": sNodeCounts,
    "pods": sPodCounts,
    "violations": sViolationCounts,
    "rules": {
      "type": "array",
      "description": "Each rule.",
      "maxItems": 64,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      "items": sRuleStatus,
    },
    "kernels": {
      "type": "array",
      "description": "Kernels that hold the policy.",
      "maxItems": 8,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["release"],
      "items": sKernelStatus,
    },
    "problems": {
      "type": "array",
      "description": "What keeps nodes from holding the policy as asked.",
      "maxItems": 16,
      "x-kubernetes-list-type": "atomic",
      "items": sProblem,
    },
    "findings": {
      "type": "array",
      "description": "Findings about the policy's text.",
      "maxItems": 32,
      "x-kubernetes-list-type": "atomic",
      "items": sFinding,
    },
    "rollout": sRolloutStatus,
    "omitted": {
      "type": "object",
      "description": "By the name of a list, how many entries it leaves out.",
      "maxProperties": 8,
      "additionalProperties": {
        "type": "integer",
        "format": "int64",
        "minimum": 0,
      },
    },
  },
  "x-definition": "PolicyStatus",
};

const sRuntimePolicy: Schema = {
  "type": "object",
  "description": "What containers of the pods of one namespace may do.",
  "required": ["apiVersion","kind","metadata","spec"],
  "properties": {
    "apiVersion": {
      "type": "string",
    },
    "kind": {
      "type": "string",
    },
    "metadata": sObjectMeta,
    "spec": sRuntimePolicySpec,
    "status": sPolicyStatus,
  },
  "x-kubernetes-validations": [{"rule":"self.metadata.name.size() <= 63","message":"INVALID_VALUE: a name of at most 63 characters"}],
  "x-definition": "RuntimePolicy",
};

const sScope: Schema = {
  "type": "string",
  "enum": ["Pods","Host"],
  "description": "Pods, or processes of the host outside pods. Cannot be changed.",
  "x-definition": "Scope",
};

const sCgroupPattern: Schema = {
  ...sPathPattern,
  "description": "Path of a cgroup from the root of the cgroup v2 hierarchy, in the form of a path pattern.",
  "x-definition": "CgroupPattern",
};

const sClusterSelection: Schema = {
  "type": "object",
  "description": "Whom the policy selects. All fields are ANDed, entries of a list ORed.",
  "properties": {
    "podSelector": {
      ...sLabelSelector,
      "description": "Labels of the pods; required where scope is Pods. {} selects every pod.",
    },
    "namespaceSelector": {
      ...sLabelSelector,
      "description": "Labels of the namespaces; required where scope is Pods. {} selects every namespace; kubernetes.io/metadata.name selects by name.",
    },
    "containers": sContainerNames,
    "containerTypes": sContainerTypes,
    "sessions": sSessions,
    "cgroups": {
      "type": "array",
      "description": "Cgroups of the host processes, from the root of the cgroup v2 hierarchy; required where scope is Host.",
      "minItems": 1,
      "maxItems": 64,
      "x-kubernetes-list-type": "set",
      "items": sCgroupPattern,
    },
  },
  "x-definition": "ClusterSelection",
};

const sClusterRuntimePolicySpec: Schema = {
  "type": "object",
  "description": "The policy.",
  "required": ["mode","selector","rules"],
  "properties": {
    "mode": sMode,
    "scope": {
      ...sScope,
      "default": "Pods",
    },
    "selector": sClusterSelection,
    "nodeSelector": {
      ...sLabelSelector,
      "description": "Labels of the nodes on which the policy holds. Absent on every node. Read again when they change.",
    },
    "rules": sRules,
    "minimumGuarantee": {
      ...sGuarantee,
      "default": "Observe",
    },
    "mainProcess": {
      ...sMainProcessAction,
      "default": "Kill",
    },
    "unresolved": {
      ...sUnresolvedAction,
      "default": "Block",
    },
    "acknowledge": sAcknowledgements,
    "rollout": sRollout,
  },
  "x-kubernetes-validations": [{"rule":"self.scope == oldSelf.scope","message":"INVALID_VALUE: the scope the policy was made with; make a new policy for another scope"},{"rule":"self.scope != 'Host' || has(self.selector.cgroups) && !has(self.selector.podSelector) && !has(self.selector.namespaceSelector) && !has(self.selector.containers) && !has(self.selector.containerTypes) && !has(self.selector.sessions)","message":"INVALID_VALUE: a selector with cgroups and nothing else where scope is Host"},{"rule":"self.scope == 'Host' || !has(self.selector.cgroups) && has(self.selector.podSelector) && has(self.selector.namespaceSelector)","message":"INVALID_VALUE: a selector with podSelector and namespaceSelector, and without cgroups, where scope is Pods"},{"rule":"self.scope != 'Host' || self.mode != 'Enforce' || has(self.acknowledge) && self.acknowledge.exists(a, a == 'HostEnforcement')","message":"ACK_REQUIRED: HostEnforcement in acknowledge where mode is Enforce and scope is Host; host rules can lock people out of a node"},{"rule":"self.scope != 'Host' || self.mode != 'Enforce' || has(self.acknowledge) && self.acknowledge.exists(a, a == 'HostAllowList') || !self.rules.exists(r, has(r.binaries) && has(r.binaries.allow) || has(r.paths) && has(r.paths.allow) || has(r.capabilities) && has(r.capabilities.allow) || has(r.namespaces) && has(r.namespaces.allow) || has(r.kernel) && has(r.kernel.allow) || has(r.processes) && has(r.processes.allow))","message":"ACK_REQUIRED: HostAllowList in acknowledge where a host rule has an allow list; it refuses everything that the list leaves out"},{"rule":"!has(self.rollout) || self.mode == 'Enforce'","message":"INVALID_VALUE: mode Enforce where there is a rollout; Monitor interferes nowhere and needs none"}],
  "x-definition": "ClusterRuntimePolicySpec",
};

const sClusterRuntimePolicy: Schema = {
  "type": "object",
  "description": "What containers of pods in selected namespaces, or processes of hosts, may do.",
  "required": ["apiVersion","kind","metadata","spec"],
  "properties": {
    "apiVersion": {
      "type": "string",
    },
    "kind": {
      "type": "string",
    },
    "metadata": sObjectMeta,
    "spec": sClusterRuntimePolicySpec,
    "status": sPolicyStatus,
  },
  "x-kubernetes-validations": [{"rule":"self.metadata.name.size() <= 63","message":"INVALID_VALUE: a name of at most 63 characters"}],
  "x-definition": "ClusterRuntimePolicy",
};

const sWorkloadsMeta: Schema = {
  "type": "object",
  "description": "Not used; allowed so that files look like other objects.",
  "properties": {
    "name": {
      "type": "string",
      "minLength": 1,
      "maxLength": 253,
    },
    "labels": {
      "type": "object",
      "additionalProperties": {
        "type": "string",
        "maxLength": 63,
      },
    },
    "annotations": {
      "type": "object",
      "additionalProperties": {
        "type": "string",
      },
    },
  },
  "x-definition": "WorkloadsMeta",
};

const sLabels: Schema = {
  "type": "object",
  "maxProperties": 64,
  "additionalProperties": {
    "type": "string",
    "maxLength": 63,
    "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$",
  },
  "x-definition": "Labels",
};

const sWorkloadItem: Schema = {
  "type": "object",
  "description": "One kind of workload.",
  "required": ["name","cgroup"],
  "properties": {
    "name": {
      "type": "string",
      "description": "Identity of the item.",
      "minLength": 1,
      "maxLength": 63,
      "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    },
    "cgroup": {
      ...sCgroupPattern,
      "description": "The cgroups that are such a workload, from the root of the cgroup v2 hierarchy.",
    },
    "pod": {
      "type": "string",
      "description": "Name of the pod. Absent it is the item's name.",
      "minLength": 1,
      "maxLength": 253,
      "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
    },
    "namespace": {
      "type": "string",
      "description": "Namespace of the pod.",
      "default": "default",
      "minLength": 1,
      "maxLength": 63,
      "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    },
    "namespaceLabels": {
      ...sLabels,
      "description": "Labels of the namespace.",
    },
    "labels": {
      ...sLabels,
      "description": "Labels of the pod.",
    },
    "container": {
      ...sContainerName,
      "description": "Name of the container. Absent it is the item's name.",
    },
    "containerType": {
      ...sContainerType,
      "default": "App",
      "description": "Type of the container.",
    },
  },
  "x-definition": "WorkloadItem",
};

const sWorkloads: Schema = {
  "type": "object",
  "description": "Gives plain cgroups the identity of pods, so that every selector works without Kubernetes.",
  "required": ["apiVersion","kind","items"],
  "properties": {
    "apiVersion": {
      "type": "string",
    },
    "kind": {
      "type": "string",
    },
    "metadata": sWorkloadsMeta,
    "items": {
      "type": "array",
      "description": "The cgroups.",
      "minItems": 1,
      "maxItems": 1024,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      "items": sWorkloadItem,
    },
  },
  "x-definition": "Workloads",
};

/** The schema of each kind. */
export const SCHEMAS = {
  RuntimePolicy: sRuntimePolicy,
  ClusterRuntimePolicy: sClusterRuntimePolicy,
  Workloads: sWorkloads,
} as const;
