// Changes of the mount tree give files other names: where a deny rule covers Link they violate it, and mounting over a file writes it.
import { mkdirSync, writeFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { kernelGroup } from '../harness/cases.js';
import { expectAllowed, expectCounts, expectDenied, expectKilled } from '../harness/expect.js';
import { policyOn } from '../harness/workloads.js';

const FOLDER = '/tmp/rf-mounts';
const at = (name: string): string => join(FOLDER, name);
const guard = (access: string, action: string): object => ({
  name: 'r',
  paths: { deny: [{ path: at('guarded/**'), access: [access] }] },
  action,
});

const mounts = kernelGroup('mount tree', {
  workloads: ['m-link', 'm-kill', 'm-audit', 'm-allow', 'm-write'],
  prepare: () => {
    for (const name of ['guarded', 'from', 'to', 'upper', 'work', 'memory']) mkdirSync(at(name), { recursive: true });
    for (const name of ['guarded/f', 'from/f']) writeFileSync(at(name), `content of ${name}\n`);
  },
  policies: [
    policyOn('m-link', 'm-link', [guard('Link', 'Block')]),
    policyOn('m-kill', 'm-kill', [guard('Link', 'Kill')]),
    policyOn('m-audit', 'm-audit', [guard('Link', 'Audit')]),
    policyOn('m-allow', 'm-allow', [{ name: 'r', paths: { allow: [{ path: at('to/**'), access: ['Link'] }] } }]),
    policyOn('m-write', 'm-write', [guard('Write', 'Block')]),
  ],
});

/** Each in a mount namespace of its own, and then whether the file shows under the other name. */
const CHANGES = {
  bind: [['bind', at('from'), at('to')]],
  'attach a copy': [['attach-copy', at('from'), at('to')]],
  move: [
    ['mount-memory', at('memory')],
    ['open-create', at('memory/f'), 'text'],
    ['move-mount', at('memory'), at('to')],
  ],
} as const;

for (const [name, words] of Object.entries(CHANGES)) {
  mounts.case(
    `${name}: denied where a rule guards Link, whatever is mounted`,
    (bed) => bed.try('m-link', ['unshare'], ...words, ['open-read', at('to/f')]),
    (_, results) => {
      const [change, look] = results.slice(-2);
      for (const before of results.slice(0, -2)) expectAllowed(before);
      expectDenied(change);
      assert.equal(look?.errno, 'ENOENT');
    },
  );
}

mounts.case(
  'pivot_root: denied where a rule guards Link',
  (bed) =>
    bed.try(
      'm-link',
      ['unshare'],
      ['mount-memory', at('memory')],
      ['mkdir', at('memory/old')],
      ['pivot-root', at('memory'), at('memory/old')],
    ),
  (_, results) => expectDenied(results.at(-1)),
);

mounts.case(
  'an overlay: denied where a rule guards Link',
  async (bed) => {
    const layers = `lowerdir=${at('from')},upperdir=${at('upper')},workdir=${at('work')}`;
    const command = ['exec', '/usr/bin/mount', '-t', 'overlay', '-o', layers, 'overlay', at('to')];
    return await bed.try('m-link', ['unshare'], command, ['open-read', at('to/f')]);
  },
  (seen, results) => {
    assert.notEqual(results.at(-2)?.status, 0);
    assert.equal(results.at(-1)?.errno, 'ENOENT');
    expectCounts(seen, { 'm-link/r': 5 });
  },
);

mounts.case(
  'Kill ends the process that binds',
  (bed) => bed.try('m-kill', ['unshare'], ['bind', at('from'), at('to')]),
  (seen, results) => {
    expectKilled(results.at(-1));
    expectCounts(seen, { 'm-kill/r': 1 });
  },
);

mounts.case(
  'Audit lets the mount happen and counts it',
  (bed) => bed.try('m-audit', ['unshare'], ['bind', at('from'), at('to')], ['open-read', at('to/f')]),
  (seen, results) => {
    results.forEach(expectAllowed);
    expectCounts(seen, { 'm-audit/r': 1 });
  },
);

mounts.case(
  'an allow list of Link governs names, not the mount tree',
  (bed) => bed.try('m-allow', ['unshare'], ['bind', at('from'), at('to')], ['open-read', at('to/f')]),
  (seen, results) => {
    results.forEach(expectAllowed);
    expectCounts(seen, { 'm-allow/r': 0 });
  },
);

mounts.case(
  'mounting over a guarded folder writes it; elsewhere it is free',
  (bed) => bed.try('m-write', ['unshare'], ['mount-memory', at('guarded')], ['mount-memory', at('to')]),
  (seen, [, guarded, elsewhere]) => {
    expectDenied(guarded);
    expectAllowed(elsewhere);
    expectCounts(seen, { 'm-write/r': 1 });
  },
);
