import { expect, test } from 'vitest';
import { ISSUE_CODES } from '../errors.js';
import type { IssueCode } from '../errors.js';
import { validatePolicyFile } from './validate.js';

// Every code: a file that has the finding where the mark stands, and the same file mended.

const MARK = '▸';

/** A RuntimePolicy with these rules and this selector. */
function policy(rules: string, head = 'mode: Enforce, selector: {podSelector: {matchLabels: {app: web}}}'): string {
  return `apiVersion: ringfence.io/v1alpha1\nkind: RuntimePolicy\nmetadata: {name: p}\nspec: {${head}, rules: [${rules}]}\n`;
}

/** A ClusterRuntimePolicy for host processes. */
function host(rules: string, head = 'mode: Enforce, acknowledge: [HostEnforcement]'): string {
  const selector = 'scope: Host, selector: {cgroups: [/system.slice/**]}';
  return `apiVersion: ringfence.io/v1alpha1\nkind: ClusterRuntimePolicy\nmetadata: {name: h}\nspec: ${MARK}{${head}, ${selector}, rules: [${rules}]}\n`;
}

const deny = (item: string, rest = ''): string => `{name: r, binaries: {deny: [${item}]}${rest}}`;
const paths = (item: string, rest = ''): string => `{name: r, paths: {deny: [${item}]}${rest}}`;
const anyHost = host(deny('{path: /x}')).replace(MARK, '');

interface Case {
  readonly code: IssueCode;
  readonly bad: string;
  readonly good: string;
  readonly path: string;
}

const many = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(', ');

const CASES: readonly Case[] = [
  {
    code: 'INVALID_YAML',
    path: '',
    bad: policy(deny('{path: /x}', `, action: Kill, ${MARK}action: Block`)),
    good: policy(deny('{path: /x}')),
  },
  {
    code: 'INVALID_YAML',
    path: '',
    bad: policy(deny('{path: /x}'), `mode: Enforce, selector: {podSelector: {matchLabels: {guard: ${MARK}on}}}`),
    good: policy(deny('{path: /x}'), 'mode: Enforce, selector: {podSelector: {matchLabels: {guard: "on"}}}'),
  },
  {
    code: 'TOO_LARGE',
    path: 'spec',
    bad: `apiVersion: ringfence.io/v1alpha1\nkind: RuntimePolicy\nmetadata: {name: p}\nspec: ${MARK}{x: "${'x'.repeat(262_140)}"}\n`,
    good: policy(deny('{path: /x}')),
  },
  {
    code: 'UNKNOWN_FIELD',
    path: 'spec.rules[0].binaries.deny[0].pth',
    bad: policy(deny(`{${MARK}pth: /x}`)),
    good: policy(deny('{path: /x}')),
  },
  {
    code: 'INVALID_VALUE',
    path: 'spec.rules[0].action',
    bad: policy(deny('{path: /x}', `, action: ${MARK}kill`)),
    good: policy(deny('{path: /x}', ', action: Kill')),
  },
  {
    code: 'UNSUPPORTED_KIND',
    path: 'spec.rules[0].network',
    bad: policy(`{name: r, ${MARK}network: {deny: [{}]}}`),
    good: policy(deny('{path: /x}')),
  },
  {
    code: 'NOT_IMPLEMENTED',
    path: 'spec.rules[0].capabilities',
    bad: policy(`{name: r, ${MARK}capabilities: {deny: [CAP_NET_RAW]}}`),
    good: policy(deny('{path: /x}')),
  },
  {
    code: 'DUPLICATE_NAME',
    path: 'spec.rules[1]',
    bad: policy(`${deny('{path: /x}')}, {name: ${MARK}r, binaries: {deny: [{path: /y}]}}`),
    good: policy(`${deny('{path: /x}')}, {name: s, binaries: {deny: [{path: /y}]}}`),
  },
  {
    code: 'RULE_KIND_COUNT',
    path: 'spec.rules[0]',
    bad: policy(`${MARK}{name: r, binaries: {deny: [{path: /x}]}, paths: {deny: [{path: /x}]}}`),
    good: policy(`${deny('{path: /x}')}, {name: s, paths: {deny: [{path: /x}]}}`),
  },
  {
    code: 'ALLOW_DENY_COUNT',
    path: 'spec.rules[0].binaries',
    bad: policy(`{name: r, binaries: ${MARK}{}}`),
    good: policy(`{name: r, binaries: {allow: [{path: /x}]}}`),
  },
  { code: 'ACK_REQUIRED', path: 'spec', bad: host(deny('{path: /x}'), 'mode: Enforce'), good: anyHost },
  {
    code: 'ACK_REQUIRED',
    path: 'spec',
    bad: host('{name: r, binaries: {allow: [{path: /x}]}}'),
    good: host(
      '{name: r, binaries: {allow: [{path: /x}]}}',
      'mode: Enforce, acknowledge: [HostEnforcement, HostAllowList]',
    ).replace(MARK, ''),
  },
  {
    code: 'ACK_REQUIRED',
    path: 'spec',
    bad: policy(deny('{path: /x}'))
      .replace('{name: p}', '{name: p, namespace: kube-system}')
      .replace('spec: ', `spec: ${MARK}`),
    good: policy(
      deny('{path: /x}'),
      'mode: Enforce, acknowledge: [SystemNamespaces], selector: {podSelector: {matchLabels: {app: web}}}',
    ).replace('{name: p}', '{name: p, namespace: kube-system}'),
  },
  {
    code: 'ORIGIN_NOT_ON_HOST',
    path: 'spec.rules[0].binaries.deny[0].origins[1]',
    bad: host(deny(`{origins: [Anonymous, ${MARK}Untrusted]}`)).replace(MARK, ''),
    good: host(deny('{origins: [Anonymous]}')).replace(MARK, ''),
  },
  {
    code: 'GUARANTEE_CONTRADICTS_ACTION',
    path: 'spec.rules[0]',
    bad: policy(MARK + deny('{path: /x}', ', action: Audit, minimumGuarantee: Prevent')),
    good: policy(deny('{path: /x}', ', action: Audit, minimumGuarantee: Observe')),
  },
  {
    code: 'PATTERN_NOT_ABSOLUTE',
    path: 'spec.rules[0].binaries.deny[1].path',
    bad: policy(deny(`{path: /usr/bin/nc}, {path: ${MARK}usr/bin/ncat}`)),
    good: policy(deny('{path: /usr/bin/nc}, {path: /usr/bin/ncat}')),
  },
  {
    code: 'PATTERN_NOT_NORMAL',
    path: 'spec.rules[0].binaries.deny[0].path',
    bad: policy(deny(`{path: ${MARK}/usr//bin}`)),
    good: policy(deny('{path: /usr/bin}')),
  },
  {
    code: 'PATTERN_UNSUPPORTED',
    path: 'spec.rules[0].binaries.deny[0].path',
    bad: policy(deny(`{path: ${MARK}/srv/**/bin}`)),
    good: policy(deny('{path: /srv/*/bin}')),
  },
  {
    code: 'PATTERN_TOO_LONG',
    path: 'spec.rules[0].binaries.deny[0].path',
    bad: policy(deny(`{path: ${MARK}/${'x'.repeat(256)}}`)),
    good: policy(deny(`{path: /${'x'.repeat(255)}}`)),
  },
  {
    code: 'TOO_MANY_SHAPES',
    path: 'spec.rules',
    bad: policy(deny(many(9, (n) => `{path: "/opt/*.${'x'.repeat(n)}"}`))).replace('rules: ', `rules: ${MARK}`),
    good: policy(deny(many(8, (n) => `{path: "/opt/*.${'x'.repeat(n)}y"}`))),
  },
  {
    code: 'TOO_MANY_SHAPES',
    path: 'spec.rules',
    bad: policy(deny(many(9, (n) => `{path: ${'/d'.repeat(n + 1).replace('d', `${n}`)}/**}`))).replace(
      'rules: ',
      `rules: ${MARK}`,
    ),
    good: policy(deny(many(8, (n) => `{path: ${'/d'.repeat(n + 1).replace('d', `${n}`)}/**}`))),
  },
  {
    code: 'ALLOW_LISTS_DISJOINT',
    path: 'spec.rules[1].binaries.allow',
    bad: policy(`{name: r, binaries: {allow: [{path: /x}]}}, {name: s, binaries: {allow: ${MARK}[{path: /y}]}}`),
    good: policy('{name: r, binaries: {allow: [{path: /x}]}}, {name: s, binaries: {allow: [{path: /y}, {path: /x}]}}'),
  },
  {
    code: 'SHADOWED',
    path: 'spec.rules[0].binaries.deny[1]',
    bad: policy(deny(`{path: /opt/**}, ${MARK}{path: /opt/tools/*}`)),
    good: policy(deny('{path: /opt/**}, {path: /srv/tools/*}')),
  },
  {
    code: 'DEAD_DENY',
    path: 'spec.rules[1].paths.deny[0]',
    bad: policy(
      `{name: r, paths: {allow: [{path: /data/**, access: [Create]}]}}, {name: s, paths: {deny: [${MARK}{path: /etc/**, access: [Create]}]}}`,
    ),
    good: policy(
      '{name: r, paths: {allow: [{path: /data/**, access: [Create]}]}}, {name: s, paths: {deny: [{path: /data/keys/**, access: [Create]}]}}',
    ),
  },
  {
    code: 'ALLOW_CONTRADICTED',
    path: 'spec.rules[0].binaries.allow[0]',
    bad: policy(
      `{name: r, binaries: {allow: [${MARK}{path: /opt/x}, {path: /y}]}}, {name: s, binaries: {deny: [{path: /opt/**}]}}`,
    ),
    good: policy('{name: r, binaries: {allow: [{path: /y}]}}, {name: s, binaries: {deny: [{path: /opt/**}]}}'),
  },
  {
    code: 'DEAD_EXCEPT',
    path: 'spec.rules[0].except[0].paths[0]',
    bad: policy(paths('{path: /etc/**}', `, except: [{paths: [${MARK}/var/x]}]`)),
    good: policy(paths('{path: /etc/**}', ', except: [{paths: [/etc/x]}]')),
  },
  {
    code: 'SELECTS_ALL',
    path: 'spec.selector.podSelector',
    bad: policy(deny('{path: /x}'), `mode: Enforce, selector: {podSelector: ${MARK}{}}`),
    good: policy(deny('{path: /x}'), 'mode: Monitor, selector: {podSelector: {}}'),
  },
  {
    code: 'NAME_CAN_MOVE',
    path: 'spec.rules[0].paths.deny[0]',
    bad: policy(paths(`${MARK}{path: /etc/*.key, access: [Read]}`)),
    good: policy(paths('{path: /etc/*.key, access: [Read, Rename, Link]}')),
  },
  {
    code: 'EXCEPT_INTERPRETER',
    path: 'spec.rules[0].except[0].binaries[0]',
    bad: policy(paths('{path: /etc/x}', `, except: [{binaries: [${MARK}{path: /usr/bin/python3.11}]}]`)),
    good: policy(paths('{path: /etc/x}', ', except: [{binaries: [{path: /app/server}]}]')),
  },
  {
    code: 'DENY_BY_HASH',
    path: 'spec.rules[0].binaries.deny[0].sha256',
    bad: policy(deny(`{sha256: ${MARK}[${'0'.repeat(64)}]}`)),
    good: policy(deny('{path: /x}')),
  },
  {
    code: 'CAPABILITY_OFTEN_PROBED',
    path: 'spec.rules[0].capabilities',
    bad: policy(`{name: r, capabilities: ${MARK}{allow: [CAP_NET_BIND_SERVICE]}}`),
    good: policy(deny('{path: /x}')),
  },
  {
    code: 'INSPECT_OFTEN_PROBED',
    path: 'spec.rules[0].processes',
    bad: policy(`{name: r, processes: ${MARK}{deny: [{operations: [Inspect], targets: [Host]}]}}`),
    good: policy(deny('{path: /x}')),
  },
  {
    code: 'BLOCK_NOT_POSSIBLE',
    path: 'spec.rules[0].binaries.deny[0]',
    bad: policy(deny(`${MARK}{path: /bin/busybox, applets: [sh]}`, ', action: Block')),
    good: policy(deny('{path: /bin/busybox}', ', action: Block')),
  },
];

/** Found by whoever reads several files (source room), and by agents in a cluster (control room). */
const ELSEWHERE: readonly IssueCode[] = [
  'DUPLICATE_OBJECT',
  'SELECTS_NOTHING',
  'CONTAINER_NOT_FOUND',
  'PATTERN_IS_LINK',
  'WOULD_BREAK_RUNNING',
  'ALLOW_LISTS_INTERSECT',
  'COVERED_BY',
];

function place(text: string): { readonly line: number; readonly column: number } {
  const lines = text.slice(0, text.indexOf(MARK)).split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

test.each(CASES)('$code at $path is found exactly where it is', ({ code, bad, path }) => {
  expect(bad.split(MARK)).toHaveLength(2);
  const { issues, policies } = validatePolicyFile(bad.replace(MARK, ''), 'f.yaml');
  const found = issues.filter((issue) => issue.code === code && issue.path === path);
  expect(found, JSON.stringify(issues, undefined, 1)).toHaveLength(1);
  expect(found[0]).toMatchObject({ file: 'f.yaml', ...place(bad), level: ISSUE_CODES[code].level });
  if (found[0]?.level === 'error') expect(policies).toEqual([]);
});

test.each(CASES)('$code at $path is gone once the file is mended', ({ good }) => {
  const { issues, policies } = validatePolicyFile(good, 'f.yaml');
  expect(issues).toEqual([]);
  expect(policies).toHaveLength(1);
});

test('every code has a case', () => {
  const covered = new Set([...CASES.map(({ code }) => code), ...ELSEWHERE]);
  expect(Object.keys(ISSUE_CODES).filter((code) => !covered.has(code as IssueCode))).toEqual([]);
});
