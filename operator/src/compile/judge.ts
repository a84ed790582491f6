// One rule against one operation: what matched, whether that is a violation, and which exception holds. `evaluate`
// takes the result; `explain` shows the way to it.

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
  Session,
} from './ir.js';
import { hasFixedDepth, isGuardedAncestor, matchesPattern } from './match-path.js';
import { givenComponents, objectComponents } from './names.js';

export type Match = 'Yes' | 'No' | 'Unknown';

/** What of an item the operation met. */
export type MatchedBy = 'Object' | 'GivenName' | 'Ancestor';

/** One way in which the operation violates the rule, exceptions aside. */
export type Cause =
  | { readonly cause: 'Denied'; readonly match: Match; readonly item: ItemIR; readonly by: MatchedBy }
  | { readonly cause: 'NotAllowed'; readonly match: Match; readonly hook: HookName }
  | { readonly cause: 'MountTree'; readonly match: 'Yes' };

/** Why an exception does not hold. */
export type ExceptMiss = 'Session' | 'NoProgram' | 'Program' | 'Path' | 'PathUnresolved' | 'MountTree';

export interface ExceptJudgement {
  readonly except: ExceptIR;
  readonly holds: boolean;
  readonly miss?: ExceptMiss;
}

export interface JudgedCause {
  readonly cause: Cause;
  readonly excepted: boolean;
  readonly exceptions: readonly ExceptJudgement[];
}

export interface Judgement {
  /** Why the rule has nothing to say; absent where it was judged. */
  readonly skipped?: 'Session' | 'NotGoverned' | 'Nameless' | 'NotFirst';
  readonly causes: readonly JudgedCause[];
  /** What an allow rule was satisfied by. */
  readonly allowedBy?: ItemIR;
  /** After exceptions. */
  readonly violated: Match;
}

const POD_SESSIONS: readonly Session[] = ['Main', 'Exec', 'Probe', 'Lifecycle'];

function strongest(matches: readonly Match[]): Match {
  if (matches.includes('Yes')) return 'Yes';
  return matches.includes('Unknown') ? 'Unknown' : 'No';
}

function negated(match: Match): Match {
  if (match === 'Unknown') return match;
  return match === 'Yes' ? 'No' : 'Yes';
}

/** Sessions that a policy speaks about. */
export function sessionsOf(policy: PolicyIR): readonly Session[] {
  if (policy.scope.scope === 'Host') return ['Host'];
  return policy.scope.sessions ?? POD_SESSIONS;
}

function hasOrigin(origins: readonly Origin[] | undefined, origin: Origin): boolean {
  return origins === undefined || origins.includes(origin);
}

/** A pattern against an object that has a name, perhaps one that could not be found. */
function matchObjectName(pattern: PatternIR, object: ObjectIR): Match {
  if (object.unresolved === 'Deep') return hasFixedDepth(pattern) ? 'No' : 'Unknown';
  if (object.unresolved !== undefined) return 'Unknown';
  const name = objectComponents(object.path);
  return name !== undefined && matchesPattern(pattern, name) ? 'Yes' : 'No';
}

function matchObject(item: Omit<ItemIR, 'hooks'>, object: ObjectIR): Match {
  if (!hasOrigin(item.origins, object.origin)) return 'No';
  return item.path === undefined ? 'Yes' : matchObjectName(item.path, object);
}

/** The name that execve was given, or a script gives of its interpreter. Origins are those of the real file. */
function matchesGivenName(item: ItemIR, operation: OperationIR): boolean {
  if (item.path === undefined) return false;
  if (!item.hooks.includes('exec') || !operation.hooks.includes('exec')) return false;
  const name = givenComponents(operation.givenName);
  return name !== undefined && hasOrigin(item.origins, operation.object.origin) && matchesPattern(item.path, name);
}

const MOVES: readonly HookName[] = ['file-rename', 'file-link'];

/** Taking a directory above away, or showing it elsewhere, is the same as doing that to what it holds. */
function matchesAncestor(item: ItemIR, operation: OperationIR): boolean {
  const { object, hooks } = operation;
  if (item.path === undefined || object.isDirectory !== true || object.unresolved !== undefined) return false;
  if (!MOVES.some((hook) => hooks.includes(hook)) || !MOVES.some((hook) => item.hooks.includes(hook))) return false;
  const name = objectComponents(object.path);
  return name !== undefined && hasOrigin(item.origins, object.origin) && isGuardedAncestor(item.path, name);
}

function covers(item: ItemIR, hooks: readonly HookName[]): boolean {
  return item.hooks.some((hook) => hooks.includes(hook));
}

function denyCause(item: ItemIR, operation: OperationIR): Cause | undefined {
  const match = covers(item, operation.hooks) ? matchObject(item, operation.object) : 'No';
  if (match === 'Yes') return { cause: 'Denied', match, item, by: 'Object' };
  if (matchesGivenName(item, operation)) return { cause: 'Denied', match: 'Yes', item, by: 'GivenName' };
  if (matchesAncestor(item, operation)) return { cause: 'Denied', match: 'Yes', item, by: 'Ancestor' };
  return match === 'No' ? undefined : { cause: 'Denied', match, item, by: 'Object' };
}

function denyCauses(rule: RuleIR, operation: OperationIR): Cause[] {
  return rule.items.map((item) => denyCause(item, operation)).filter((cause) => cause !== undefined);
}

/** Hooks of the operation that an allow list judges: of an exec only the file that was asked for. */
function allowHooks(rule: RuleIR, operation: OperationIR): HookName[] {
  return operation.hooks.filter(
    (hook) => rule.governs.includes(hook) && !(hook === 'exec' && operation.firstOfChain === false),
  );
}

function allowCauses(rule: RuleIR, operation: OperationIR): Cause[] {
  return allowHooks(rule, operation).flatMap((hook): Cause[] => {
    const items = rule.items.filter((item) => item.hooks.includes(hook));
    const match = negated(strongest(items.map((item) => matchObject(item, operation.object))));
    return match === 'No' ? [] : [{ cause: 'NotAllowed', match, hook }];
  });
}

function missOfPaths(paths: readonly PatternIR[] | undefined, object: ObjectIR): ExceptMiss | undefined {
  if (paths === undefined) return undefined;
  const match = strongest(paths.map((path) => matchObjectName(path, object)));
  if (match === 'Yes') return undefined;
  return match === 'Unknown' ? 'PathUnresolved' : 'Path';
}

function missOfProgram(binaries: ExceptIR['binaries'], program: OperationIR['program']): ExceptMiss | undefined {
  if (binaries === undefined) return undefined;
  if (program === undefined) return 'NoProgram';
  return binaries.some((item) => matchObject(item, program) === 'Yes') ? undefined : 'Program';
}

function judgeException(except: ExceptIR, operation: OperationIR, cause: Cause): ExceptJudgement {
  const sessions = except.sessions ?? [operation.session];
  const miss =
    (sessions.includes(operation.session) ? undefined : 'Session') ??
    missOfProgram(except.binaries, operation.program) ??
    (cause.cause === 'MountTree' && except.paths !== undefined ? 'MountTree' : undefined) ??
    missOfPaths(except.paths, operation.object);
  return miss === undefined ? { except, holds: true } : { except, holds: false, miss };
}

function judgeCause(rule: RuleIR, operation: OperationIR, cause: Cause): JudgedCause {
  const exceptions = rule.except.map((except) => judgeException(except, operation, cause));
  return { cause, excepted: exceptions.some((exception) => exception.holds), exceptions };
}

function isNameless(object: ObjectIR): boolean {
  return object.unresolved === undefined && objectComponents(object.path) === undefined;
}

/** The source of a change of the mount tree cannot be judged: where Link is guarded, it stands for all of them. */
function guardsMountTree(rule: RuleIR, operation: OperationIR): boolean {
  return (
    operation.changesMountTree === true &&
    rule.kind === 'paths' &&
    rule.list === 'deny' &&
    rule.governs.includes('file-link')
  );
}

function skipReason(rule: RuleIR, operation: OperationIR): Judgement['skipped'] {
  if (rule.kind === 'paths' && isNameless(operation.object)) return 'Nameless';
  const governed = operation.hooks.filter((hook) => rule.governs.includes(hook));
  if (rule.list === 'allow' && governed.length > 0) {
    return allowHooks(rule, operation).length === 0 ? 'NotFirst' : undefined;
  }
  return governed.length === 0 ? 'NotGoverned' : undefined;
}

function causesOf(rule: RuleIR, operation: OperationIR): Cause[] {
  if (rule.kind === 'paths' && isNameless(operation.object)) return [];
  return rule.list === 'deny' ? denyCauses(rule, operation) : allowCauses(rule, operation);
}

export function judgeRule(policy: PolicyIR, rule: RuleIR, operation: OperationIR): Judgement {
  if (!sessionsOf(policy).includes(operation.session)) return { skipped: 'Session', causes: [], violated: 'No' };
  const mountTree: Cause[] = guardsMountTree(rule, operation) ? [{ cause: 'MountTree', match: 'Yes' }] : [];
  const causes = [...mountTree, ...causesOf(rule, operation)].map((cause) => judgeCause(rule, operation, cause));
  const violated = strongest(causes.filter(({ excepted }) => !excepted).map(({ cause }) => cause.match));
  if (causes.length > 0) return { causes, violated };
  const skipped = skipReason(rule, operation);
  if (skipped !== undefined) return { skipped, causes, violated };
  const allowedBy = rule.list === 'allow' ? allowedItem(rule, operation) : undefined;
  return allowedBy === undefined ? { causes, violated } : { allowedBy, causes, violated };
}

function allowedItem(rule: RuleIR, operation: OperationIR): ItemIR | undefined {
  const [hook] = allowHooks(rule, operation);
  return rule.items.find(
    (item) => hook !== undefined && item.hooks.includes(hook) && matchObject(item, operation.object) === 'Yes',
  );
}
