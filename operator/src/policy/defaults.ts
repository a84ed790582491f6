// Defaults that depend on a rule's kind or on its policy, which a schema cannot express.
import type { ClusterRuntimePolicySpec, Category, Guarantee, Rule, Severity } from './schema.gen.js';
import type { PolicyRule, PolicySpec, RuleKind } from './types.js';

export const RULE_KINDS: readonly RuleKind[] = [
  'binaries',
  'paths',
  'capabilities',
  'namespaces',
  'kernel',
  'processes',
];

const SEVERITIES: Readonly<Record<RuleKind, Severity>> = {
  binaries: 'High',
  paths: 'Medium',
  capabilities: 'High',
  namespaces: 'High',
  kernel: 'Critical',
  processes: 'High',
};

const CATEGORIES: Readonly<Record<RuleKind, Category>> = {
  binaries: 'Process',
  paths: 'File',
  capabilities: 'Capability',
  namespaces: 'Namespace',
  kernel: 'Integrity',
  processes: 'Process',
};

/** The one kind of a rule that validation has accepted. */
export function ruleKind(rule: Rule): RuleKind {
  const kind = RULE_KINDS.find((name) => rule[name] !== undefined);
  if (kind === undefined) throw new Error(`rule ${rule.name} has no kind`);
  return kind;
}

/** A rule that only audits promises nothing, whatever its policy asks of the others. */
function guaranteeOf(rule: Rule, spec: Guarantee): Guarantee {
  return rule.minimumGuarantee ?? (rule.action === 'Audit' ? 'Observe' : spec);
}

function completeRule(rule: Rule, spec: Guarantee): PolicyRule {
  const kind = ruleKind(rule);
  return {
    ...rule,
    minimumGuarantee: guaranteeOf(rule, spec),
    severity: rule.severity ?? SEVERITIES[kind],
    category: rule.category ?? CATEGORIES[kind],
  };
}

export function completeSpec(spec: ClusterRuntimePolicySpec): PolicySpec {
  return { ...spec, rules: spec.rules.map((rule) => completeRule(rule, spec.minimumGuarantee)) };
}
