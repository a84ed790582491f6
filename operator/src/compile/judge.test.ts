import { describe, expect, test } from 'vitest';
import {
  FILE_HOOKS,
  allowBinaries,
  allowPaths,
  binary,
  denyBinaries,
  denyPaths,
  directory,
  exec,
  file,
  map,
  path,
  pattern,
  policy,
  read,
} from '../../../test/support/ir.js';
import type { ExceptIR, HookName, ObjectIR, OperationIR, Origin, PolicyIR, RuleIR, Session } from './ir.js';
import { judgeRule } from './judge.js';

function violated(rule: RuleIR, operation: OperationIR, patch: Partial<PolicyIR> = {}): string {
  return judgeRule(policy('p', [rule], patch), rule, operation).violated;
}

const SH = '/usr/bin/sh';

describe('access classes', () => {
  const cases = FILE_HOOKS.flatMap((hook) => FILE_HOOKS.map((other): [HookName, HookName] => [hook, other]));
  test.each(cases)('an item for %s against an operation of %s', (hook, other) => {
    const same = hook === other;
    expect(violated(denyPaths([path('/a', hook)]), file(other, '/a'))).toBe(same ? 'Yes' : 'No');
    expect(violated(allowPaths([path('/a', hook)]), file(other, '/b'))).toBe(same ? 'Yes' : 'No');
    expect(violated(allowPaths([path('/a', hook)]), file(other, '/a'))).toBe('No');
  });

  test('an item without access speaks about all eight', () => {
    for (const hook of FILE_HOOKS) {
      expect(violated(denyPaths([path('/a')]), file(hook, '/a'))).toBe('Yes');
      expect(violated(allowPaths([path('/a')]), file(hook, '/b'))).toBe('Yes');
    }
  });

  test('an allow-list judges each class of an operation by itself', () => {
    const rule = allowPaths([path('/a', 'file-read'), path('/b', 'file-write')]);
    const both = (name: string): OperationIR => ({ ...read(name), hooks: ['file-read', 'file-write'] });
    expect(violated(rule, both('/a'))).toBe('Yes');
    expect(violated(rule, both('/b'))).toBe('Yes');
    expect(violated(allowPaths([path('/a', 'file-read'), path('/a', 'file-write')]), both('/a'))).toBe('No');
    expect(violated(allowPaths([path('/a', 'file-read')]), both('/a'))).toBe('No');
  });

  test('Execute is exec and executable mapping, of every file of the chain', () => {
    const deny = denyPaths([path(SH, 'file-execute')]);
    const allow = allowPaths([path('/app', 'file-execute')]);
    for (const operation of [exec(SH), map(SH), exec(SH, { firstOfChain: false })]) {
      expect(violated(deny, operation)).toBe('Yes');
      expect(violated(allow, operation)).toBe('Yes');
    }
  });
});

describe('binaries', () => {
  test('deny holds for any file of the chain and for mappings', () => {
    const deny = denyBinaries([binary(SH)]);
    expect(violated(deny, exec(SH, { firstOfChain: false }))).toBe('Yes');
    expect(violated(deny, map(SH))).toBe('Yes');
    expect(violated(deny, read(SH))).toBe('No');
  });

  test('allow is about the first file only', () => {
    const allow = allowBinaries([binary('/entrypoint.sh')]);
    expect(violated(allow, exec('/entrypoint.sh'))).toBe('No');
    expect(violated(allow, exec(SH, { firstOfChain: false }))).toBe('No');
    expect(violated(allow, exec(SH))).toBe('Yes');
    expect(violated(allow, map('/usr/lib/libc.so.6'))).toBe('No');
  });

  test.each([
    ['/bin/sh', 'Yes'],
    ['//bin/./sh', 'Yes'],
    ['/usr/bin/sh', 'Yes'],
    ['bin/sh', 'No'],
    ['/bin/../bin/sh', 'No'],
    ['/bin/bash', 'No'],
  ])('deny of /bin/sh: busybox run as %s is a violation: %s', (givenName, expected) => {
    expect(violated(denyBinaries([binary('/bin/sh')]), exec('/bin/busybox', { givenName }))).toBe(expected);
  });

  test('the given name serves deny and exec only', () => {
    const given = { givenName: '/bin/sh' };
    expect(violated(allowBinaries([binary('/bin/sh')]), exec('/bin/busybox', given))).toBe('Yes');
    expect(violated(denyBinaries([binary('/bin/sh')]), map('/bin/busybox', given))).toBe('No');
    expect(violated(denyPaths([path('/bin/sh', 'file-execute')]), exec('/bin/busybox', given))).toBe('No');
  });

  test('a script gives the name of its interpreter', () => {
    const interpreter = exec('/usr/bin/dash', { givenName: '/bin/sh', firstOfChain: false });
    expect(violated(denyBinaries([binary('/bin/sh')]), interpreter)).toBe('Yes');
    expect(violated(denyBinaries([binary('/bin/bash')]), interpreter)).toBe('No');
  });

  test('the given name holds where the file has no name or cannot be resolved', () => {
    const deny = denyBinaries([binary('/bin/sh')]);
    expect(violated(deny, exec(undefined, { givenName: '/bin/sh' }))).toBe('Yes');
    const detached = { givenName: '/bin/sh', object: { unresolved: 'Detached' as const } };
    expect(violated(deny, exec(undefined, detached))).toBe('Yes');
  });

  test.each<[Origin[], Origin, string]>([
    [['Image'], 'Image', 'Yes'],
    [['Image'], 'UpperLayer', 'No'],
    [['UpperLayer', 'WritableVolume', 'Anonymous', 'Unknown'], 'Unknown', 'Yes'],
    [['UpperLayer', 'WritableVolume', 'Anonymous', 'Unknown'], 'ReadOnlyVolume', 'No'],
  ])('origins %j against %s: %s', (origins, origin, expected) => {
    const operation = exec('/a', { object: { origin } });
    expect(violated(denyBinaries([binary(undefined, { origins })]), operation)).toBe(expected);
    expect(violated(allowBinaries([binary(undefined, { origins })]), operation)).toBe(
      expected === 'Yes' ? 'No' : 'Yes',
    );
  });

  test('path and origins of one item must both hold, by the given name too', () => {
    const deny = denyBinaries([binary('/a', { origins: ['UpperLayer'] })]);
    expect(violated(deny, exec('/a', { object: { origin: 'UpperLayer' } }))).toBe('Yes');
    expect(violated(deny, exec('/a'))).toBe('No');
    expect(violated(deny, exec('/b', { object: { origin: 'UpperLayer' } }))).toBe('No');
    expect(violated(deny, exec('/b', { object: { origin: 'UpperLayer' }, givenName: '/a' }))).toBe('Yes');
    expect(violated(deny, exec('/b', { givenName: '/a' }))).toBe('No');
  });
});

describe('objects without a name', () => {
  const memfd: Partial<ObjectIR> = { origin: 'Anonymous' };
  test('paths rules do not judge them', () => {
    expect(violated(denyPaths([path('/**')]), exec(undefined, { object: memfd }))).toBe('No');
    expect(violated(allowPaths([path('/a')]), exec(undefined, { object: memfd }))).toBe('No');
  });

  test('binaries items with a path do not match them, origins do', () => {
    const operation = exec(undefined, { object: memfd });
    expect(violated(denyBinaries([binary('/**')]), operation)).toBe('No');
    expect(violated(allowBinaries([binary('/**')]), operation)).toBe('Yes');
    expect(violated(denyBinaries([binary(undefined, { origins: ['Anonymous'] })]), operation)).toBe('Yes');
    expect(violated(allowBinaries([binary(undefined, { origins: ['Anonymous'] })]), operation)).toBe('No');
  });
});

describe('objects whose name is not known', () => {
  const misses = ['Detached', 'Unstable', 'Read', 'NoMount'] as const;
  test.each(misses)('%s: any pattern could match', (unresolved) => {
    const operation = exec(undefined, { object: { unresolved } });
    expect(violated(denyBinaries([binary('/a')]), operation)).toBe('Unknown');
    expect(violated(allowBinaries([binary('/a')]), operation)).toBe('Unknown');
    expect(violated(denyPaths([path('/**')]), operation)).toBe('Unknown');
    expect(violated(allowPaths([path('/**')]), operation)).toBe('Unknown');
    expect(violated(denyPaths([path('/a', 'file-read')]), operation)).toBe('No');
  });

  test('an item whose origins exclude the object could not match', () => {
    const operation = exec(undefined, { object: { unresolved: 'Detached', origin: 'Image' } });
    expect(violated(denyBinaries([binary('/a', { origins: ['UpperLayer'] })]), operation)).toBe('No');
    expect(violated(allowBinaries([binary('/a', { origins: ['UpperLayer'] })]), operation)).toBe('Yes');
  });

  test('an item that needs no name decides', () => {
    const operation = exec(undefined, { object: { unresolved: 'Detached', origin: 'UpperLayer' } });
    const origins = binary(undefined, { origins: ['UpperLayer'] });
    expect(violated(denyBinaries([binary('/a'), origins]), operation)).toBe('Yes');
    expect(violated(allowBinaries([binary('/a'), origins]), operation)).toBe('No');
  });

  test.each([
    ['/a/b', 'No', 'Yes'],
    ['/a/*', 'No', 'Yes'],
    ['/a/**', 'Unknown', 'Unknown'],
    ['**/a', 'Unknown', 'Unknown'],
    ['**/a/**', 'Unknown', 'Unknown'],
  ])('a path that was cut, pattern %s: deny %s, allow %s', (text, deny, allow) => {
    const operation = read('/a/b', { object: { unresolved: 'Deep' } });
    expect(violated(denyPaths([path(text)]), operation)).toBe(deny);
    expect(violated(allowPaths([path(text)]), operation)).toBe(allow);
  });
});

describe('exceptions', () => {
  const app = { path: '/usr/bin/app', origin: 'Image' } as const;
  const rule = (...except: ExceptIR[]): RuleIR => denyPaths([path('/etc/**')], { except });
  test.each<[string, ExceptIR[], string]>([
    ['the program', [{ binaries: [{ path: pattern('/usr/bin/app') }] }], 'No'],
    ['the program in its other directory', [{ binaries: [{ path: pattern('/bin/app') }] }], 'No'],
    ['another program', [{ binaries: [{ path: pattern('/usr/bin/other') }] }], 'Yes'],
    ['one of several programs', [{ binaries: [{ path: pattern('/x') }, { path: pattern('/usr/**') }] }], 'No'],
    ['the origin of the program', [{ binaries: [{ origins: ['Image'] }] }], 'No'],
    ['program and another origin', [{ binaries: [{ path: pattern('/bin/app'), origins: ['UpperLayer'] }] }], 'Yes'],
    ['the object', [{ paths: [pattern('/x'), pattern('/etc/p*')] }], 'No'],
    ['another object', [{ paths: [pattern('/etc/x')] }], 'Yes'],
    ['the session', [{ sessions: ['Exec', 'Main'] }], 'No'],
    ['another session', [{ sessions: ['Exec', 'Probe'] }], 'Yes'],
    ['all fields', [{ binaries: [{ path: pattern('/bin/*') }], paths: [pattern('/etc/*')], sessions: ['Main'] }], 'No'],
    [
      'all fields but one',
      [{ binaries: [{ path: pattern('/bin/*') }], paths: [pattern('/etc/*')], sessions: ['Exec'] }],
      'Yes',
    ],
    ['one of several', [{ sessions: ['Exec'] }, { paths: [pattern('/etc/passwd')] }], 'No'],
    ['several that each lack something', [{ sessions: ['Exec'] }, { paths: [pattern('/x')] }], 'Yes'],
  ])('by %s', (_form, except, expected) => {
    expect(violated(rule(...except), read('/etc/passwd', { program: app }))).toBe(expected);
    expect(violated({ ...allowPaths([path('/data/**')]), except }, read('/etc/passwd', { program: app }))).toBe(
      expected,
    );
  });

  test('a process whose program is not known has no exemption by program', () => {
    const byOrigin = rule({ binaries: [{ origins: ['Image', 'Unknown'] }] });
    const { program: _program, ...operation } = read('/etc/passwd');
    expect(violated(byOrigin, operation)).toBe('Yes');
  });

  test('a program without a name is exempt by its origin only', () => {
    const operation = read('/etc/x', { program: { path: 'memfd:x', origin: 'Anonymous' } });
    expect(violated(rule({ binaries: [{ path: pattern('/**') }] }), operation)).toBe('Yes');
    expect(violated(rule({ binaries: [{ origins: ['Anonymous'] }] }), operation)).toBe('No');
  });

  test('an object that cannot be resolved is not exempt by its name', () => {
    const operation = read(undefined, { object: { unresolved: 'Detached' } });
    expect(violated(rule({ paths: [pattern('/**')] }), operation)).toBe('Unknown');
    expect(violated(rule({ sessions: ['Main'] }), operation)).toBe('No');
  });
});

describe('sessions of a policy', () => {
  const deny = denyBinaries([binary(SH)]);
  const pods = { scope: 'Pods', podSelector: { matchLabels: {}, matchExpressions: [] } } as const;
  test.each<[Session, Session[] | undefined, string]>([
    ['Main', undefined, 'Yes'],
    ['Exec', undefined, 'Yes'],
    ['Probe', undefined, 'Yes'],
    ['Lifecycle', undefined, 'Yes'],
    ['Host', undefined, 'No'],
    ['Main', ['Main', 'Exec'], 'Yes'],
    ['Probe', ['Main', 'Exec'], 'No'],
  ])('%s under sessions %j', (session, sessions, expected) => {
    const scope = sessions === undefined ? pods : { ...pods, sessions };
    expect(violated(deny, exec(SH, { session }), { scope })).toBe(expected);
  });

  test('a Host policy speaks about host processes only', () => {
    const scope = { scope: 'Host', cgroups: [] } as const;
    expect(violated(deny, exec(SH, { session: 'Host' }), { scope })).toBe('Yes');
    expect(violated(deny, exec(SH), { scope })).toBe('No');
  });
});

describe('names cannot be laundered', () => {
  const guarded = (text: string, ...hooks: HookName[]): RuleIR => denyPaths([path(text, ...hooks)]);
  const moved = (name: string, hook: HookName = 'file-rename'): OperationIR => file(hook, name, directory);

  test.each<[string, string, string]>([
    ['/etc/ssl/key', '/etc/ssl', 'Yes'],
    ['/etc/ssl/key', '/etc', 'Yes'],
    ['/etc/ssl/key', '/etc/ssh', 'No'],
    ['/etc/ssl/key', '/etc/ssl/key/below', 'No'],
    ['/home/*/key', '/home', 'Yes'],
    ['/home/*/key', '/home/u', 'No'],
    ['/bin/sh', '/usr', 'Yes'],
    ['**/id_rsa', '/root', 'No'],
  ])('pattern %s, directory %s is moved: %s', (text, name, expected) => {
    expect(violated(guarded(text), moved(name))).toBe(expected);
    expect(violated(guarded(text, 'file-rename'), moved(name, 'file-link'))).toBe(expected);
    expect(violated(guarded(text, 'file-link'), moved(name))).toBe(expected);
    expect(violated(guarded(text, 'file-read', 'file-write'), moved(name))).toBe('No');
  });

  test('only directories are above, and only rename and link move them', () => {
    expect(violated(guarded('/etc/key'), file('file-rename', '/etc'))).toBe('No');
    expect(violated(guarded('/etc/key'), moved('/etc', 'file-delete'))).toBe('No');
    expect(violated(guarded('/d/**', 'file-link'), moved('/d'))).toBe('Yes');
  });

  test('a directory whose path was cut is too deep to be above a pattern', () => {
    const cut: OperationIR = {
      ...moved('/etc'),
      object: { origin: 'Image', path: '/etc', isDirectory: true, unresolved: 'Deep' },
    };
    expect(violated(guarded('/etc/key'), cut)).toBe('No');
  });

  test('an allow-list guards no directories above', () => {
    expect(violated(allowPaths([path('/etc/key', 'file-rename'), path('/etc', 'file-rename')]), moved('/etc'))).toBe(
      'No',
    );
  });

  test('exceptions hold for directories as for files', () => {
    const rule = (except: ExceptIR): RuleIR => denyPaths([path('/etc/key')], { except: [except] });
    expect(violated(rule({ paths: [pattern('/etc')] }), moved('/etc'))).toBe('No');
    expect(violated(rule({ paths: [pattern('/etc/key')] }), moved('/etc'))).toBe('Yes');
  });

  describe('a change of the mount tree', () => {
    const change: OperationIR = {
      ...file('file-link', '/'),
      hooks: [],
      object: { origin: 'Unknown' },
      changesMountTree: true,
    };
    test('violates every paths deny that covers Link', () => {
      expect(violated(guarded('/etc/key'), change)).toBe('Yes');
      expect(violated(guarded('/etc/key', 'file-link'), change)).toBe('Yes');
      expect(violated(guarded('/etc/key', 'file-read', 'file-rename'), change)).toBe('No');
      expect(violated(allowPaths([path('/a', 'file-link')]), change)).toBe('No');
      expect(violated(denyBinaries([binary('/a')]), change)).toBe('No');
    });

    test.each<[ExceptIR, string]>([
      [{ binaries: [{ path: pattern('/bin/app') }] }, 'No'],
      [{ sessions: ['Main'] }, 'No'],
      [{ sessions: ['Exec'] }, 'Yes'],
      [{ paths: [pattern('/**')] }, 'Yes'],
      [{ binaries: [{ path: pattern('/bin/app') }], paths: [pattern('/**')] }, 'Yes'],
    ])('exception %#: %s', (except, expected) => {
      expect(violated(denyPaths([path('/etc/key')], { except: [except] }), change)).toBe(expected);
      const named = {
        ...change,
        hooks: ['file-link' as const],
        object: { origin: 'Image' as const, path: '/etc/key' },
      };
      expect(violated(denyPaths([path('/etc/key')], { except: [except] }), named)).toBe(expected);
    });
  });
});
