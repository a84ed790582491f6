import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { guardedDirectories } from './pattern-relation.js';
import { bytesOf, parsePattern, patternOf, textOf } from './pattern.js';
import type { NameSpace } from './pattern.js';
import { SCHEMAS } from './schema.gen.js';
import type { Schema } from './schema.gen.js';

/** Components as text, a star between prefix and suffix. */
function read(text: string, space: NameSpace = 'file'): string {
  const { floating, components, subtree } = patternOf(text, space);
  const names = components.map((one) => ('literal' in one ? `/${one.literal}` : `/${one.prefix}<*>${one.suffix}`));
  return `${floating ? '**' : ''}${names.join('')}${subtree ? '/**' : ''}`;
}

function problem(text: string, space: NameSpace = 'file'): string {
  const result = parsePattern(text, space);
  return 'problem' in result ? `${result.problem.code}; ${result.problem.hint}` : `accepted ${read(text, space)}`;
}

describe('patterns are read as components', () => {
  test.each([
    ['/etc/shadow', '/etc/shadow'],
    ['/**', '/**'],
    ['/data/**', '/data/**'],
    ['**/id_rsa', '**/id_rsa'],
    ['**/.ssh/id_*', '**/.ssh/id_<*>'],
    ['**/.git/**', '**/.git/**'],
    ['/proc/*/mem', '/proc/<*>/mem'],
    ['/a/*.conf', '/a/<*>.conf'],
    ['/a/...', '/a/...'],
    ['/a/.x/..y', '/a/.x/..y'],
    ['/a/b~', '/a/b~'],
    ['/a/[x]?{y}', '/a/[x]?{y}'],
    [String.raw`/a/\*x`, '/a/*x'],
    [String.raw`/a/x\\y*`, String.raw`/a/x\y<*>`],
    [String.raw`/a/\x41\x2a`, '/a/A*'],
    [String.raw`/a/\xff`, '/a/\xff'],
    ['/a/ä', '/a/\xc3\xa4'],
  ])('%s', (text, expected) => expect(read(text)).toBe(expected));
});

describe('directories that are one have one name', () => {
  test.each([
    ['/bin/sh', '/usr/bin/sh'],
    ['/sbin/**', '/usr/sbin/**'],
    ['/lib64/ld.so', '/usr/lib64/ld.so'],
    ['/libx32', '/usr/libx32'],
    ['/libexec/x', '/libexec/x'],
    ['/var/run/secrets/**', '/run/secrets/**'],
    ['/var/lock/x', '/run/lock/x'],
    ['/var/runner', '/var/runner'],
    ['/usr/bin/sh', '/usr/bin/sh'],
    ['**/bin/sh', '**/bin/sh'],
    ['/*/sh', '/<*>/sh'],
  ])('%s is %s', (text, expected) => expect(read(text)).toBe(expected));

  test('cgroups have no such directories', () => expect(read('/bin/x', 'cgroup')).toBe('/bin/x'));
});

describe('what is no pattern is refused with what to write', () => {
  test.each([
    ['', 'PATTERN_NOT_ABSOLUTE; write /**'],
    ['**', 'PATTERN_NOT_ABSOLUTE; write /**'],
    ['usr/bin/nc', 'PATTERN_NOT_ABSOLUTE; write /usr/bin/nc or **/nc'],
    ['./nc', 'PATTERN_NOT_ABSOLUTE; write /nc or **/nc'],
    ['*.conf', 'PATTERN_NOT_ABSOLUTE; write /*.conf or **/*.conf'],
    ['~/.ssh/id_rsa', 'PATTERN_NOT_ABSOLUTE; write /root/.ssh/id_rsa or **/id_rsa'],
    ['/', 'PATTERN_NOT_NORMAL; write /**'],
    ['/etc/', 'PATTERN_NOT_NORMAL; write /etc or /etc/**'],
    ['//etc', 'PATTERN_NOT_NORMAL; write /etc'],
    ['/a/../b', 'PATTERN_NOT_NORMAL; write /b'],
    ['/a/./b/**', 'PATTERN_NOT_NORMAL; write /a/b/**'],
    ['**//x', 'PATTERN_NOT_NORMAL; write **/x'],
    ['/proc/self/mem', 'PATTERN_NOT_NORMAL; write /proc/*/mem'],
    ['/proc/thread-self/**', 'PATTERN_NOT_NORMAL; write /proc/*/**'],
    ['/lib*/x', 'PATTERN_NOT_NORMAL; write /usr/lib*/x, or /lib without a *'],
    ['/var/ru*/x', 'PATTERN_NOT_NORMAL; write /run/x, or /var/run without a *'],
    ['/a/**/b', 'PATTERN_UNSUPPORTED; write * for exactly one directory'],
    ['**/**', 'PATTERN_UNSUPPORTED; write /**'],
    ['/a/*x*', String.raw`PATTERN_UNSUPPORTED; write \* for a star in a name`],
    [String.raw`/a/\n`, String.raw`PATTERN_UNSUPPORTED; write \\ for a backslash`],
    [String.raw`/a/\x4`, String.raw`PATTERN_UNSUPPORTED; write \\ for a backslash`],
    ['/a/b\\', String.raw`PATTERN_UNSUPPORTED; write \\ for a backslash`],
    [String.raw`/a/\x2f`, 'PATTERN_UNSUPPORTED; '],
    [String.raw`/a/\x00`, 'PATTERN_UNSUPPORTED; '],
    [String.raw`/a/\x2e\x2e`, 'PATTERN_NOT_NORMAL; '],
    ['/\ud800', String.raw`PATTERN_UNSUPPORTED; write single bytes as \xHH`],
    [`/${'a'.repeat(256)}`, 'PATTERN_TOO_LONG; '],
    [`/${'ä'.repeat(128)}`, 'PATTERN_TOO_LONG; '],
    [`/${'a'.repeat(255)}*`, 'PATTERN_TOO_LONG; '],
    [`/*${'a'.repeat(255)}`, 'PATTERN_TOO_LONG; '],
    ['/a'.repeat(65), 'PATTERN_TOO_LONG; '],
    [`/bin${'/a'.repeat(63)}`, 'PATTERN_TOO_LONG; '],
    [`/${'a/'.repeat(511)}bb`, 'PATTERN_TOO_LONG; '],
  ])('%s', (text, expected) => expect(problem(text)).toBe(expected));

  test('cgroups may be called proc and self', () => expect(read('/proc/self/x', 'cgroup')).toBe('/proc/self/x'));
});

test('the longest patterns are accepted: 64 components, 255 bytes in one', () => {
  expect(patternOf('/a'.repeat(64)).components).toHaveLength(64);
  expect(read(`/${'ä'.repeat(127)}a`)).toHaveLength(256);
  expect(patternOf(`/${'a'.repeat(254)}*`).components).toHaveLength(1);
});

test('the suggested spelling is itself accepted', () => {
  const texts = ['usr/bin/nc', '/etc/', '//x//y', '/a/../b', '/proc/self/mem', '/lib*/x', '**//x', './x/', '~/x', '**'];
  for (const text of texts) {
    const result = parsePattern(text);
    const hint = 'problem' in result ? result.problem.hint : '';
    for (const suggestion of hint
      .replace(/^write /, '')
      .split(/ or |, or \S+ without.*/)
      .filter(Boolean))
      expect(parsePattern(suggestion), `${text} -> ${suggestion}`).toHaveProperty('pattern');
  }
});

test('bytes and text are the same name', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => textOf(bytesOf(text)) === text));
});

test('a pattern never makes the parser throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('file', 'cgroup'), (text, space) => {
      parsePattern(text, space);
    }),
    { numRuns: 2_000 },
  );
});

/** The same grammar, as the API server checks it. */
function schemaPattern(): RegExp {
  const find = (schema: Schema): string | undefined => {
    if (schema['x-definition'] === 'PathPattern') return schema['pattern'] as string;
    const below = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : [])];
    for (const child of below) {
      const found = find(child);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return new RegExp(find(SCHEMAS.RuntimePolicy) ?? '(?!)', 'u');
}

const piece = fc.constantFrom('/', '**', '*', '.', '..', 'a', 'bc', '\\*', '\\\\', '\\x41', '\\', '\\xg', '/**', '/a');

test('the schema and the parser accept the same texts, but for names that only mean something to the parser', () => {
  const regex = schemaPattern();
  const counts = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
      const text = pieces.join('');
      const result = parsePattern(text, 'cgroup');
      const accepted = 'pattern' in result;
      counts[accepted ? 'accepted' : 'refused'] += 1;
      expect(regex.test(text), text).toBe(accepted);
    }),
    { numRuns: 5_000 },
  );
  expect(Math.min(counts.accepted, counts.refused)).toBeGreaterThan(200);
});

test('directories above the literal part are guarded, the root is not', () => {
  const guarded = (text: string): string[] =>
    guardedDirectories(patternOf(text)).map(({ components }) =>
      components.map((one) => ('literal' in one ? `/${one.literal}` : '*')).join(''),
    );
  expect(guarded('/etc/ssl/key')).toEqual(['/etc', '/etc/ssl']);
  expect(guarded('/etc/*.key')).toEqual(['/etc']);
  expect(guarded('/etc/**')).toEqual(['/etc']);
  expect(guarded('**/x')).toEqual([]);
  expect(guarded('/x')).toEqual([]);
});
