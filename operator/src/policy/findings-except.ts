// Exceptions that never apply, and those that exempt more than they say.
import type { Check } from './check.js';
import { describe } from './check.js';
import { movesNames, objectOf } from './items.js';
import type { ItemList } from './items.js';
import { covers, guardedDirectories, overlaps } from './pattern-relation.js';
import { patternOf } from './pattern.js';
import type { Pattern } from './pattern.js';
import type { ExceptBinary, Exception } from './schema.gen.js';
import type { Policy, PolicyRule } from './types.js';

/** Programs that run what they are given. */
const INTERPRETERS = [
  ...['sh', 'bash', 'dash', 'ash', 'ksh', 'mksh', 'zsh', 'fish', 'csh', 'tcsh', 'busybox', 'toybox', 'env', 'xargs'],
  ...['python', 'python2', 'python3', 'perl', 'ruby', 'node', 'nodejs', 'deno', 'bun', 'php', 'lua', 'tclsh', 'java'],
  ...['awk', 'gawk', 'mawk', 'expect', 'make', 'gdb', 'ld.so', 'ld-linux.so.2', 'ld-linux-x86-64.so.2'],
];
/** Names with a version or a platform: python3.11, ld-linux-aarch64.so.1, ld-musl-x86_64.so.1. */
const INTERPRETER_NAME = /^(python|perl|ruby|php|lua|node|tclsh)[0-9.]+$|^ld-(linux|musl)[-.].*$|^ld-[0-9.]+\.so$/;

const USUAL_PLACES = INTERPRETERS.map((name) => patternOf(`/usr/bin/${name}`));

function namesInterpreter(pattern: Pattern): boolean {
  const last = pattern.components.at(-1);
  if (pattern.subtree || !last || !('literal' in last)) return false;
  return INTERPRETERS.includes(last.literal) || INTERPRETER_NAME.test(last.literal);
}

function exemptsInterpreter(binary: ExceptBinary): boolean {
  const { pattern } = objectOf(binary);
  if (!pattern) return binary.sha256 === undefined;
  return namesInterpreter(pattern) || USUAL_PLACES.some((place) => covers(pattern, place));
}

function findInterpreters(check: Check, exception: Exception, path: string): void {
  for (const [index, binary] of (exception.binaries ?? []).entries()) {
    if (!exemptsInterpreter(binary)) continue;
    const expected = 'a program that runs nothing but itself';
    const got = binary.path === undefined ? 'any program of these origins' : describe(binary.path);
    const hint = 'whatever it interprets is exempt too';
    check.report({ code: 'EXCEPT_INTERPRETER', path: `${path}.binaries[${index}]`, expected, got, hint });
  }
}

/** Whether an exception for these names can make a difference to the list. */
function touches(list: ItemList, pattern: Pattern): boolean {
  if (list.list === 'allow') {
    const classes = new Set(list.items.flatMap((item) => [...item.classes]));
    const allowed = (one: string): boolean =>
      list.items.some(
        (item) => [...item.classes].some((other) => other === one) && item.pattern && covers(item.pattern, pattern),
      );
    return [...classes].some((one) => !allowed(one));
  }
  return list.items.some((item) => {
    if (!item.pattern || overlaps(item.pattern, pattern)) return true;
    return movesNames(item) && guardedDirectories(item.pattern).some((directory) => overlaps(directory, pattern));
  });
}

function findDeadPaths(check: Check, exception: Exception, list: ItemList, path: string): void {
  for (const [index, text] of (exception.paths ?? []).entries()) {
    if (touches(list, patternOf(text))) continue;
    const expected =
      list.list === 'deny' ? 'a path that the rule denies' : 'a path that the rule does not allow already';
    const here = `${path}.paths[${index}]`;
    check.report({ code: 'DEAD_EXCEPT', path: here, expected, got: describe(text), hint: 'remove it' });
  }
}

function findDeadSessions(check: Check, exception: Exception, policy: Policy, path: string): void {
  const { scope, selector } = policy.spec;
  const selected = scope === 'Host' ? [] : selector.sessions;
  if (!exception.sessions || !selected || exception.sessions.some((session) => selected.includes(session))) return;
  const expected = 'a session that the policy selects';
  const got = exception.sessions.join(', ');
  check.report({ code: 'DEAD_EXCEPT', path: `${path}.sessions`, expected, got, hint: 'remove the exception' });
}

function findInRule(check: Check, policy: Policy, rule: PolicyRule, lists: readonly ItemList[]): void {
  const list = lists.find((one) => one.rule === rule);
  if (!list) return;
  for (const [index, exception] of (rule.except ?? []).entries()) {
    const path = `${list.rulePath}.except[${index}]`;
    findInterpreters(check, exception, path);
    findDeadPaths(check, exception, list, path);
    findDeadSessions(check, exception, policy, path);
  }
}

export function findExceptions(check: Check, policy: Policy, lists: readonly ItemList[]): void {
  for (const rule of policy.spec.rules) findInRule(check, policy, rule, lists);
}
