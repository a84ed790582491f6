// The CEL rules of the schema, evaluated as the API server does when an object is made.
import { Environment } from '@marcbachmann/cel-js';
import { ISSUE_CODES } from '../errors.js';
import type { IssueCode } from '../errors.js';
import type { CelRule } from './schema.gen.js';

export interface CelProblem {
  readonly code: IssueCode;
  readonly expected: string;
  readonly hint: string;
}

type Program = (context: { readonly self: unknown }) => unknown;

function makeEnvironment(): Environment {
  const rising = (list: readonly number[]): boolean =>
    list.every((value, index) => index === 0 || (list[index - 1] ?? value) <= value);
  return new Environment().registerVariable('self', 'dyn').registerFunction('list.isSorted(): bool', rising);
}

const environment = makeEnvironment();
const programs = new Map<string, Program>();

function programOf(rule: string): Program {
  const made = programs.get(rule) ?? environment.parse(rule);
  programs.set(rule, made);
  return made;
}

function isCode(text: string): text is IssueCode {
  return Object.hasOwn(ISSUE_CODES, text);
}

/** `CODE: what is expected; what to do` as in the schema. */
function problemOf(message: string): CelProblem {
  const [code = '', ...rest] = message.split(': ');
  const [expected = '', ...hint] = rest.join(': ').split('; ');
  return { code: isCode(code) ? code : 'INVALID_VALUE', expected, hint: hint.join('; ') };
}

/** A rule that fails because a part of the object is wrong says nothing new. */
function holds(rule: string, self: unknown, alreadyWrong: () => boolean): boolean {
  try {
    return programOf(rule)({ self }) === true;
  } catch (error) {
    if (alreadyWrong()) return true;
    throw error;
  }
}

/** Rules about changes (`oldSelf`) have nothing to compare with in a file. */
export function celProblems(rules: readonly CelRule[], self: unknown, alreadyWrong: () => boolean): CelProblem[] {
  return rules
    .filter(({ rule }) => !rule.includes('oldSelf') && !holds(rule, self, alreadyWrong))
    .map(({ message }) => problemOf(message));
}
