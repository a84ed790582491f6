// The ways out of POLICY.md section 7 on a kernel that prevents: a pause, the kernel command line, protected units, and no trace left.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askAgent } from '../../../operator/src/control/client.js';
import type { NodeMode } from '../../../operator/src/control/node-mode.js';
import { waitFor } from '../harness/agent.js';
import { type Bed, kernelGroup } from '../harness/cases.js';
import { Holder } from '../harness/holder.js';
import { allIds } from '../harness/leaks.js';
import { policyOn, policyOnHost } from '../harness/workloads.js';

const FOLDER = '/tmp/rf-way-out';
const at = (name: string): string => join(FOLDER, name);
const UNIT = 'rf-test-protected.service';
const WORKLOAD = 'way-out';
const LIMIT_MS = 20_000;

/** What the kernel held before the agent. */
let clean: ReturnType<typeof allIds>;
let unit = '';

const denied = (name: string): object => ({ name, paths: { deny: [{ path: at(name), access: ['Read'] }] } });

const group = kernelGroup('ways out', {
  workloads: [WORKLOAD],
  prepare: ({ cgroups }) => {
    mkdirSync(FOLDER, { recursive: true });
    for (const name of ['block', 'kill', 'host']) writeFileSync(at(name), `content of ${name}\n`);
    unit = cgroups.unit(UNIT);
    clean = allIds();
  },
  flags: () => ['--protected-units', `${UNIT},rf-test-held.service`],
  policies: [
    policyOn(WORKLOAD, 'way-out', [{ ...denied('block'), action: 'Block' }, denied('kill')]),
    policyOnHost([`/system.slice/${UNIT}`], 'way-out-host', [{ ...denied('host'), action: 'Block' }]),
  ],
});

async function requireEnforced(bed: Bed): Promise<void> {
  assert.equal((await bed.one(WORKLOAD, 'open-read', at('block'))).errno, 'EPERM');
  assert.equal((await bed.one(WORKLOAD, 'open-read', at('kill'))).signal, 9);
}

async function requireLetPass(bed: Bed): Promise<void> {
  for (const name of ['block', 'kill']) {
    assert.equal((await bed.one(WORKLOAD, 'open-read', at(name))).data, `content of ${name}\n`);
  }
}

async function violations(bed: Bed, policy = 'way-out'): Promise<number> {
  return (await bed.agent.policy(policy))?.status.violations.total ?? Number.NaN;
}

async function command(bed: Bed, path: string): Promise<NodeMode> {
  const { status, body } = await askAgent(join(bed.agent.runFolder, 'agent.sock'), 'POST', path);
  assert.equal(status, 200, JSON.stringify(body));
  return body as NodeMode;
}

/** Everything is reported as what the rules asked for, and nothing is done. */
async function requireReported(bed: Bed): Promise<void> {
  const seen = bed.agent.events().length;
  const count = await violations(bed);
  await requireLetPass(bed);
  assert.equal(await violations(bed), count + 2);
  // Those of before may still be on their way.
  const asked = await waitFor('two events', LIMIT_MS, () => {
    const audits = bed.agent
      .events()
      .slice(seen)
      .filter(({ verdict }) => verdict === 'Audit');
    return audits.length >= 2 ? audits.map((event) => event.asked) : undefined;
  });
  assert.deepEqual(asked, ['Block', 'Kill']);
}

group.caseAlone('a pause reports everything and stops nothing, and resume ends it', async (bed) => {
  await requireEnforced(bed);
  assert.equal((await command(bed, '/pause?seconds=600')).source, 'Pause');
  await requireReported(bed);
  assert.equal((await command(bed, '/resume')).effective, 'Enforce');
  await requireEnforced(bed);
});

group.caseAlone('the kernel ends a pause by itself where the agent cannot', async (bed) => {
  await command(bed, '/pause?seconds=3');
  process.kill(bed.agent.pid, 'SIGSTOP');
  try {
    await requireLetPass(bed);
    await sleep(3500);
    await requireEnforced(bed);
  } finally {
    process.kill(bed.agent.pid, 'SIGCONT');
  }
  await waitFor('the agent to see that it is over', LIMIT_MS, async () => {
    const status = await bed.agent.status().catch(() => undefined);
    return status?.mode.effective === 'Enforce' ? true : undefined;
  });
});

/** What PID 1 of the guest runs when it is told to. */
function asInit(script: string): void {
  writeFileSync('/run/init-task', `${script}\nrm -f /run/init-task\n`);
  process.kill(1, 'SIGUSR1');
}

async function moveByInit(pid: number, cgroup: string): Promise<void> {
  asInit(`echo ${String(pid)} >${cgroup}/cgroup.procs`);
  await waitFor('PID 1 to move the task', LIMIT_MS, () => (existsSync('/run/init-task') ? undefined : true));
}

const READ_HOST = ['sh', '-c', `read -r line <${at('host')}`];

group.caseAlone('a process that PID 1 binds in a protected unit is let pass and counted', async (bed) => {
  const holder = await Holder.start(bed.cgroups.folder('elsewhere'));
  try {
    await moveByInit(holder.pid, unit);
    const before = await bed.agent.status();
    assert.equal(await holder.run(READ_HOST), 0);
    const after = await bed.agent.status();
    assert.equal((after.losses['PROTECTED'] ?? 0) - (before.losses['PROTECTED'] ?? 0), 1);
  } finally {
    await holder.end();
  }
});

group.caseAlone('a process that moves itself into a protected unit gains nothing', async (bed) => {
  const count = await violations(bed, 'way-out-host');
  const holder = await Holder.start(unit);
  try {
    assert.notEqual(await holder.run(READ_HOST), 0);
  } finally {
    await holder.end();
  }
  assert.equal(await violations(bed, 'way-out-host'), count + 1);
});

/** Its parent has ended, so that it is a child of PID 1 now; it has not called exec since it was forked. */
const ORPHAN = `(
  sleep 0.5
  echo 0 >"$0/cgroup.procs"
  grep PPid /proc/thread-self/status >"$2.parent"
  read -r line <"$1" && echo read >"$2"
  echo over >>"$2"
) &`;

group.caseAlone('a process that made itself a child of PID 1 gains nothing in a protected unit', async () => {
  const result = at('orphan');
  spawnSync('sh', ['-c', ORPHAN, unit, at('host'), result], { stdio: 'ignore' });
  const said = await waitFor('the orphan to end', LIMIT_MS, () => {
    const text = existsSync(result) ? readFileSync(result, 'utf8') : '';
    return text.includes('over') ? text : undefined;
  });
  assert.equal(said, 'over\n');
});

group.caseAlone('uninstall leaves no program, map, link, mount or file, and ends enforcement', async (bed) => {
  const { agent } = bed;
  await agent.stop();
  assert.deepEqual(agent.uninstall().left, []);
  try {
    await waitFor('the kernel that was there before the agent', LIMIT_MS, () => {
      return JSON.stringify(allIds()) === JSON.stringify(clean) ? true : undefined;
    });
    assert.equal(existsSync(agent.runFolder), false);
    assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').includes(agent.runFolder), false);
    await requireLetPass(bed);
  } finally {
    await agent.restart();
  }
  await requireEnforced(bed);
});

group.caseAlone('the kernel command line keeps the node in Monitor, whoever starts the agent', async (bed) => {
  await bed.agent.stop();
  await underCommandLine('ringfence.mode=monitor', async () => {
    await bed.agent.restart();
    assert.deepEqual((await bed.agent.status()).mode, { effective: 'Monitor', source: 'KernelCommandLine' });
    await requireReported(bed);
    assert.equal((await command(bed, '/resume')).effective, 'Monitor');
    await bed.agent.kill9();
    await requireLetPass(bed);
  });
  await bed.agent.restart();
  await requireEnforced(bed);
});

async function underCommandLine(word: string, body: () => Promise<void>): Promise<void> {
  const line = at('command-line');
  writeFileSync(line, `${readFileSync('/proc/cmdline', 'utf8').trim()} ${word}\n`);
  assert.equal(spawnSync('mount', ['--bind', line, '/proc/cmdline']).status, 0);
  try {
    await body();
  } finally {
    spawnSync('umount', ['/proc/cmdline']);
    rmSync(line);
  }
}
