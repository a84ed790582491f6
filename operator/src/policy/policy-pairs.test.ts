import { expect, test } from 'vitest';
import { comparePolicies } from './policy-pairs.js';
import type { Policy } from './types.js';
import { validatePolicyFile } from './validate.js';

interface Draft {
  readonly name?: string;
  readonly rules: string;
  readonly spec?: string;
  readonly selector?: string;
}

function policy({ name = 'a', rules, spec = '', selector = '' }: Draft): Policy {
  const text = `apiVersion: ringfence.io/v1alpha1
kind: RuntimePolicy
metadata: {name: ${name}}
spec: {mode: ${spec.includes('mode') ? '' : 'Enforce, '}${spec.replace('mode: ', '')}${spec === '' ? '' : ', '}selector: {podSelector: {matchLabels: {app: web}}${selector}}, rules: [${rules}]}
`;
  const { policies, issues } = validatePolicyFile(text, 'f.yaml');
  const [found] = policies;
  if (found === undefined) throw new Error(JSON.stringify(issues));
  return found;
}

const allow = (items: string, rest = ''): string => `{name: r, binaries: {allow: [${items}]}${rest}}`;
const deny = (items: string, rest = ''): string => `{name: r, binaries: {deny: [${items}]}${rest}}`;
const files = (list: 'allow' | 'deny', items: string, rest = ''): string =>
  `{name: r, paths: {${list}: [${items}]}${rest}}`;

function found(a: Draft, b: Draft): string[] {
  return comparePolicies(policy({ name: 'z', ...a }), policy({ name: 'm', ...b })).map(
    ({ code, path, remaining }) => `${code} ${path}${remaining === undefined ? '' : ` ${remaining}`}`,
  );
}

const INTERSECT = 'ALLOW_LISTS_INTERSECT spec.rules[0].binaries.allow';
const COVERED = 'COVERED_BY spec.rules[0]';

test.each<[string, Draft, Draft, string[]]>([
  [
    'lists that share one entry',
    { rules: allow('{path: /a}, {path: /b}') },
    { rules: allow('{path: /b}, {path: /c}') },
    [`${INTERSECT} 1`],
  ],
  [
    'a list that the other wholly contains is not narrowed',
    { rules: allow('{path: /a}') },
    { rules: allow('{path: /a}, {path: /b}') },
    [],
  ],
  [
    'a list that contains the other is narrowed, and moot',
    { rules: allow('{path: /a}, {path: /b}') },
    { rules: allow('{path: /a}') },
    [`${INTERSECT} 1`, COVERED],
  ],
  ['lists with nothing in common', { rules: allow('{path: /a}') }, { rules: allow('{path: /b}') }, [`${INTERSECT} 0`]],
  [
    'entries that overlap remain',
    { rules: allow('{path: /opt/**}') },
    { rules: allow('{path: /opt/app/*}, {path: /b}') },
    [`${INTERSECT} 1`],
  ],
  [
    'other classes do not meet',
    { rules: files('allow', '{path: /a/**, access: [Write]}') },
    { rules: files('allow', '{path: /b/**, access: [Read]}') },
    [],
  ],
  ['lists of different kinds do not meet', { rules: allow('{path: /a}') }, { rules: files('allow', '{path: /b}') }, []],
  [
    'one that only monitors takes nothing from one that enforces',
    { rules: allow('{path: /a}') },
    { rules: allow('{path: /b}'), spec: 'mode: Monitor' },
    [],
  ],
  [
    'one that only audits takes nothing',
    { rules: allow('{path: /a}') },
    { rules: allow('{path: /b}', ', action: Audit') },
    [],
  ],
  [
    'other sessions do not meet',
    { rules: allow('{path: /a}'), selector: ', sessions: [Main]' },
    { rules: allow('{path: /b}'), selector: ', sessions: [Exec]' },
    [],
  ],
  [
    'a deny that a wider one contains',
    { rules: files('deny', '{path: /etc/*.key}') },
    { rules: files('deny', '{path: /etc/**}') },
    [COVERED],
  ],
  [
    'a deny that a narrower one does not',
    { rules: files('deny', '{path: /etc/**}') },
    { rules: files('deny', '{path: /etc/*.key}') },
    [],
  ],
  [
    'an exact name also holds by inode, which a pattern does not',
    { rules: deny('{path: /bin/nc}') },
    { rules: deny('{path: /bin/*}') },
    [],
  ],
  [
    'the same name is covered',
    { rules: deny('{path: /bin/nc}') },
    { rules: deny('{path: /bin/nc}, {path: /bin/sh}') },
    [COVERED],
  ],
  [
    'of two that are the same the later is moot',
    { rules: deny('{path: /bin/nc}') },
    { rules: deny('{path: /bin/nc}') },
    [COVERED],
  ],
  ['and the earlier is not', { name: 'c', rules: deny('{path: /bin/nc}') }, { rules: deny('{path: /bin/nc}') }, []],
  [
    'a milder action covers nothing',
    { rules: deny('{path: /bin/nc}') },
    { rules: deny('{path: /bin/nc}', ', action: Block') },
    [],
  ],
  [
    'an exception covers nothing',
    { rules: deny('{path: /bin/nc}') },
    { rules: deny('{path: /bin/nc}', ', except: [{sessions: [Exec]}]') },
    [],
  ],
  [
    'an exception of its own is covered',
    { rules: deny('{path: /bin/nc}', ', except: [{sessions: [Exec]}]') },
    { rules: deny('{path: /bin/nc}') },
    [COVERED],
  ],
  [
    'fewer sessions cover nothing',
    { rules: deny('{path: /bin/nc}') },
    { rules: deny('{path: /bin/nc}'), selector: ', sessions: [Exec]' },
    [],
  ],
  [
    'fewer sessions are covered',
    { rules: deny('{path: /bin/nc}'), selector: ', sessions: [Exec]' },
    { rules: deny('{path: /bin/nc}') },
    [COVERED],
  ],
  [
    'a main process that is only denied covers nothing',
    { rules: deny('{path: /bin/nc}') },
    { rules: deny('{path: /bin/nc}'), spec: 'mainProcess: Block' },
    [],
  ],
  [
    'a higher minimum may be refused and covers nothing',
    { rules: deny('{path: /bin/nc}') },
    { rules: deny('{path: /bin/nc}', ', minimumGuarantee: Prevent') },
    [],
  ],
  [
    'a rule that only audits has its own counters',
    { rules: deny('{path: /bin/nc}', ', action: Audit') },
    { rules: deny('{path: /bin/nc}') },
    [],
  ],
])('%s', (_, a, b, expected) => expect(found(a, b)).toEqual(expected));

test('exactly one of two policies that say the same is moot', () => {
  const [a, b] = ['a', 'b'].map((name) => policy({ name, rules: deny('{path: /x}') }));
  if (a === undefined || b === undefined) throw new Error('two');
  expect([comparePolicies(a, b).length, comparePolicies(b, a).length]).toEqual([0, 1]);
});
