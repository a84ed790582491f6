import { describe, expect, test } from 'vitest';
import { decodeText, FILE_BYTES_MAX, parseDocuments } from './parse.js';

function values(text: string): unknown[] {
  const { documents, issues } = parseDocuments(text, 'f.yaml');
  expect(issues).toEqual([]);
  return documents.map(({ value }) => value);
}

function problems(text: string): string[] {
  return parseDocuments(text, 'f.yaml').issues.map(
    ({ code, line, column, expected, got }) => `${line}:${column} ${code} ${expected}, got ${got}`,
  );
}

test('several documents are read, empty ones are not there', () => {
  expect(values('a: 1\n---\n---\n# nothing\n---\nb: [x, {c: "y"}]\n')).toEqual([{ a: 1 }, { b: ['x', { c: 'y' }] }]);
  expect(values('')).toEqual([]);
});

test('JSON is read, tabs and all', () => {
  expect(values('{\n\t"a": [1, true, null, "x"]\n}\n')).toEqual([{ a: [1, true, null, 'x'] }]);
});

test('a byte order mark is no part of the first key', () => {
  expect(values('\uFEFFa: 1\n')).toEqual([{ a: 1 }]);
});

test('an alias is a copy of what its anchor stands at', () => {
  const [value] = values('a: &x {b: 1}\nc: *x\n') as [{ a: object; c: object }];
  expect(value.c).toEqual({ b: 1 });
  expect(value.c).not.toBe(value.a);
});

test('a key __proto__ is a key like others', () => {
  const [value] = values('__proto__: {x: 1}\n') as [object];
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(Object.keys(value)).toEqual(['__proto__']);
});

test('values and keys have their positions, what an alias repeats the position of its text', () => {
  const { documents } = parseDocuments('a: &x\n  - b\nc:\n  "d.e": *x\n', 'f.yaml');
  const positions = documents[0]?.positions;
  expect(positions?.valueAt('a[0]')).toEqual({ line: 2, column: 5 });
  expect(positions?.keyAt('c["d.e"]')).toEqual({ line: 4, column: 3 });
  expect(positions?.valueAt('c["d.e"][0]')).toEqual({ line: 2, column: 5 });
  expect(positions?.valueAt('nowhere')).toEqual({ line: 1, column: 1 });
});

describe('what has no single meaning is refused where it stands', () => {
  test.each([
    ['a: 1\nb: 2\na: 3\n', '3:1 INVALID_YAML each key once, got a a second time'],
    ['a:\n\tb: 1\n', '2:1 INVALID_YAML YAML, got an error: tabs are not allowed as indentation'],
    [
      'a: [1\n',
      '2:1 INVALID_YAML YAML, got an error: flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a: yes\n', '1:4 INVALID_YAML a value that all readers of YAML take for the same, got yes'],
    ['a: 017\n', '1:4 INVALID_YAML a value that all readers of YAML take for the same, got 017'],
    ['a: 1_000\n', '1:4 INVALID_YAML a value that all readers of YAML take for the same, got 1_000'],
    ['a: 2020-01-01\n', '1:4 INVALID_YAML a value that all readers of YAML take for the same, got 2020-01-01'],
    ['<<: {a: 1}\n', '1:1 INVALID_YAML a value that all readers of YAML take for the same, got <<'],
    ['a: .inf\n', '1:4 INVALID_YAML a finite number, got .inf'],
    ['a: !!str 1\n', '1:10 INVALID_YAML no tag, got tag:yaml.org,2002:str'],
    ['a: *x\n', '1:4 INVALID_YAML an alias of an anchor that stands before it, got *x'],
    ['1: x\n', '1:1 INVALID_YAML a key that is text, got 1'],
    ['? [a]\n: b\n', '1:3 INVALID_YAML a key that is text, got a collection or nothing'],
    ['a: "\\ud800"\n', '1:4 INVALID_YAML whole characters, got half of a surrogate pair'],
    ['a: x\u0007\n', '1:5 INVALID_YAML text without control characters, got U+0007'],
    ['%YAML 1.1\n---\na: 1\n', '1:1 INVALID_YAML YAML 1.2, got %YAML 1.1'],
  ])('%j', (text, expected) => expect(problems(text)).toEqual([expected]));
});

test('a broken document leaves the others as they are', () => {
  const { documents, issues } = parseDocuments('a: 1\n---\nb: [\n---\nc: 3\n', 'f.yaml');
  expect(documents.map(({ value }) => value)).toEqual([{ a: 1 }, { c: 3 }]);
  expect(issues).toMatchObject([{ code: 'INVALID_YAML', line: 4 }]);
});

test('of a document without a single meaning all problems are told at once', () => {
  expect(problems('a: yes\nb: no\nc: 1\nc: 2\n').map((text) => text.split(' ')[0])).toEqual(['1:4', '2:4', '4:1']);
});

describe('no file can make the reader expand', () => {
  const bomb = Array.from(
    { length: 9 },
    (_, n) => `${'bcdefghij'[n] ?? ''}: &${'bcdefghij'[n] ?? ''} [${`*${'abcdefghij'[n] ?? ''}, `.repeat(9)}]\n`,
  );
  test.each([
    ['aliases of aliases', `a: &a [x, x, x, x, x, x, x, x, x]\n${bomb.join('')}`, 'at most 100000 values'],
    ['an alias within its anchor', 'a: &a [*a]\n', 'at most 64 levels'],
    ['brackets', '['.repeat(500_000), 'at most 64 levels'],
    ['braces', '{a: '.repeat(200_000), 'at most 64 levels'],
    ['dashes', '- '.repeat(20_000), 'at most 64 levels'],
    ['many values', `[${'x,'.repeat(110_000)}]`, 'at most 100000 values'],
  ])('%s', (_, text, expected) => {
    const { documents, issues } = parseDocuments(text, 'f.yaml');
    expect(documents).toEqual([]);
    expect(issues[0]?.expected).toContain(expected);
  });
});

test('a file of more than a mebibyte is not looked at', () => {
  expect(problems('#'.repeat(FILE_BYTES_MAX))).toEqual([]);
  expect(problems('#'.repeat(FILE_BYTES_MAX + 1))).toEqual(['1:1 TOO_LARGE at most 1048576 bytes, got 1048577 bytes']);
});

test('bytes become text, or an issue that says where they do not', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  expect(decodeText(bytes('a: ä\n'), 'f.yaml')).toEqual({ text: 'a: ä\n' });
  const broken = Uint8Array.from([...bytes('a: 1\nb: ä'), 0xff, ...bytes('x\n')]);
  expect(decodeText(broken, 'f.yaml')).toMatchObject({ issue: { code: 'INVALID_YAML', line: 2, column: 5 } });
  expect(decodeText(new Uint8Array(FILE_BYTES_MAX + 1), 'f.yaml')).toMatchObject({ issue: { code: 'TOO_LARGE' } });
});
