// The intermediate representation: what policies mean, independent of programs, maps, bytes and kernel versions.
// Frozen, ordered and JSON-serialisable: the encoder, the reference evaluator, `explain` and golden files use the same
// value. docs/adr/0002 shows how TracingPolicy, network and label-identity rules fit into it.

/** Where a rule looks, by concept: one decision point of the kernel, whatever hook implements it. */
export type HookName =
  | 'file-read'
  | 'file-write'
  | 'file-execute'
  | 'file-create'
  | 'file-delete'
  | 'file-rename'
  | 'file-link'
  | 'file-attributes'
  | 'exec'
  | 'exec-map';

export type Action = 'Kill' | 'Block' | 'Audit';
export type Guarantee = 'Prevent' | 'Terminate' | 'Observe';
export type Session = 'Main' | 'Exec' | 'Probe' | 'Lifecycle' | 'Host';
export type Origin = 'Image' | 'UpperLayer' | 'ReadOnlyVolume' | 'WritableVolume' | 'Anonymous' | 'Unknown';
export type RuleKind = 'binaries' | 'paths';
export type PolicyKind = 'RuntimePolicy' | 'ClusterRuntimePolicy';
export type Severity = 'Critical' | 'High' | 'Medium' | 'Low' | 'Info';
export type Category =
  | 'Process'
  | 'File'
  | 'Network'
  | 'Capability'
  | 'Namespace'
  | 'Syscall'
  | 'Memory'
  | 'Identity'
  | 'Audit'
  | 'Integrity';

/** One component of a pattern. Bytes are latin-1 text: one UTF-16 unit, U+0000 to U+00FF, for each byte. */
export type ComponentIR = { readonly literal: string } | { readonly prefix: string; readonly suffix: string };

/**
 * A path pattern after parsing: escapes are gone, equivalent directories are canonical (`/bin/sh` is `/usr/bin/sh`).
 * `floating`: `**` first, so it may begin in any directory; `subtree`: `**` last, so everything below matches too.
 */
export interface PatternIR {
  readonly floating: boolean;
  readonly components: readonly ComponentIR[];
  readonly subtree: boolean;
  /** As the user wrote it, for messages and reports. */
  readonly text: string;
}

/** Conditions of one item, ANDed. Values of one condition are ORed. */
export interface ItemIR {
  /** Hooks the item speaks about, in the order of HookName. */
  readonly hooks: readonly HookName[];
  readonly path?: PatternIR;
  readonly origins?: readonly Origin[];
}

/** One exception; fields are ANDed, the entries of a field ORed. */
export interface ExceptIR {
  readonly binaries?: readonly Omit<ItemIR, 'hooks'>[];
  readonly paths?: readonly PatternIR[];
  readonly sessions?: readonly Session[];
}

export interface RuleIR {
  readonly name: string;
  readonly kind: RuleKind;
  readonly list: 'allow' | 'deny';
  /** Hooks that the list governs, in the order of HookName: the union of its items' hooks. */
  readonly governs: readonly HookName[];
  readonly items: readonly ItemIR[];
  readonly except: readonly ExceptIR[];
  readonly action: Action;
  readonly minimumGuarantee: Guarantee;
  readonly severity: Severity;
  readonly category: Category;
  readonly tags: readonly string[];
  readonly message?: string;
}

export interface LabelSelectorIR {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values: readonly string[];
  }[];
}

/** Whom a policy selects. */
export type ScopeIR =
  | {
      readonly scope: 'Pods';
      /** Absent in the cluster kind. */
      readonly namespace?: string;
      readonly namespaceSelector?: LabelSelectorIR;
      readonly podSelector: LabelSelectorIR;
      readonly containers?: readonly string[];
      readonly containerTypes?: readonly ('App' | 'Init' | 'Sidecar' | 'Ephemeral')[];
      readonly sessions?: readonly Session[];
      /** Pods of system namespaces too: the policy acknowledges that. */
      readonly system?: true;
    }
  | { readonly scope: 'Host'; readonly cgroups: readonly PatternIR[] };

/** Which layer of a workload's rulesets the policy belongs to. */
export type Layer = 'cluster' | 'node' | 'namespace' | 'host';

export interface PolicyIR {
  readonly uid: string;
  readonly kind: PolicyKind;
  /** Empty for the cluster kind. */
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  readonly source: 'File' | 'API';
  readonly mode: 'Enforce' | 'Monitor';
  readonly layer: Layer;
  /** Nodes that the policy is for; absent: every node. */
  readonly nodeSelector?: LabelSelectorIR;
  readonly scope: ScopeIR;
  readonly mainProcess: 'Kill' | 'Block';
  readonly unresolved: Action;
  readonly rules: readonly RuleIR[];
}

/** What an object is, for a decision. `unresolved` says why its name is not known; then `path` is absent or cut. */
export interface ObjectIR {
  /** Absolute name from the root of its mount namespace, bytes as latin-1. Absent: it has no name. */
  readonly path?: string;
  readonly unresolved?: 'Detached' | 'Deep' | 'Unstable' | 'Read' | 'NoMount';
  readonly origin: Origin;
  readonly isDirectory?: boolean;
}

/** One operation, as the reference evaluator and `explain` take it. */
export interface OperationIR {
  readonly hooks: readonly HookName[];
  readonly object: ObjectIR;
  /** Absolute name of the object as it was given to execve, or as a script gives it of its interpreter. */
  readonly givenName?: string;
  /** For exec: false for an interpreter or binfmt handler of the file that was asked for. */
  readonly firstOfChain?: boolean;
  /** A change of the mount tree (bind, move, pivot_root, stacked or detached mount), whose source cannot be judged. */
  readonly changesMountTree?: boolean;
  /** The acting program. */
  readonly program?: { readonly path: string; readonly origin: Origin };
  readonly session: Session;
  readonly mainProcess: boolean;
  /** The exec that ends a container's Setup, under a hook that can deny: it is never killed. */
  readonly endsSetup?: boolean;
  /** The acting process is in a protected unit (row 12 of the truth table). */
  readonly protected?: boolean;
}

export interface HitIR {
  readonly policyUid: string;
  readonly rule: string;
  /** Action in force: Monitor has made it Audit. */
  readonly action: Action;
  readonly asked: Action;
  readonly unresolved: boolean;
}

export interface DecisionIR {
  readonly verdict: 'Allow' | 'Audit' | 'Block' | 'Kill';
  /** Primary hit first, then by kind, namespace, policy and rule name. */
  readonly hits: readonly HitIR[];
}
