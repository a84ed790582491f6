// Why a set of policies cannot be brought into the kernel. Nothing of such a set is applied: the last good one stays.

export type ProblemCode =
  | 'AGENT_TOO_MANY_SHAPES'
  | 'AGENT_TOO_MANY_RULESETS'
  | 'AGENT_TOO_MANY_SELECTORS'
  | 'AGENT_HASH_COLLISION'
  | 'KERNEL_MAP_FULL';

export interface EncodeProblem {
  readonly code: ProblemCode;
  /** UIDs of the policies that do not fit beside the others. */
  readonly policies: readonly string[];
  readonly expected: string;
  readonly got: string;
}
