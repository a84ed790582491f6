// Rows 1 to 6 and 10 to 12 of the truth table. Rows 7 to 9 are about a node that can only signal: truth-signal.cases.ts.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Holder } from '../harness/holder.js';
import { kernelGroup } from '../harness/cases.js';
import {
  expectAllowed,
  expectCounts,
  expectDenied,
  expectEvent,
  expectKilled,
  expectProgramKilled,
} from '../harness/expect.js';
import { policyOn, policyOnHost } from '../harness/workloads.js';
import { TRY } from '../harness/run-try.js';

const FOLDER = '/tmp/rf-truth';
const at = (name: string): string => join(FOLDER, name);
const read = (...names: string[]): object[] => names.map((name) => ({ path: at(name), access: ['Read'] }));

const WORKLOADS = ['t1', 't2a', 't2b', 't3', 't4', 't5', 't6', 't10', 't11'];
const UNIT = 'rf-test-held.service';
let held: Holder;
let mainOfT10: Holder;

const truth = kernelGroup('truth table', {
  workloads: WORKLOADS,
  prepare: async ({ cgroups }) => {
    mkdirSync(FOLDER, { recursive: true });
    for (const name of ['a', 'b', 'c', 'x', 'other']) writeFileSync(at(name), `content of ${name}\n`);
    for (const name of ['by-b', 'by-c', 'allowed', 'forbidden']) copyFileSync(TRY, at(name));
    held = await Holder.start(cgroups.unit(UNIT));
    mainOfT10 = await Holder.start(cgroups.folder('t10'));
    cgroups.folder('plain');
  },
  cleanup: async () => {
    await held.end();
    await mainOfT10.end();
  },
  flags: () => ['--protected-units', UNIT],
  policies: (cgroups) => [
    policyOn('t1', 't1-deny', [{ name: 'deny', paths: { deny: read('x') }, action: 'Block' }]),
    policyOn('t1', 't1-allow', [{ name: 'allow', paths: { allow: read('x', 'a') }, action: 'Block' }]),
    policyOn('t2a', 't2a-1', [{ name: 'r', paths: { allow: read('a', 'b') }, action: 'Block' }]),
    policyOn('t2a', 't2a-2', [{ name: 'r', paths: { allow: read('b', 'c') }, action: 'Block' }]),
    policyOn('t2b', 't2b-one', [
      { name: 'r1', paths: { allow: read('a', 'b') }, action: 'Block' },
      { name: 'r2', paths: { allow: read('b', 'c') }, action: 'Block' },
    ]),
    policyOn('t3', 't3-allow', [{ name: 'r', binaries: { allow: [{ path: at('allowed') }] } }]),
    policyOn('t4', 't4-block', [{ name: 'r', paths: { deny: read('x') }, action: 'Block' }]),
    policyOn('t4', 't4-kill', [{ name: 'r', paths: { deny: read('x') }, action: 'Kill' }]),
    policyOn('t4', 't4-audit', [{ name: 'r', paths: { deny: read('x') }, action: 'Audit' }]),
    policyOn('t5', 't5-monitor', [{ name: 'r', paths: { deny: read('x') } }], { mode: 'Monitor' }),
    policyOn('t5', 't5-allow', [{ name: 'r', paths: { allow: read('x') } }]),
    policyOn('t6', 't6-except', [
      { name: 'r', paths: { deny: read('x') }, action: 'Block', except: [{ binaries: [{ path: at('by-b') }] }] },
    ]),
    policyOn('t6', 't6-plain', [{ name: 'r', paths: { deny: read('x') }, action: 'Block' }]),
    policyOn('t10', 't10-kill', [{ name: 'r', paths: { deny: read('x') } }], { mainProcess: 'Block' }),
    policyOn('t11', 't11-allow', [{ name: 'r', paths: { allow: read('a') } }], { unresolved: 'Block' }),
    policyOnHost([`/system.slice/${UNIT}`, `${cgroups.top}/plain`], 't12-host', [
      { name: 'r', binaries: { allow: [{ path: at('allowed') }] } },
    ]),
  ],
});

truth.case(
  'row 1: nothing permits what a rule forbids',
  (bed) => bed.try('t1', ['open-read', at('x')], ['open-read', at('a')], ['open-read', at('other')]),
  (seen, [x, a, other]) => {
    expectDenied(x);
    expectAllowed(a);
    expectDenied(other);
    expectCounts(seen, { 't1-deny/deny': 1, 't1-allow/allow': 1 });
    expectEvent(seen, { policy: 't1-deny', rule: 'deny', verdict: 'Block', path: at('x') });
  },
);

for (const [workload, first, second] of [
  ['t2a', 't2a-1/r', 't2a-2/r'],
  ['t2b', 't2b-one/r1', 't2b-one/r2'],
] as const) {
  truth.case(
    `row 2: allow-lists of two ${workload === 't2a' ? 'policies' : 'rules'} intersect`,
    (bed) => bed.try(workload, ['open-read', at('a')], ['open-read', at('b')], ['open-read', at('c')]),
    (seen, [a, b, c]) => {
      expectDenied(a);
      expectAllowed(b);
      expectDenied(c);
      expectCounts(seen, { [first]: 1, [second]: 1 });
      const event = (id: string, name: string): unknown => {
        const [policy = '', rule = ''] = id.split('/');
        return expectEvent(seen, { policy, rule, verdict: 'Block', path: at(name) });
      };
      event(second, 'a');
      event(first, 'c');
    },
  );
}

truth.case(
  'row 3: an allow list leaves what it does not govern alone',
  (bed) => bed.try('t3', ['open-read', at('x')], ['exec', at('allowed'), 'stat', at('x')], ['exec', at('forbidden')]),
  (seen, [opened, , allowed, forbidden]) => {
    expectAllowed(opened);
    expectAllowed(allowed);
    assert.equal(allowed?.status, 0);
    expectProgramKilled(forbidden);
    expectCounts(seen, { 't3-allow/r': 1 });
  },
);

truth.case(
  'row 4: the strictest of three policies wins and each has its counter',
  (bed) => bed.one('t4', 'open-read', at('x')),
  (seen, tried) => {
    expectKilled(tried);
    expectCounts(seen, { 't4-block/r': 1, 't4-kill/r': 1, 't4-audit/r': 1 });
    const event = expectEvent(seen, { policy: 't4-kill', rule: 'r', verdict: 'Kill', path: at('x') });
    assert.deepEqual(event.others.map(({ policy, action }) => `${policy.name} ${action}`).sort(), [
      't4-audit Audit',
      't4-block Block',
    ]);
  },
);

truth.case(
  'row 5: a policy in Monitor reports and does not interfere',
  (bed) => bed.one('t5', 'open-read', at('x')),
  (seen, tried) => {
    expectAllowed(tried);
    expectCounts(seen, { 't5-monitor/r': 1, 't5-allow/r': 0 });
    const event = expectEvent(seen, { policy: 't5-monitor', rule: 'r', verdict: 'Audit', path: at('x') });
    assert.equal(event.asked, 'Kill');
  },
);

truth.case(
  'row 6: an exception weakens its own rule and nothing else',
  async (bed) => [
    ...(await bed.try('t6', ['exec', at('by-b'), 'open-read', at('x')])),
    ...(await bed.try('t6', ['exec', at('by-c'), 'open-read', at('x')])),
  ],
  (seen) => {
    expectCounts(seen, { 't6-except/r': 1, 't6-plain/r': 2 });
    const byProgram = (name: string): string[] =>
      seen
        .eventsOf('t6-plain')
        .filter(({ process }) => process.program === at(name))
        .flatMap(({ policy, others }) => [policy.name, ...others.map((other) => other.policy.name)])
        .sort();
    assert.deepEqual(byProgram('by-b'), ['t6-plain']);
    assert.deepEqual(byProgram('by-c'), ['t6-except', 't6-plain']);
  },
);

truth.case(
  'row 10: the main process is denied and not killed where mainProcess is Block; others are killed',
  async (bed) => ({
    main: await mainOfT10.evaluate(`true <${at('x')}`),
    later: await bed.one('t10', 'open-read', at('x')),
    alive: await mainOfT10.evaluate('true'),
  }),
  (seen, { main, later, alive }) => {
    assert.notEqual(main, 0);
    expectKilled(later);
    assert.equal(alive, 0);
    expectCounts(seen, { 't10-kill/r': 2 });
    const verdicts = seen.eventsOf('t10-kill').map(({ verdict, process }) => [verdict, process.mainProcess ?? false]);
    assert.deepEqual(verdicts, [
      ['Block', true],
      ['Kill', false],
    ]);
  },
);

truth.case(
  'row 11: what cannot be resolved is denied and not killed where unresolved is Block',
  (bed) => bed.try('t11', ['open-read', at('a')], ['unshare'], ['open-detached', FOLDER, 'a']),
  (seen, [allowed, , detached]) => {
    expectAllowed(allowed);
    expectDenied(detached);
    expectCounts(seen, { 't11-allow/r': 1 });
    const event = expectEvent(seen, { policy: 't11-allow', rule: 'r', verdict: 'Block' });
    assert.ok(event.notes.includes('Unresolved'), JSON.stringify(event));
    assert.equal(event.object.unresolved, 'Detached');
  },
);

truth.case(
  'row 12: a process of a protected unit is let pass and counted; the same in a plain unit is not',
  async (bed) => ({
    before: (await bed.agent.status()).losses['PROTECTED'] ?? 0,
    held: await held.run([at('forbidden'), 'open-create', at('ran-protected')]),
    after: (await bed.agent.status()).losses['PROTECTED'] ?? 0,
    plain: await bed.one('plain', 'exec', at('forbidden'), 'open-create', at('ran-plain')),
  }),
  (seen, { before, held: status, after, plain }) => {
    assert.equal(status, 0);
    expectProgramKilled(plain);
    expectCounts(seen, { 't12-host/r': 1 });
    assert.equal(after - before, 1);
  },
);
