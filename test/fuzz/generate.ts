// Random policies and operations for comparing deciders. A case is made from its seed alone.

import type {
  ExceptIR,
  HookName,
  ItemIR,
  ObjectIR,
  OperationIR,
  Origin,
  PatternIR,
  PolicyIR,
  RuleIR,
  ScopeIR,
  Session,
} from '../../operator/src/compile/ir.js';
import { PatternBudget, nameComponents, nameOf, nearMiss, otherSpelling, textOf } from './names.js';
import { Random } from './random.js';

export interface FuzzOptions {
  /** Changes of the mount tree too: they have no object, and a test-run of the matcher cannot say so. */
  readonly mountTree?: boolean;
  /** Protected processes too. */
  readonly protected?: boolean;
}

export interface FuzzCase {
  readonly seed: number;
  readonly policies: readonly PolicyIR[];
  readonly operation: OperationIR;
}

const FILE_HOOKS: readonly HookName[] = [
  'file-read',
  'file-write',
  'file-execute',
  'file-create',
  'file-delete',
  'file-rename',
  'file-link',
  'file-attributes',
];
const ALL_HOOKS: readonly HookName[] = [...FILE_HOOKS, 'exec', 'exec-map'];
const SESSIONS: readonly Session[] = ['Main', 'Exec', 'Probe', 'Lifecycle'];
const ACTIONS = ['Kill', 'Block', 'Audit'] as const;
const SEVERITIES = ['Critical', 'High', 'Medium', 'Low', 'Info'] as const;
const MISSES = ['Detached', 'Deep', 'Unstable', 'Read', 'NoMount'] as const;
const ORIGINS: readonly Origin[] = ['Image', 'UpperLayer', 'ReadOnlyVolume', 'WritableVolume', 'Anonymous', 'Unknown'];
const POD_LAYERS = ['namespace', 'cluster', 'node'] as const;

/** What real operations look like, besides any set of hooks at all. */
const OPERATIONS: readonly (readonly HookName[])[] = [
  ['file-execute', 'exec'],
  ['file-execute', 'exec'],
  ['file-execute', 'exec'],
  ['file-execute', 'exec-map'],
  ['file-read'],
  ['file-read', 'file-write'],
  ['file-write'],
  ['file-write', 'file-create'],
  ['file-create'],
  ['file-delete'],
  ['file-rename'],
  ['file-rename', 'file-delete'],
  ['file-link'],
  ['file-attributes'],
];

function pathItem(random: Random, budget: PatternBudget): ItemIR {
  const hooks = random.percent(30) ? FILE_HOOKS : random.some(FILE_HOOKS, 25);
  return { hooks, path: budget.take(random) };
}

/** Fields of a binaries item: path, origins or both. */
function binaryFields(random: Random, budget: PatternBudget): Omit<ItemIR, 'hooks'> {
  const kind = random.below(100);
  if (kind < 20) return { origins: random.some(ORIGINS, 25) };
  const path = budget.take(random);
  return kind < 40 ? { path, origins: random.some(ORIGINS, 50) } : { path };
}

function exception(random: Random, budget: PatternBudget, kind: RuleIR['kind']): ExceptIR {
  const fields: ExceptIR = {
    ...(random.percent(50) ? { binaries: random.times(1, 2, () => binaryFields(random, budget)) } : {}),
    ...(kind === 'paths' && random.percent(50) ? { paths: random.times(1, 2, () => budget.take(random)) } : {}),
    ...(random.percent(30) ? { sessions: random.some(SESSIONS) } : {}),
  };
  return Object.keys(fields).length > 0 ? fields : { sessions: random.some(SESSIONS) };
}

function makeRule(random: Random, budget: PatternBudget, index: number): RuleIR {
  const kind = random.pick(['binaries', 'paths'] as const);
  const list = random.percent(65) ? 'deny' : 'allow';
  const execHooks: HookName[] = list === 'allow' ? ['exec'] : ['exec', 'exec-map'];
  const items = random.times(1, 4, () =>
    kind === 'paths' ? pathItem(random, budget) : { hooks: execHooks, ...binaryFields(random, budget) },
  );
  return {
    name: `r${index}`,
    kind,
    list,
    governs: ALL_HOOKS.filter((hook) => items.some((item) => item.hooks.includes(hook))),
    items,
    except: random.percent(40) ? random.times(1, 2, () => exception(random, budget, kind)) : [],
    action: random.pick(ACTIONS),
    minimumGuarantee: 'Observe',
    severity: random.pick(SEVERITIES),
    category: kind === 'paths' ? 'File' : 'Process',
    tags: [],
  };
}

const ALL_PODS = { matchLabels: {}, matchExpressions: [] };
const ALL_CGROUPS: PatternIR = { floating: false, components: [], subtree: true, text: '/**' };

function makeScope(random: Random, isHost: boolean): ScopeIR {
  if (isHost) return { scope: 'Host', cgroups: [ALL_CGROUPS] };
  const scope = { scope: 'Pods', podSelector: ALL_PODS } as const;
  return random.percent(25) ? { ...scope, sessions: random.some(SESSIONS) } : scope;
}

function makePolicy(random: Random, budgets: Map<string, PatternBudget>, isHost: boolean, index: number): PolicyIR {
  const layer = isHost ? 'host' : random.pick(POD_LAYERS);
  const budget = budgets.get(layer) ?? new PatternBudget();
  budgets.set(layer, budget);
  const isNamespaced = layer === 'namespace';
  return {
    uid: `u${index}`,
    kind: isNamespaced ? 'RuntimePolicy' : 'ClusterRuntimePolicy',
    namespace: isNamespaced ? 'default' : '',
    name: `p${index}`,
    generation: 1,
    source: 'File',
    mode: random.percent(15) ? 'Monitor' : 'Enforce',
    layer,
    scope: makeScope(random, isHost),
    mainProcess: random.pick(['Kill', 'Block'] as const),
    unresolved: random.pick(ACTIONS),
    rules: random.times(1, 3, (rule) => makeRule(random, budget, rule)),
  };
}

/** The policies of one workload: all about pods, or all about host processes. */
export function generatePolicies(random: Random): PolicyIR[] {
  const isHost = random.percent(10);
  const budgets = new Map<string, PatternBudget>();
  return random.times(1, 4, (index) => makePolicy(random, budgets, isHost, index));
}

function patternsOf(policies: readonly PolicyIR[], part: 'items' | 'programs' | 'objects'): PatternIR[] {
  const rules = policies.flatMap((policy) => policy.rules);
  const excepts = rules.flatMap((rule) => rule.except);
  if (part === 'objects') return excepts.flatMap((except) => except.paths ?? []);
  const items = part === 'items' ? rules.flatMap((rule) => rule.items) : excepts.flatMap((e) => e.binaries ?? []);
  return items.flatMap((item) => item.path ?? []);
}

/** A name that one of the patterns matches, or nearly, or that has nothing to do with them. */
function nameFor(random: Random, patterns: readonly PatternIR[]): string[] {
  if (patterns.length === 0 || random.percent(15)) return nameComponents(random);
  const name = nameOf(random, random.pick(patterns));
  const spelled = random.percent(30) ? otherSpelling(name) : name;
  return random.percent(45) ? nearMiss(random, spelled) : spelled;
}

function ancestorOf(random: Random, name: readonly string[]): readonly string[] {
  return name.slice(0, random.between(1, Math.max(1, name.length - 1)));
}

function makeObject(random: Random, policies: readonly PolicyIR[], hooks: readonly HookName[]): ObjectIR {
  const origin = random.pick(ORIGINS);
  const isDirectory = random.percent(hooks.some((hook) => hook === 'file-rename' || hook === 'file-link') ? 50 : 5);
  const base = isDirectory ? { origin, isDirectory } : { origin };
  const kind = random.below(100);
  if (kind < 5) return base;
  if (kind < 13) return { ...base, unresolved: random.pick(MISSES) };
  const patterns = patternsOf(policies, random.percent(85) ? 'items' : 'objects');
  const name = nameFor(random, patterns);
  return { ...base, path: textOf(isDirectory && random.percent(60) ? ancestorOf(random, name) : name) };
}

/** Programs and given names are compared up to 1,024 bytes. */
function shortName(random: Random, patterns: readonly PatternIR[]): string {
  const text = textOf(nameFor(random, patterns));
  return text.length <= 900 ? text : '/a';
}

function givenName(random: Random, policies: readonly PolicyIR[]): string {
  const text = shortName(random, patternsOf(policies, 'items'));
  switch (random.below(12)) {
    case 0:
      return text.slice(1);
    case 1:
      return `/${text}`;
    case 2:
      return `/.${text}/`;
    case 3:
      return text.replaceAll('/', '/./');
    case 4:
      return `/x/..${text}`;
    case 5:
      return `${text}/..`;
    default:
      return text;
  }
}

function makeProgram(random: Random, policies: readonly PolicyIR[]): NonNullable<OperationIR['program']> {
  const origin = random.pick(ORIGINS);
  if (random.percent(5)) return { path: '', origin };
  return { path: shortName(random, patternsOf(policies, 'programs')), origin };
}

function execFields(random: Random, policies: readonly PolicyIR[]): Partial<OperationIR> {
  const fields = { firstOfChain: random.percent(80), endsSetup: random.percent(20) };
  return random.percent(40) ? { ...fields, givenName: givenName(random, policies) } : fields;
}

/** An operation that has much to do with the policies. The program `""` is one without a name. */
export function generateOperation(
  random: Random,
  policies: readonly PolicyIR[],
  options: FuzzOptions = {},
): OperationIR {
  const isHost = policies[0]?.scope.scope === 'Host';
  const hooks = random.percent(5) ? random.some(ALL_HOOKS) : random.pick(OPERATIONS);
  return {
    hooks,
    object: makeObject(random, policies, hooks),
    program: makeProgram(random, policies),
    session: isHost ? 'Host' : random.pick(SESSIONS),
    mainProcess: random.percent(25),
    ...(hooks.includes('exec') ? execFields(random, policies) : {}),
    ...(options.mountTree === true && random.percent(10) ? { changesMountTree: true } : {}),
    ...(options.protected === true && random.percent(5) ? { protected: true } : {}),
  };
}

export function generateCase(seed: number, options: FuzzOptions = {}): FuzzCase {
  const random = new Random(seed);
  const policies = generatePolicies(random);
  return { seed, policies, operation: generateOperation(random, policies, options) };
}
