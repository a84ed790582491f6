import { describe, expect, it } from 'vitest';
import { RfAnchor, RfShapeCodec, RfTable } from '../abi/abi.gen.js';
import type { PatternIR } from '../compile/ir.js';
import { hashPath } from './hash.js';
import { encodeAncestors, encodePattern } from './pattern.js';
import { pattern as patternIR } from '../../../test/support/ir.js';

describe('encodePattern', () => {
  it.each<[string, number]>([
    ['/etc/shadow', RfTable.EXACT],
    ['/etc/**', RfTable.SUBTREE],
    ['/**', RfTable.SUBTREE],
    ['**/shadow', RfTable.BASENAME],
    ['**/.ssh/id_rsa', RfTable.SHAPE],
    ['**/.ssh/**', RfTable.SHAPE],
    ['**/*.conf', RfTable.SHAPE],
    ['/etc/*.conf', RfTable.SHAPE],
    ['/home/*/.ssh/**', RfTable.SHAPE],
  ])('%s stands in table %i', (text, table) => {
    expect(encodePattern(patternIR(text)).table).toBe(table);
  });

  it.each([
    ['/etc/**', 1],
    ['/**', 0],
    ['/a/b/c/**', 3],
  ])('a literal subtree has the depth of its directory: %s', (text, depth) => {
    expect(encodePattern(patternIR(text)).depth).toBe(depth);
  });

  it.each<[string, { anchor: number; subtree: number; comps: [number, number][] }]>([
    [
      '/etc/*.conf',
      {
        anchor: RfAnchor.START,
        subtree: 0,
        comps: [
          [255, 0],
          [0, 5],
        ],
      },
    ],
    [
      '/home/*/.ssh/**',
      {
        anchor: RfAnchor.START,
        subtree: 1,
        comps: [
          [255, 0],
          [0, 0],
          [255, 0],
        ],
      },
    ],
    [
      '**/.ssh/id_*',
      {
        anchor: RfAnchor.END,
        subtree: 0,
        comps: [
          [255, 0],
          [3, 0],
        ],
      },
    ],
    ['**/.ssh/**', { anchor: RfAnchor.FLOAT, subtree: 0, comps: [[255, 0]] }],
  ])('%s has the shape that the kernel compares by', (text, { anchor, subtree, comps }) => {
    const shape = RfShapeCodec.decode(encodePattern(patternIR(text)).shape ?? new Uint8Array(0));
    const own = shape.comps.slice(0, shape.compCount).map(({ prefixLen, suffixLen }) => [prefixLen, suffixLen]);
    expect({ anchor: shape.anchor, subtree: shape.subtree, comps: own }).toEqual({ anchor, subtree, comps });
  });

  it('patterns of one form share a shape', () => {
    expect(encodePattern(patternIR('/etc/*.conf')).shape).toEqual(encodePattern(patternIR('/opt/*.yaml')).shape);
  });

  it('a subtree deeper than the bits of the depth mask is a shape', () => {
    const pattern: PatternIR = { ...patternIR('/**'), components: new Array(64).fill({ literal: 'a' }) };
    expect(encodePattern(pattern).table).toBe(RfTable.SHAPE);
  });
});

describe('encodeAncestors', () => {
  it.each<[string, string[]]>([
    ['/etc/ssh/key', ['/etc', '/etc/ssh']],
    ['/etc/ssh/**', ['/etc', '/etc/ssh']],
    ['/home/*/.ssh', ['/home']],
    ['/etc', []],
    ['/**', []],
    ['**/a/b', []],
  ])('the directories that hold what %s guards', (text, directories) => {
    const expected = directories.map((directory) => hashPath(patternIR(directory).components).hash);
    expect(encodeAncestors(patternIR(text)).map(({ hash }) => hash)).toEqual(expected);
  });
});
