// The life of an agent on the machine's own kernel: what it enforces stands through its own death and return.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askAgent } from '../../operator/src/control/client.js';
import { listIds } from '../../operator/src/kernel/index.js';
import { type AgentProcess, ROOT, waitFor } from '../kernel/harness/agent.js';
import { SECRET, Stage } from './stage.js';

const stage = new Stage('life');
let agent: AgentProcess;
let before: Record<string, number>;

function kernelObjects(): Record<string, number> {
  return Object.fromEntries((['map', 'program', 'link'] as const).map((kind) => [kind, listIds(kind).length]));
}

/** Waits until there are no more of them than there were. Other agents on the machine may come and go meanwhile. */
function expectNoMore(held: Record<string, number>): Promise<true> {
  return waitFor(`the kernel to hold no more than ${JSON.stringify(held)}`, 30_000, () => {
    const now = kernelObjects();
    return Object.entries(held).every(([kind, count]) => (now[kind] ?? 0) <= count) ? true : undefined;
  });
}

function expectEnforced(): void {
  expect(stage.read(stage.secret)).toEqual({ stdout: '', signal: 'SIGKILL' });
  expect(stage.read(stage.open)).toEqual({ stdout: 'open', signal: null });
}

async function violations(): Promise<number> {
  return (await agent.policy('secret'))?.status.violations.total ?? -1;
}

beforeAll(async () => {
  before = kernelObjects();
  agent = await stage.start();
});

afterAll(async () => {
  await agent.remove();
  stage.remove();
});

describe('an agent', () => {
  it('holds a policy from file to kernel to event, with the exact count', async () => {
    expectEnforced();
    expect(await violations()).toBe(1);
    const event = await waitFor('the event', 5000, () => agent.events().at(-1));
    expect(event).toMatchObject({
      verdict: 'Kill',
      rule: 'secret',
      object: { path: stage.secret },
      operation: { classes: ['Read'] },
      workload: { pod: 'web', cgroup: `${stage.cgroups.top}/web`, session: 'Main' },
    });
    expect(event.process.program).toMatch(/\/cat$/);
  });

  it('lets no second one in', () => {
    const argv = [join(ROOT, 'build/operator/src/main-cli.js'), 'run', '--run-dir', agent.runFolder];
    const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 60_000 });
    expect([status, stderr.split(' ')[0]]).toEqual([3, 'AGENT_ALREADY_RUNNING']);
    expectEnforced();
  });

  it('interferes with nothing while it is paused, reports all the same, and remembers the pause', async () => {
    const socket = join(agent.runFolder, 'agent.sock');
    expect(await askAgent(socket, 'POST', '/pause?seconds=600')).toMatchObject({ status: 200 });
    const count = await violations();
    expect(stage.read(stage.secret)).toEqual({ stdout: SECRET, signal: null });
    expect(await violations()).toBe(count + 1);
    expect((await agent.policy('secret'))?.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Enforcing', status: 'False', reason: 'Paused' }),
    );
    await agent.stop();
    expect(stage.read(stage.secret).stdout).toBe(SECRET);
    await agent.restart();
    expect(stage.read(stage.secret).stdout).toBe(SECRET);
    await askAgent(socket, 'POST', '/resume');
    expectEnforced();
  });

  it('goes on enforcing when it ends, and counts on when it returns', async () => {
    const count = await violations();
    expect(await agent.stop()).toBe(0);
    expectEnforced();
    await agent.restart();
    expect(await violations()).toBe(count + 1);
    await agent.kill9();
    expectEnforced();
    await agent.restart();
    expect(await violations()).toBe(count + 2);
  });

  it('may be killed at any moment of an update', async () => {
    for (let round = 0; round < 20; round += 1) {
      agent.put(stage.policy(`round-${round}`));
      await sleep(Math.random() * 120);
      await agent.kill9();
      expect(stage.read(stage.secret).signal).toBe('SIGKILL');
      await agent.restart();
      expect(stage.read(stage.secret).signal).toBe('SIGKILL');
    }
    expectEnforced();
    expect((await agent.policy('secret'))?.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', status: 'True' }),
    );
  });

  it('takes 100 restarts without a map, program or link more', async () => {
    await agent.stop();
    const held = kernelObjects();
    for (let round = 0; round < 100; round += 1) {
      await agent.restart();
      await (round % 2 === 0 ? agent.stop() : agent.kill9());
    }
    await expectNoMore(held);
    await agent.restart();
    expectEnforced();
  }, 400_000);

  it('leaves no trace when it is uninstalled', async () => {
    expect(await agent.stop()).toBe(0);
    expect(agent.uninstall().left).toEqual([]);
    await expectNoMore(before);
    expect(existsSync(agent.runFolder)).toBe(false);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(agent.runFolder);
    expect(stage.read(stage.secret).stdout).toBe(SECRET);
  });
});
