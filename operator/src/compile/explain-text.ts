// An explanation as short lines for people: the verdict, then a block for each rule, violated ones first.

import type {
  CauseText,
  ExceptText,
  ExplainedCause,
  ExplainedObject,
  ExplainedRule,
  Explanation,
  ItemText,
  PolicyName,
} from './explain.js';
import type { ActionLimit } from './evaluate.js';
import type { HookName, OperationIR } from './ir.js';
import type { ExceptMiss, MatchedBy } from './judge.js';

const CLASS: Readonly<Record<HookName, string>> = {
  'file-read': 'Read',
  'file-write': 'Write',
  'file-execute': 'Execute',
  'file-create': 'Create',
  'file-delete': 'Delete',
  'file-rename': 'Rename',
  'file-link': 'Link',
  'file-attributes': 'Attributes',
  exec: 'Exec',
  'exec-map': 'Map',
};

const BY: Readonly<Record<MatchedBy, string>> = {
  Object: 'matches it',
  GivenName: 'matches the name given to execve',
  Ancestor: 'lies below this directory, whose move would give it another name',
};

const SKIPPED: Readonly<Record<NonNullable<ExplainedObject['skipped']>, string>> = {
  Session: 'the policy is not about this session',
  NotGoverned: 'the list says nothing about these classes',
  Nameless: 'paths rules judge only what has a name',
  NotFirst: 'an allow list is about the file that was asked for, not its interpreters',
};

const MISS: Readonly<Record<ExceptMiss, string>> = {
  Session: 'another session',
  NoProgram: 'the acting program is not known',
  Program: 'the acting program is another',
  Path: 'the name is another',
  PathUnresolved: 'the name is not known',
  MountTree: 'the source of a change of the mount tree cannot be judged by name',
};

const LIMIT: Readonly<Record<ActionLimit, string>> = {
  Unresolved: 'the posture of the policy, since the object could not be resolved',
  MainProcess: 'mainProcess, since it is the main process of its container',
  EndsSetup: 'phase Setup, which this exec ends: the runtime is told, not killed',
  Monitor: 'Monitor mode',
  Refused: 'its minimum guarantee, which this node cannot hold',
};

/** What would break a line or a terminal is shown as \xHH. */
function shown(text: string): string {
  return text.replace(/\p{Cc}/gu, (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function listed(values: readonly string[] | undefined): string {
  return values?.join(', ') ?? '';
}

function itemLine({ path, origins }: ItemText): string {
  const parts = [path ?? '', origins === undefined ? '' : `origins ${listed(origins)}`];
  return parts.filter((part) => part !== '').join(' with ');
}

function exceptLine({ binaries, paths, sessions }: ExceptText): string {
  const parts = [
    binaries === undefined ? '' : `binaries ${listed(binaries.map(itemLine))}`,
    paths === undefined ? '' : `paths ${listed(paths)}`,
    sessions === undefined ? '' : `sessions ${listed(sessions)}`,
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function objectLine({ hooks, object, firstOfChain, changesMountTree }: OperationIR): string {
  const name = object.path === undefined ? 'an object without a name' : object.path;
  const unresolved = object.unresolved === undefined ? '' : `, not resolved: ${object.unresolved}`;
  const role = firstOfChain === false ? ', interpreter' : '';
  const tree = changesMountTree === true ? ', changes the mount tree' : '';
  const classes = listed(hooks.map((hook) => CLASS[hook]));
  return `${classes} ${shown(name)} (${object.origin}${unresolved}${role}${tree})`.trim();
}

function subjectLine({ program, session, mainProcess }: OperationIR): string {
  const by = program === undefined ? 'an unknown program' : `${shown(program.path)} (${program.origin})`;
  return `by ${by}, session ${session}${mainProcess ? ', main process' : ''}`;
}

function policyText({ kind, namespace, name }: PolicyName): string {
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
}

function causeLine(cause: CauseText): string {
  const maybe = cause.match === 'Unknown';
  switch (cause.cause) {
    case 'MountTree':
      return 'covers Link, so no change of the mount tree is let through';
    case 'NotAllowed':
      return `no allow item ${maybe ? 'is known to match' : 'matches'} for ${CLASS[cause.hook]}`;
    case 'Denied':
      return `deny item ${itemLine(cause.item)} ${maybe ? 'could match' : BY[cause.by]}`;
  }
}

function causeLines({ cause, exceptions }: ExplainedCause): string[] {
  const excepts = exceptions.map(({ except, holds, miss }) => {
    const why = miss === undefined ? '' : `: ${MISS[miss]}`;
    return `  exception for ${exceptLine(except)} ${holds ? 'holds' : 'does not hold'}${why}`;
  });
  return [causeLine(cause), ...excepts];
}

function whyNothing({ skipped, allowedBy }: ExplainedObject): string {
  if (skipped !== undefined) return SKIPPED[skipped];
  return allowedBy === undefined ? 'no deny item matches' : `allow item ${itemLine(allowedBy)} matches`;
}

function objectLines(found: ExplainedObject, rule: ExplainedRule, operations: readonly OperationIR[]): string[] {
  const operation = operations[found.operation];
  const lines = found.causes.length === 0 ? [whyNothing(found)] : found.causes.flatMap(causeLines);
  if (operation === undefined || rule.objects.length === 1) return lines;
  return [`${objectLine(operation)}:`, ...lines.map((line) => `  ${line}`)];
}

function actionText({ action, asked, limits }: ExplainedRule): string {
  if (action === undefined) return 'not violated';
  if (limits.length === 0) return `violated: ${action}`;
  return `violated: ${action} instead of ${asked}, by ${limits.map((limit) => LIMIT[limit]).join(' and ')}`;
}

function ruleLines(rule: ExplainedRule, operations: readonly OperationIR[]): string[] {
  const head = `  ${policyText(rule.policy)}, rule ${rule.rule} (${rule.kind} ${rule.list}): ${actionText(rule)}`;
  return [head, ...rule.objects.flatMap((found) => objectLines(found, rule, operations)).map((line) => `    ${line}`)];
}

export function explanationLines(explanation: Explanation): string[] {
  const { verdict, operations, rules, notSelected } = explanation;
  const [first] = operations;
  return [
    `${verdict}: ${operations.map(objectLine).join(' + ')}`,
    ...(first === undefined ? [] : [`  ${subjectLine(first)}`]),
    ...(explanation.protected ? ['  protected: counted, and never stopped or reported; without that:'] : []),
    ...(rules.length === 0 ? ['  no policy is about this workload'] : []),
    ...rules.flatMap((rule) => ruleLines(rule, operations)),
    ...notSelected.map((policy) => `  ${policyText(policy)}: not about this workload (${policy.reason})`),
  ];
}
