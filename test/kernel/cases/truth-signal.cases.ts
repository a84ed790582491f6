// Rows 7 to 9 of the truth table: a node that cannot deny, only signal. And what such a node does hold: programs never run.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelGroup, type Seen } from '../harness/cases.js';
import { expectAllowed, expectCounts, expectEvent, expectKilled, expectProgramKilled } from '../harness/expect.js';
import { TRY } from '../harness/run-try.js';
import { policyOn } from '../harness/workloads.js';

const FOLDER = `/tmp/rf-signal-${process.pid}`;
const at = (name: string): string => join(FOLDER, name);
const read = [{ path: at('x'), access: ['Read'] }];

const signal = kernelGroup('truth table on a node that only signals', {
  backend: 'tracepoint',
  workloads: ['s7', 's8', 's9', 's-exec', 's-exec-block', 's-write'],
  prepare: () => {
    mkdirSync(FOLDER, { recursive: true });
    for (const name of ['x', 'y']) writeFileSync(at(name), `content of ${name}\n`);
    for (const name of ['forbidden', 'allowed']) {
      copyFileSync(TRY, at(name));
      chmodSync(at(name), 0o755);
    }
  },
  cleanup: () => rmSync(FOLDER, { recursive: true, force: true }),
  policies: [
    policyOn('s7', 's7-prevent', [{ name: 'r', paths: { deny: read } }], { minimumGuarantee: 'Prevent' }),
    policyOn('s8', 's8-kill', [{ name: 'r', paths: { deny: read } }]),
    policyOn('s9', 's9-block', [{ name: 'r', paths: { deny: read }, action: 'Block' }]),
    policyOn('s-exec', 's-exec-kill', [{ name: 'r', binaries: { deny: [{ path: at('forbidden') }] } }]),
    policyOn('s-exec-block', 's-exec-allow', [
      { name: 'r', binaries: { allow: [{ path: at('allowed') }] }, action: 'Block' },
    ]),
    policyOn('s-write', 's-write-min', [
      { name: 'r', paths: { deny: [{ path: at('x'), access: ['Write'] }] }, minimumGuarantee: 'Observe' },
    ]),
  ],
});

function conditionOf(seen: Seen, policy: string, type: string): string {
  const found = seen.policy(policy).status.conditions.find((condition) => condition.type === type);
  return `${found?.status ?? 'none'} ${found?.reason ?? ''}`;
}

signal.case(
  'row 7: a rule below its minimum guarantee only reports, and the status says Refused',
  (bed) => bed.try('s7', ['open-read', at('x')], ['open-read', at('y')]),
  (seen, [x, y]) => {
    expectAllowed(x);
    expectAllowed(y);
    expectCounts(seen, { 's7-prevent/r': 1 });
    const event = expectEvent(seen, { policy: 's7-prevent', rule: 'r', verdict: 'Audit', path: at('x') });
    assert.equal(event.asked, 'Kill');
    assert.equal(seen.policy('s7-prevent').status.nodes.refused, 1);
    assert.equal(conditionOf(seen, 's7-prevent', 'Enforcing'), 'False GuaranteeNotMet');
  },
);

signal.case(
  'row 8: without a minimum the process is killed and the status says Degraded',
  async (bed) => [await bed.one('s8', 'open-read', at('y')), await bed.one('s8', 'open-read', at('x'))],
  (seen, [y, x]) => {
    expectAllowed(y);
    expectKilled(x);
    expectCounts(seen, { 's8-kill/r': 1 });
    expectEvent(seen, { policy: 's8-kill', rule: 'r', verdict: 'Kill', path: at('x') });
    const { status } = seen.policy('s8-kill');
    assert.equal(status.nodes.degraded, 1);
    assert.equal(status.guarantee, 'Terminate');
    assert.equal(conditionOf(seen, 's8-kill', 'Degraded'), 'True WeakerEffect');
  },
);

signal.case(
  'row 9: Block is never turned into a kill: it happens and is reported',
  (bed) => bed.one('s9', 'open-read', at('x')),
  (seen, x) => {
    expectAllowed(x);
    assert.equal(x.data, 'content of x\n');
    expectCounts(seen, { 's9-block/r': 1 });
    const event = expectEvent(seen, { policy: 's9-block', rule: 'r', verdict: 'Audit', path: at('x') });
    assert.ok(event.notes.includes('CannotDeny'), JSON.stringify(event.notes));
    assert.equal(seen.policy('s9-block').status.guarantee, 'Observe');
  },
);

signal.case(
  'a program that Kill forbids dies before its first instruction: the guarantee is Prevent for exec',
  (bed) =>
    bed.try(
      's-exec',
      ['exec', at('forbidden'), 'open-create', at('ran-forbidden')],
      ['exec', at('allowed'), 'open-create', at('ran-allowed')],
    ),
  (seen, [forbidden]) => {
    expectProgramKilled(forbidden);
    assert.ok(!existsSync(at('ran-forbidden')));
    assert.ok(existsSync(at('ran-allowed')));
    expectCounts(seen, { 's-exec-kill/r': 1 });
    expectEvent(seen, { policy: 's-exec-kill', rule: 'r', verdict: 'Kill', path: at('forbidden') });
  },
);

signal.case(
  'an allow list of programs with Block lets others run and reports them',
  (bed) => bed.try('s-exec-block', ['exec', at('forbidden'), 'open-create', at('ran-blocked')]),
  (seen) => {
    assert.ok(existsSync(at('ran-blocked')));
    expectCounts(seen, { 's-exec-allow/r': 1 });
    expectEvent(seen, { policy: 's-exec-allow', rule: 'r', verdict: 'Audit', path: at('forbidden') });
  },
);

signal.case(
  'a class that no tracepoint sees has no guarantee, and a policy about it alone is refused',
  (bed) => bed.one('s-write', 'open-write', at('x')),
  (seen, tried) => {
    expectAllowed(tried);
    assert.equal(seen.policy('s-write-min').status.guarantee, 'None');
    assert.equal(seen.policy('s-write-min').status.nodes.refused, 1);
  },
);
