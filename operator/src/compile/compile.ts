// From a policy that passed validation to what it means. The result is frozen, and the same for every order in which
// the author may have written the same rules and items.

import { patternOf } from '../policy/pattern.js';
import type { BinaryMatch, Exception, LabelSelector, OriginName, PathMatch } from '../policy/schema.gen.js';
import type { Policy, PolicyRule, PolicySpec } from '../policy/types.js';
import { HOOKS, hookOfClass } from './classes.js';
import type { ExceptIR, ItemIR, LabelSelectorIR, Layer, Origin, PolicyIR, RuleIR, ScopeIR } from './ir.js';

/** What a policy's own text does not say. */
export interface PolicyIdentity {
  readonly uid: string;
  readonly generation: number;
  readonly source: PolicyIR['source'];
}

const FILE_HOOKS = HOOKS.filter((hook) => hook.startsWith('file-'));
const ORIGINS: readonly Origin[] = ['Image', 'UpperLayer', 'ReadOnlyVolume', 'WritableVolume', 'Anonymous', 'Unknown'];
const UNTRUSTED: readonly Origin[] = ['UpperLayer', 'WritableVolume', 'Anonymous', 'Unknown'];

/** In the first list's order, each once. */
function inOrderOf<T>(order: readonly T[], wanted: Iterable<T>): T[] {
  const set = new Set(wanted);
  return order.filter((value) => set.has(value));
}

function sortedByJson<T>(list: readonly T[]): T[] {
  const keyed = list.map((value) => ({ value, key: JSON.stringify(value) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : Number(a.key !== b.key)));
  return keyed.filter(({ key }, index) => key !== keyed[index - 1]?.key).map(({ value }) => value);
}

function compileOrigins(names: readonly OriginName[]): Origin[] {
  const origins = names.flatMap((name): readonly Origin[] => (name === 'Untrusted' ? UNTRUSTED : [name]));
  return inOrderOf(ORIGINS, origins);
}

/** Dropping a condition would widen an item to what its author never meant. */
function unsupported(what: string): never {
  throw new TypeError(`${what} does not compile: validation must have rejected it`);
}

function compileFile(match: BinaryMatch): Omit<ItemIR, 'hooks'> {
  if (match.sha256 !== undefined) return unsupported('sha256');
  if (match.applets !== undefined) return unsupported('applets');
  if (match.environment !== undefined) return unsupported('environment');
  return {
    ...(match.path === undefined ? {} : { path: patternOf(match.path) }),
    ...(match.origins === undefined ? {} : { origins: compileOrigins(match.origins) }),
  };
}

/** Libraries and the loader of an allowed program are not judged: an allow list is about exec only. */
function binaryItem(match: BinaryMatch, list: RuleIR['list']): ItemIR {
  return { hooks: list === 'allow' ? ['exec'] : ['exec', 'exec-map'], ...compileFile(match) };
}

function pathItem(match: PathMatch): ItemIR {
  const hooks = match.access?.map(hookOfClass) ?? FILE_HOOKS;
  return { hooks: inOrderOf(HOOKS, hooks), path: patternOf(match.path) };
}

interface RuleList {
  readonly kind: RuleIR['kind'];
  readonly list: RuleIR['list'];
  readonly items: readonly ItemIR[];
}

function listOf(allow: unknown): RuleIR['list'] {
  return allow === undefined ? 'deny' : 'allow';
}

function compileList({ name, binaries, paths }: PolicyRule): RuleList {
  if (binaries !== undefined) {
    const list = listOf(binaries.allow);
    const items = binaries.allow ?? binaries.deny ?? [];
    return { kind: 'binaries', list, items: items.map((match) => binaryItem(match, list)) };
  }
  if (paths === undefined) return unsupported(`the kind of rule ${name}`);
  if (paths.check !== 'Open') return unsupported(`check: ${paths.check}`);
  const items = paths.allow ?? paths.deny ?? [];
  return { kind: 'paths', list: listOf(paths.allow), items: items.map(pathItem) };
}

function compileException(except: Exception): ExceptIR {
  return {
    ...(except.binaries === undefined ? {} : { binaries: sortedByJson(except.binaries.map(compileFile)) }),
    ...(except.paths === undefined ? {} : { paths: sortedByJson(except.paths.map((path) => patternOf(path))) }),
    ...(except.sessions === undefined ? {} : { sessions: [...except.sessions].sort() }),
  };
}

function compileRule(rule: PolicyRule): RuleIR {
  const { kind, list, items } = compileList(rule);
  return {
    name: rule.name,
    kind,
    list,
    governs: inOrderOf(
      HOOKS,
      items.flatMap((item) => item.hooks),
    ),
    items: sortedByJson(items),
    except: sortedByJson((rule.except ?? []).map(compileException)),
    action: rule.action,
    minimumGuarantee: rule.minimumGuarantee,
    severity: rule.severity,
    category: rule.category,
    tags: [...(rule.tags ?? [])].sort(),
    ...(rule.message === undefined ? {} : { message: rule.message }),
  };
}

function compileLabels(selector: LabelSelector): LabelSelectorIR {
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => ({
    key,
    operator,
    values: [...(values ?? [])].sort(),
  }));
  const labels = Object.entries(selector.matchLabels ?? {});
  return {
    matchLabels: Object.fromEntries(labels.sort(([a], [b]) => (a < b ? -1 : 1))),
    matchExpressions: sortedByJson(expressions),
  };
}

function acknowledged({ acknowledge }: PolicySpec): { readonly system?: true } {
  return acknowledge?.includes('SystemNamespaces') ? { system: true } : {};
}

function compileScope(policy: Policy): ScopeIR {
  const { selector, scope } = policy.spec;
  if (scope === 'Host') {
    const cgroups = (selector.cgroups ?? []).map((text) => patternOf(text, 'cgroup'));
    return { scope, cgroups: sortedByJson(cgroups) };
  }
  const { podSelector, namespaceSelector, containers, containerTypes, sessions } = selector;
  return {
    scope: 'Pods',
    ...(policy.kind === 'RuntimePolicy' ? { namespace: policy.metadata.namespace } : {}),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector: compileLabels(namespaceSelector) }),
    podSelector: compileLabels(podSelector ?? {}),
    ...(containers === undefined ? {} : { containers: [...containers].sort() }),
    ...(containerTypes === undefined ? {} : { containerTypes: [...containerTypes].sort() }),
    ...(sessions === undefined ? {} : { sessions: [...sessions].sort() }),
    ...acknowledged(policy.spec),
  };
}

function layerOf(kind: Policy['kind'], spec: PolicySpec): Layer {
  if (kind === 'RuntimePolicy') return 'namespace';
  if (spec.scope === 'Host') return 'host';
  return spec.nodeSelector === undefined ? 'cluster' : 'node';
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

/** What a policy means. Only policies that passed validation compile; others are a mistake of the caller. */
export function compilePolicy(policy: Policy, identity: PolicyIdentity): PolicyIR {
  const { kind, metadata, spec } = policy;
  return frozen({
    uid: identity.uid,
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    generation: identity.generation,
    source: identity.source,
    mode: spec.mode,
    layer: layerOf(kind, spec),
    ...(spec.nodeSelector === undefined ? {} : { nodeSelector: compileLabels(spec.nodeSelector) }),
    scope: compileScope(policy),
    mainProcess: spec.mainProcess,
    unresolved: spec.unresolved,
    rules: sortedByJson(spec.rules.map(compileRule)),
  });
}
