import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pattern } from '../../../test/support/ir.js';
import { hasFixedDepth, isGuardedAncestor, matchesPattern } from './match-path.js';
import { givenComponents, objectComponents } from './names.js';

function matches(text: string, name: string): boolean {
  const components = objectComponents(name);
  if (components === undefined) throw new Error(`not an absolute name: ${name}`);
  return matchesPattern(pattern(text), components);
}

describe('each pattern form', () => {
  test.each([
    ['exact', '/etc/passwd', ['/etc/passwd'], ['/etc', '/etc/passwd/x', '/etc/passwd2', '/x/etc/passwd', '/']],
    ['exact, bytes as they are', '/a/B', ['/a/B'], ['/a/b', '/A/B']],
    ['subtree', '/d/**', ['/d', '/d/x', '/d/x/y/z'], ['/', '/dd', '/e/d', '/dx/y']],
    ['subtree of the root', '/**', ['/', '/a', '/a/b/c'], []],
    ['subtree below a glob', '/home/*/.ssh/**', ['/home/u/.ssh', '/home/u/.ssh/id'], ['/home/.ssh', '/home/u/v/.ssh']],
    ['star alone', '/d/*', ['/d/x', '/d/.x'], ['/d', '/d/x/y', '/e/x']],
    ['star as suffix', '/d/pre*', ['/d/pre', '/d/prefix'], ['/d/pr', '/d/xpre', '/d/pre/x']],
    ['star as prefix', '/d/*.conf', ['/d/.conf', '/d/a.conf'], ['/d/conf', '/d/a.conf2']],
    ['star in the middle', '/d/a*b', ['/d/ab', '/d/axb', '/d/aab'], ['/d/a', '/d/b', '/d/axbx']],
    ['prefix and suffix do not overlap', '/d/aa*aa', ['/d/aaaa', '/d/aaxaa'], ['/d/aaa', '/d/aa']],
    ['base name', '**/x', ['/x', '/a/x', '/a/b/x'], ['/x/a', '/xx', '/']],
    ['two last components', '**/.ssh/id_*', ['/root/.ssh/id_rsa', '/.ssh/id_'], ['/id_rsa', '/.ssh/x/id_rsa']],
    ['anywhere', '**/a/b/**', ['/a/b', '/a/b/c', '/x/a/b/c/d', '/a/a/b'], ['/a/c/b', '/b', '/x/b/a']],
    ['anywhere, overlapping begins', '**/a/*/c/**', ['/a/a/b/c', '/a/a/c'], ['/a/c', '/a/b/b/c']],
  ])('%s: %s', (_form, text, yes, no) => {
    expect(yes.filter((name) => !matches(text, name))).toEqual([]);
    expect(no.filter((name) => matches(text, name))).toEqual([]);
  });

  test('a subtree is its top and everything that extends it', () => {
    const names = fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 4 });
    fc.assert(
      fc.property(names, names, (top, name) => {
        const subtree = pattern(`/${[...top, '**'].join('/')}`);
        const extended = top.every((component, index) => name[index] === component);
        expect(matchesPattern(subtree, name)).toBe(extended);
      }),
    );
  });

  test('a floating pattern matches every name that ends with a match of its anchored form', () => {
    const part = fc.constantFrom('a', 'b', 'a*', '*b', '*');
    const parts = fc.array(part, { minLength: 1, maxLength: 3 });
    const names = fc.array(fc.constantFrom('a', 'b', 'ab', 'x'), { maxLength: 5 });
    fc.assert(
      fc.property(parts, names, fc.boolean(), (components, name, subtree) => {
        const tail = `/${components.join('/')}${subtree ? '/**' : ''}`;
        const anchored = pattern(tail);
        const someTail = name.some((_component, start) => matchesPattern(anchored, name.slice(start)));
        expect(matchesPattern(pattern(`**${tail}`), name)).toBe(someTail);
      }),
    );
  });
});

describe('equivalent directories', () => {
  test.each([
    ['/bin/sh', '/usr/bin/sh'],
    ['/sbin/init', '/usr/sbin/init'],
    ['/lib/x.so', '/usr/lib/x.so'],
    ['/lib32/x', '/usr/lib32/x'],
    ['/lib64/ld.so', '/usr/lib64/ld.so'],
    ['/libx32/x', '/usr/libx32/x'],
    ['/bin', '/usr/bin'],
    ['/var/run/a', '/run/a'],
    ['/var/run', '/run'],
    ['/var/lock/a', '/run/lock/a'],
  ])('%s and %s are one name', (one, other) => {
    expect(matches(one, other)).toBe(true);
    expect(matches(other, one)).toBe(true);
    expect(objectComponents(one)).toEqual(objectComponents(other));
  });

  test.each([
    ['/usr/bin/sh', '/usr/usr/bin/sh'],
    ['/opt/bin/sh', '/opt/usr/bin/sh'],
    ['/binary', '/usr/binary'],
    ['/var/runner', '/runner'],
    ['/x/var/run', '/x/run'],
    ['/lib128/x', '/usr/lib128/x'],
  ])('%s and %s are two names', (one, other) => {
    expect(matches(one, other)).toBe(false);
    expect(matches(other, one)).toBe(false);
  });

  test('a canonical name stays as it is', () => {
    const names = fc.array(fc.constantFrom('bin', 'usr', 'lib', 'var', 'run', 'lock', 'x'), { maxLength: 5 });
    fc.assert(
      fc.property(names, (name) => {
        const once = objectComponents(`/${name.join('/')}`);
        expect(objectComponents(`/${once?.join('/') ?? ''}`)).toEqual(once);
      }),
    );
  });
});

describe('the name given to execve', () => {
  test.each([
    ['/bin/sh', ['usr', 'bin', 'sh']],
    ['//bin/./sh', ['usr', 'bin', 'sh']],
    ['/./bin//sh/', ['usr', 'bin', 'sh']],
    ['bin/sh', undefined],
    ['./sh', undefined],
    ['', undefined],
    [undefined, undefined],
    ['/usr/../bin/sh', undefined],
    ['/bin/sh/..', undefined],
    ['/bin/..sh', ['usr', 'bin', '..sh']],
  ])('%s is read as %j', (given, components) => {
    expect(givenComponents(given)).toEqual(components);
  });
});

describe('directories above a guarded name', () => {
  test.each([
    ['/etc/ssl/key', ['/etc', '/etc/ssl'], ['/', '/etc/ssl/key', '/etc/ssh', '/ssl', '/etc/ssl/key/x']],
    ['/etc/ssl/**', ['/etc', '/etc/ssl'], ['/', '/etc/ssl/x', '/x']],
    ['/home/*/key', ['/home'], ['/', '/home/u', '/h']],
    ['/d/*.conf', ['/d'], ['/d/x.conf']],
    ['/bin/sh', ['/usr', '/usr/bin', '/bin'], ['/usr/sbin']],
    ['/*/x', [], ['/a', '/']],
    ['**/x/y', [], ['/x', '/x/y']],
    ['/**', [], ['/', '/a']],
    ['/x', [], ['/x', '/']],
  ])('%s', (text, yes, no) => {
    const guards = (name: string): boolean => isGuardedAncestor(pattern(text), objectComponents(name) ?? []);
    expect(yes.filter((name) => !guards(name))).toEqual([]);
    expect(no.filter(guards)).toEqual([]);
  });
});

test.each([
  ['/a/b', true],
  ['/a/*', true],
  ['/a/**', false],
  ['**/a', false],
  ['/**', false],
])('names that match %s have one depth: %s', (text, fixed) => {
  expect(hasFixedDepth(pattern(text))).toBe(fixed);
});
