// What policies as a whole say of workloads and nodes in reports: in force, not held as asked, or only observed.

import type { Condition, PolicyStatus } from '../policy/schema.gen.js';
import type { Folded } from '../report/fold-nodes.js';
import type { PolicyStanding, ReportedPolicy, ReportedRule } from '../report/result.js';
import type { KnownPolicy } from './controller-policies.js';

type Outcome = Pick<PolicyStanding, 'outcome' | 'message'>;

export interface NodeError {
  readonly node: string;
  readonly standing: PolicyStanding;
}

interface Changed {
  readonly changed: boolean;
  readonly nodes: readonly string[];
}

export class ControllerStandings {
  readonly #reported = new Map<string, ReportedPolicy>();
  readonly #standings = new Map<string, PolicyStanding>();
  /** Node -> policy UID. */
  readonly #errors = new Map<string, Map<string, PolicyStanding>>();
  readonly #withPass: boolean;

  constructor(withPass: boolean) {
    this.#withPass = withPass;
  }

  /** By UID. */
  policies(): ReadonlyMap<string, ReportedPolicy> {
    return this.#reported;
  }

  /** A new version, before its status is known. */
  note(policy: KnownPolicy): void {
    const before = this.#reported.get(policy.uid);
    this.#reported.set(
      policy.uid,
      reportedPolicy(policy, (rule) => before?.rules.get(rule)?.guarantee),
    );
  }

  forget(uid: string): string[] {
    this.#reported.delete(uid);
    this.#standings.delete(uid);
    return this.#setErrors(uid, []);
  }

  /** Whether workloads have something else to say now, and the nodes that have. */
  fold(policy: KnownPolicy, status: PolicyStatus, folded: Folded): Changed {
    const { uid } = policy;
    const guarantees = new Map(status.rules?.map(({ name, guarantee }) => [name, guarantee]));
    const reported = reportedPolicy(policy, (rule) => guarantees.get(rule));
    this.#reported.set(uid, reported);
    const since = programmedOf(status)?.lastTransitionTime ?? folded.input.now;
    const outcome = outcomeOf(policy, status, this.#withPass);
    const before = this.#standings.get(uid)?.message;
    if (outcome === undefined) this.#standings.delete(uid);
    else this.#standings.set(uid, { policy: reported, since, ...outcome });
    const nodes = this.#setErrors(uid, nodeErrors(policy, folded, reported, since));
    return { changed: before !== outcome?.message, nodes };
  }

  ofPolicies(): ReadonlyMap<string, PolicyStanding> {
    return this.#standings;
  }

  /** Nodes that have something to say. */
  nodes(): string[] {
    return [...this.#errors.keys()];
  }

  ofNode(node: string): readonly PolicyStanding[] {
    return [...(this.#errors.get(node)?.values() ?? [])];
  }

  #setErrors(uid: string, errors: readonly NodeError[]): string[] {
    const changed = new Set<string>();
    const now = new Map(errors.map(({ node, standing }) => [node, standing]));
    for (const [node, standings] of this.#errors) {
      if (!standings.has(uid) || now.has(node)) continue;
      standings.delete(uid);
      if (standings.size === 0) this.#errors.delete(node);
      changed.add(node);
    }
    for (const [node, standing] of now) {
      const standings = this.#errors.get(node) ?? new Map<string, PolicyStanding>();
      this.#errors.set(node, standings);
      if (standings.get(uid)?.message !== standing.message) changed.add(node);
      standings.set(uid, standing);
    }
    return [...changed];
  }
}

function reportedPolicy(policy: KnownPolicy, guarantee: (rule: string) => string | undefined): ReportedPolicy {
  const rules = (policy.ir?.rules ?? []).map(
    ({ name, list, severity, category, tags, message }): [string, ReportedRule] => {
      const offered = guarantee(name);
      const rule = { list, severity, category, tags, ...(message !== undefined && { message }) };
      return [name, { ...rule, ...(offered !== undefined && { guarantee: offered }) }];
    },
  );
  return { uid: policy.uid, title: policy.title, rules: new Map(rules) };
}

function programmedOf({ conditions = [] }: PolicyStatus): Condition | undefined {
  return conditions.find(({ type }) => type === 'Programmed');
}

function outcomeOf(policy: KnownPolicy, status: PolicyStatus, withPass: boolean): Outcome | undefined {
  const { title, ir } = policy;
  if (ir === undefined || (status.nodes?.desired ?? 0) === 0) return undefined;
  const failure = failureOf(title, status);
  if (failure !== undefined) return failure;
  if (programmedOf(status)?.status !== 'True') return undefined;
  if (ONLY_SEEN.has(status.guarantee)) return { outcome: 'skip', message: `policy ${title} is only observed` };
  if (!withPass) return undefined;
  return { outcome: 'pass', message: `policy ${title} is in force and nothing that it forbids was tried` };
}

function failureOf(title: string, { nodes = {} }: PolicyStatus): Outcome | undefined {
  const { refused = 0, failed = 0 } = nodes;
  if (refused > 0) return { outcome: 'error', message: `policy ${title}: the guarantee is lower than asked` };
  return failed > 0 ? { outcome: 'error', message: `policy ${title} cannot be loaded everywhere` } : undefined;
}

const ONLY_SEEN: ReadonlySet<string | undefined> = new Set(['Observe', 'None']);

function nodeErrors(policy: KnownPolicy, folded: Folded, reported: ReportedPolicy, since: string): NodeError[] {
  return folded.answers.flatMap(({ node, standing, problems }) => {
    if (standing !== 'failed' && standing !== 'refused') return [];
    const reason = standing === 'refused' ? 'GuaranteeNotMet' : (problems[0]?.reason ?? 'NodesFailed');
    const message = `policy ${policy.title} is not held as asked on node ${node.name}: ${reason}`;
    return [{ node: node.name, standing: { policy: reported, outcome: 'error' as const, message, since } }];
  });
}
