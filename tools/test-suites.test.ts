import { describe, expect, it } from 'vitest';
import { parseSuite } from './test-suites.js';

const GOOD = { name: 'a', order: 1, command: ['node', 'x.js'], timeoutSeconds: 5 };
const parse = (change: object): unknown => parseSuite(JSON.stringify({ ...GOOD, ...change }), 'test/a/suite.json');

describe('parseSuite', () => {
  it('fills in the group test and no needs', () => {
    expect(parse({})).toEqual({ ...GOOD, groups: ['test'], needs: [] });
  });
  const wrong = [
    [{ name: '' }, 'name'],
    [{ order: '1' }, 'order'],
    [{ command: [] }, 'command'],
    [{ command: 'node x.js' }, 'command'],
    [{ groups: [] }, 'groups'],
    [{ needs: ['luck'] }, 'needs'],
    [{ timeoutSeconds: 0 }, 'timeoutSeconds'],
    [{ timeout: 5 }, 'timeout'],
  ] as const;
  for (const [change, field] of wrong) {
    it(`refuses ${JSON.stringify(change)} and names the file and the field`, () => {
      expect(() => parse(change)).toThrow(`test/a/suite.json: ${field}: `);
    });
  }
});
