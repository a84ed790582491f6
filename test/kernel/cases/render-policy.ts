// From the intermediate representation back to the object that a user would write.
import type { ExceptIR, HookName, ItemIR, PolicyIR, RuleIR } from '../../../operator/src/compile/ir.js';
import type { PolicyObject } from '../harness/agent.js';
import { NAMESPACE } from '../harness/workloads.js';

const ACCESS: Partial<Record<HookName, string>> = {
  'file-read': 'Read',
  'file-write': 'Write',
  'file-execute': 'Execute',
  'file-create': 'Create',
  'file-delete': 'Delete',
  'file-rename': 'Rename',
  'file-link': 'Link',
  'file-attributes': 'Attributes',
};

function binaryMatch({ path, origins }: Omit<ItemIR, 'hooks'>): object {
  return { ...(path && { path: path.text }), ...(origins && { origins }) };
}

function item(kind: RuleIR['kind'], one: ItemIR): object {
  if (kind === 'binaries') return binaryMatch(one);
  return { path: one.path?.text, access: one.hooks.map((hook) => ACCESS[hook]) };
}

function exception({ binaries, paths, sessions }: ExceptIR): object {
  return {
    ...(binaries && { binaries: binaries.map(binaryMatch) }),
    ...(paths && { paths: paths.map(({ text }) => text) }),
    ...(sessions && { sessions }),
  };
}

function rule({ name, kind, list, items, except, action, severity }: RuleIR): object {
  const list_ = { [list]: items.map((one) => item(kind, one)) };
  return {
    name,
    [kind]: list_,
    action,
    severity,
    ...(except.length > 0 ? { except: except.map(exception) } : {}),
  };
}

export function renderPolicy(policy: PolicyIR, workload: string): PolicyObject {
  const isNamespaced = policy.kind === 'RuntimePolicy';
  const selector = {
    podSelector: { matchLabels: { case: workload } },
    ...(isNamespaced ? {} : { namespaceSelector: {} }),
  };
  const { name, kind, mode, mainProcess, unresolved, rules } = policy;
  return {
    apiVersion: 'ringfence.io/v1alpha1',
    kind,
    metadata: { name, ...(isNamespaced ? { namespace: NAMESPACE } : {}) },
    spec: { mode, selector, mainProcess, unresolved, rules: rules.map(rule) },
  };
}
