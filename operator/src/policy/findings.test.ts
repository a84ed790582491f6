import { describe, expect, test } from 'vitest';
import { validatePolicyFile } from './validate.js';

/** Codes with the path below `spec.rules`, of a policy with these rules. */
function findings(...rules: readonly string[]): string[] {
  const text = `apiVersion: ringfence.io/v1alpha1
kind: RuntimePolicy
metadata: {name: p}
spec: {mode: Enforce, selector: {podSelector: {matchLabels: {a: b}}}, rules: [${rules.join(', ')}]}
`;
  return validatePolicyFile(text, 'f.yaml').issues.map(({ code, path }) => `${code} ${path.replace('spec.rules', '')}`);
}

const denyFiles = (items: string, rest = ''): string => `{name: deny-files, paths: {deny: [${items}]}${rest}}`;
const allowFiles = (items: string, rest = ''): string => `{name: allow-files, paths: {allow: [${items}]}${rest}}`;
const denyPrograms = (items: string, rest = ''): string => `{name: deny-programs, binaries: {deny: [${items}]}${rest}}`;
const allowPrograms = (items: string, rest = ''): string =>
  `{name: allow-programs, binaries: {allow: [${items}]}${rest}}`;

describe('an item is shadowed', () => {
  test('by a wider one of its list, wherever it stands', () => {
    expect(findings(denyPrograms('{path: /opt/*}, {path: /opt/**}'))).toEqual(['SHADOWED [0].binaries.deny[0]']);
    expect(findings(allowFiles('{path: /data/**}, {path: /data/x}'))).toEqual(['SHADOWED [0].paths.allow[1]']);
  });

  test('as the later of two that mean the same', () => {
    expect(findings(denyPrograms('{path: /bin/sh}, {path: /usr/bin/sh}'))).toEqual(['SHADOWED [0].binaries.deny[1]']);
  });

  test('by one with more classes or more origins', () => {
    expect(findings(allowFiles('{path: /a/**}, {path: /a/x, access: [Read]}'))).toEqual([
      'SHADOWED [0].paths.allow[1]',
    ]);
    expect(findings(denyPrograms('{origins: [Untrusted]}, {path: /x, origins: [UpperLayer]}'))).toEqual([
      'SHADOWED [0].binaries.deny[1]',
    ]);
  });

  test('not where it says something more: a class, an origin, or an inode', () => {
    expect(findings(allowFiles('{path: /a/**, access: [Read]}, {path: /a/x, access: [Read, Write]}'))).toEqual([]);
    expect(findings(denyPrograms('{path: /a/**, origins: [Image]}, {path: /a/*, origins: [Anonymous]}'))).toEqual([]);
    // a denied name holds for the file under any other name; a pattern of names does not
    expect(findings(denyPrograms('{path: /opt/**}, {path: /opt/nc}'))).toEqual([]);
  });

  test('not where only it keeps a directory above from being renamed', () => {
    const access = 'access: [Read, Rename, Link]';
    expect(findings(denyFiles(`{path: "**/keys/**", ${access}}, {path: "/srv/keys/*", ${access}}`))).toEqual([]);
    expect(findings(denyFiles(`{path: "/srv/**", ${access}}, {path: "/srv/keys/*", ${access}}`))).toEqual([
      'SHADOWED [0].paths.deny[1]',
    ]);
  });
});

describe('a deny is dead', () => {
  const allow = (rest = ''): string => allowFiles('{path: /data/**, access: [Create]}', rest);

  test('where an allow list refuses all of it, as strictly', () => {
    expect(findings(allow(), denyFiles('{path: /etc/**, access: [Create]}'))).toEqual(['DEAD_DENY [1].paths.deny[0]']);
    expect(findings(allow(', action: Block'), denyFiles('{path: /etc/**, access: [Create]}'))).toEqual([]);
  });

  test('not where the lists meet, another class is named, or the allow list has exceptions', () => {
    expect(findings(allow(), denyFiles('{path: "**/x*", access: [Create]}'))).toEqual([]);
    expect(findings(allow(), denyFiles('{path: /etc/**, access: [Create, Delete]}'))).toEqual([]);
    const excepting = allow(', except: [{binaries: [{path: /app/x}]}]');
    expect(findings(excepting, denyFiles('{path: /etc/**, access: [Create]}'))).toEqual([]);
  });

  test('never for programs: a deny holds for interpreters and libraries, of which an allow list says nothing', () => {
    expect(findings(allowPrograms('{path: /app/x}'), denyPrograms('{path: /usr/**}'))).toEqual([]);
  });
});

describe('an allowed item is contradicted', () => {
  test('where another rule denies all of it', () => {
    expect(findings(allowPrograms('{path: /opt/x}, {path: /y}'), denyPrograms('{path: /opt/**}'))).toEqual([
      'ALLOW_CONTRADICTED [0].binaries.allow[0]',
    ]);
  });

  test('not by part of it, by an Audit rule, by one with exceptions or of another kind', () => {
    const allowed = allowPrograms('{path: /opt/**}');
    expect(findings(allowed, denyPrograms('{path: /opt/x}'))).toEqual([]);
    expect(findings(allowed, denyPrograms('{path: /opt/**, origins: [Untrusted]}'))).toEqual([]);
    expect(findings(allowed, denyPrograms('{path: /opt/**}', ', action: Audit'))).toEqual([]);
    expect(findings(allowed, denyPrograms('{path: /opt/**}', ', except: [{binaries: [{path: /opt/x}]}]'))).toEqual([]);
    expect(findings(allowed, denyFiles('{path: /opt/**}'))).toEqual([]);
  });
});

describe('allow lists', () => {
  test('with nothing in common for one class allow nothing there', () => {
    const other = '{name: other, paths: {allow: [{path: /b/**, access: [Write]}, {path: /a/x, access: [Read]}]}}';
    expect(findings(allowFiles('{path: /a/**, access: [Read, Write]}'), other)).toEqual([
      'ALLOW_LISTS_DISJOINT [1].paths.allow',
    ]);
  });

  test('of different classes or kinds have nothing to do with each other', () => {
    const other = '{name: other, paths: {allow: [{path: /b/**, access: [Write]}]}}';
    expect(findings(allowFiles('{path: /a/**, access: [Read]}'), other, allowPrograms('{path: /x}'))).toEqual([]);
  });

  test('that meet only by origin or only by path have nothing in common', () => {
    const other = '{name: other, binaries: {allow: [{path: /a/**, origins: [ReadOnlyVolume]}]}}';
    expect(findings(allowPrograms('{path: /a/**, origins: [Image]}'), other)).toEqual([
      'ALLOW_LISTS_DISJOINT [1].binaries.allow',
    ]);
  });
});

describe('an exception is dead', () => {
  test('where its rule has no such path', () => {
    expect(findings(denyFiles('{path: /etc/**}', ', except: [{paths: [/etc/x, /var/x]}]'))).toEqual([
      'DEAD_EXCEPT [0].except[0].paths[1]',
    ]);
    expect(findings(allowFiles('{path: /etc/**}', ', except: [{paths: [/etc/x, /var/x]}]'))).toEqual([
      'DEAD_EXCEPT [0].except[0].paths[0]',
    ]);
  });

  test('not where it lets a directory above the path be renamed', () => {
    expect(findings(denyFiles('{path: /etc/ssl/key}', ', except: [{paths: [/etc]}]'))).toEqual([]);
  });
});

describe('names can move', () => {
  test('where Rename or Link is left free, whatever rule could deny it', () => {
    expect(findings(denyFiles('{path: /a/**, access: [Read, Rename]}'))).toEqual(['NAME_CAN_MOVE [0].paths.deny[0]']);
    const other = '{name: other, paths: {deny: [{path: /a/**, access: [Link]}]}}';
    expect(findings(denyFiles('{path: /a/**, access: [Read, Rename]}'), other)).toEqual([]);
  });

  test('not where content is not reached, nor in file systems with fixed names', () => {
    expect(findings(denyFiles('{path: /a/**, access: [Delete]}'))).toEqual([]);
    expect(findings(denyFiles('{path: /proc/*/mem, access: [Read]}'))).toEqual([]);
  });
});

describe('an exception exempts an interpreter', () => {
  test.each([
    '/bin/sh',
    '/usr/bin/python3.12',
    '**/bash',
    '/usr/**',
    '/lib64/ld-linux-x86-64.so.2',
    '/opt/jdk/bin/java',
  ])('%s', (path) => {
    expect(findings(denyPrograms('{path: /x}', `, except: [{binaries: [{path: "${path}"}]}]`))).toEqual([
      'EXCEPT_INTERPRETER [0].except[0].binaries[0]',
    ]);
  });

  test('or any program of an origin', () => {
    expect(findings(denyPrograms('{path: /x}', ', except: [{binaries: [{origins: [Image]}]}]'))).toEqual([
      'EXCEPT_INTERPRETER [0].except[0].binaries[0]',
    ]);
  });

  test.each(['/app/server', '/app/**', '/usr/sbin/nginx'])('but not %s', (path) => {
    expect(findings(denyPrograms('{path: /x}', `, except: [{binaries: [{path: "${path}"}]}]`))).toEqual([]);
  });
});

test('exact names and last components cost no look-up that is bounded', () => {
  const items = Array.from({ length: 40 }, (_, index) => `{path: ${'/d'.repeat(index + 1)}x}, {path: "**/n${index}"}`);
  expect(findings(denyPrograms(items.join(', ')))).toEqual([]);
});

test('a host policy for every cgroup selects all', () => {
  const text = `apiVersion: ringfence.io/v1alpha1
kind: ClusterRuntimePolicy
metadata: {name: h}
spec: {mode: Enforce, scope: Host, acknowledge: [HostEnforcement], selector: {cgroups: [/**]}, rules: [${denyPrograms('{path: /x}')}]}
`;
  expect(validatePolicyFile(text, 'f.yaml').issues).toMatchObject([
    { code: 'SELECTS_ALL', path: 'spec.selector.cgroups[0]' },
  ]);
});
