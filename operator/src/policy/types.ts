// What the rest of the product sees of policy files: objects that passed validation, with defaults filled in.
import type { Issue } from '../errors.js';
import type {
  Category,
  ClusterRuntimePolicySpec,
  Guarantee,
  ObjectMeta,
  Rule,
  Severity,
  WorkloadItem,
} from './schema.gen.js';

export type PolicyKind = 'RuntimePolicy' | 'ClusterRuntimePolicy';
export type RuleKind = 'binaries' | 'paths' | 'capabilities' | 'namespaces' | 'kernel' | 'processes';

/** A place in a file; lines and columns count from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where a document begins. */
export interface Source extends Position {
  readonly file: string;
}

/** A rule with what depends on its kind or its policy filled in. */
export interface PolicyRule extends Rule {
  readonly minimumGuarantee: Guarantee;
  readonly severity: Severity;
  readonly category: Category;
}

/** The spec of either kind; the namespaced kind has scope Pods and neither namespaceSelector nor nodeSelector. */
export interface PolicySpec extends Omit<ClusterRuntimePolicySpec, 'rules'> {
  readonly rules: readonly PolicyRule[];
}

export interface Policy {
  readonly kind: PolicyKind;
  /** The namespace is empty for the cluster kind. */
  readonly metadata: ObjectMeta & { readonly namespace: string };
  readonly spec: PolicySpec;
  readonly source: Source;
}

/** An item of a Workloads file with its names filled in. */
export interface Workload extends WorkloadItem {
  readonly pod: string;
  readonly container: string;
}

export interface WorkloadsDoc {
  readonly items: readonly Workload[];
  readonly source: Source;
}

/** Everything that one file says. Issues are in the order of their positions. */
export interface PolicyFile {
  readonly policies: readonly Policy[];
  readonly workloads: readonly WorkloadsDoc[];
  readonly issues: readonly Issue[];
}
