// Bypass rows about descriptors and about other calls than open, read and write.
import assert from 'node:assert/strict';
import { bypassGroup, denyPath, type Bypass, type Step } from '../harness/bypass.js';

const byRing = (outcome: Step[0], path: string): Step[] =>
  ['inline', 'async', 'polled'].map((way) => [outcome, 'ring-open', way, path] as const);

bypassGroup('bypass of descriptors', {
  'row-17-received': (at) => ({
    rules: [denyPath(at('secret'), 'Read')],
    processes: [
      [['denied', 'receive', at('secret')]],
      [['denied', 'take', at('secret')]],
      [['denied', 'inherited-reopen', at('secret')]],
    ],
    names: [at('secret')],
  }),
  'row-19-other-reads': (at) => ({
    rules: [denyPath(at('secret'), 'Read')],
    processes: [
      (['sendfile', 'splice', 'copy-range'] as const).map((op) => ['denied', op, at('secret'), at('out')]),
      [['denied', 'map-read', at('secret')]],
    ],
    names: [at('secret')],
    absent: ['out'],
  }),
  'row-20-other-writes': (at) => ({
    rules: [denyPath(at('secret'), 'Write')],
    processes: [
      [
        ['denied', 'truncate', at('secret'), '0'],
        ['denied', 'ftruncate', at('secret'), '0'],
        ['denied', 'fallocate', at('secret'), '9000'],
        ['denied', 'open-trunc', at('secret')],
        ['denied', 'open-read-trunc', at('secret')],
        ['denied', 'map-write', at('secret')],
        ['denied', 'open-append', at('secret'), 'x'],
      ],
    ],
    names: [at('secret')],
  }),
  'row-20-inherited-truncate': (at) => ({
    rules: [denyPath(at('secret'), 'Write')],
    processes: [[['denied', 'inherited-truncate', at('secret')]]],
    names: [at('secret')],
  }),
  'row-21-ring': (at): Bypass => ({
    rules: [denyPath(at('secret'))],
    processes: [
      [
        ...byRing('denied', at('secret')),
        ['denied', 'ring-open-trunc', 'polled', at('secret')],
        ['denied', 'ring-unlink', 'async', at('secret')],
        ['denied', 'ring-rename', 'polled', at('secret'), at('moved')],
      ],
    ],
    names: [at('secret')],
    more: (seen) => {
      const actors = seen.eventsOf('row-21-ring').map(({ process }) => process.pid);
      assert.equal(new Set(actors).size, 1, JSON.stringify(actors));
    },
  }),
  'row-21-ring-kills': (at): Bypass => ({
    rules: [{ ...denyPath(at('secret')), action: 'Kill' }],
    processes: byRing('killed', at('secret')).map((step) => [step]),
    names: [at('secret')],
  }),
});
