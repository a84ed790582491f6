// The way out on the node when there is no agent: the kernel enforces by itself, so that a pause must not need one.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentProcess, ringfence } from '../kernel/harness/agent.js';
import { SECRET, Stage } from './stage.js';

const stage = new Stage('pause');
let agent: AgentProcess;

beforeAll(async () => {
  agent = await stage.start();
});

afterAll(async () => {
  await agent.remove();
  stage.remove();
});

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function command(...words: readonly string[]): Answer {
  const places = ['--run-dir', agent.runFolder, '--state', agent.stateFolder];
  const argv = [ringfence(), ...words, ...places];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
}

function expectPaused(): void {
  expect(stage.read(stage.secret)).toEqual({ stdout: SECRET, signal: null });
}

function expectEnforced(): void {
  expect(stage.read(stage.secret)).toEqual({ stdout: '', signal: 'SIGKILL' });
}

describe('without an agent', () => {
  it('a pause is in force at once, the next agent honours it, and a resume without an agent ends it', async () => {
    await agent.kill9();
    expectEnforced();
    const { status, stdout } = command('pause', '600');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^mode Monitor until .+ \(Pause\)$/m);
    expectPaused();
    await agent.restart();
    expectPaused();
    expect((await agent.status()).mode).toMatchObject({ effective: 'Monitor', source: 'Pause' });
    await agent.stop();
    expect(JSON.parse(command('resume', '-o', 'json').stdout)).toEqual({ effective: 'Enforce', source: 'Default' });
    expectEnforced();
    expect(existsSync(join(agent.stateFolder, 'pause.json'))).toBe(false);
    await agent.restart();
    expect((await agent.status()).mode).toEqual({ effective: 'Enforce', source: 'Default' });
    expectEnforced();
  });

  it('an agent that comes later ends the pause when its time is up', async () => {
    await agent.stop();
    expect(command('pause', '8').status).toBe(0);
    await agent.restart();
    expectPaused();
    await sleep(8_500);
    expectEnforced();
    expect(existsSync(join(agent.stateFolder, 'pause.json'))).toBe(false);
  });

  it('the kernel ends the pause where no agent comes', async () => {
    await agent.stop();
    expect(command('pause', '3').status).toBe(0);
    expectPaused();
    await sleep(3_500);
    expectEnforced();
    await agent.restart();
  });

  it('one that hangs is named, and nothing is written beside it', async () => {
    process.kill(agent.pid, 'SIGSTOP');
    const { status, stderr } = command('pause', '600');
    process.kill(agent.pid, 'SIGCONT');
    expect([status, stderr.split(' ')[0]]).toEqual([3, 'AGENT_ALREADY_RUNNING']);
    expect(stderr).toContain('kill it first');
    await agent.stop();
    command('resume');
    await agent.restart();
    expectEnforced();
  });

  it('a length that no pause has is refused', () => {
    for (const seconds of ['0', '86401']) expect(command('pause', seconds).status).toBe(2);
    expectEnforced();
  });

  it('where nothing is enforced there is nothing to pause', async () => {
    await agent.stop();
    agent.uninstall();
    const { status, stderr } = command('pause', '600');
    expect([status, stderr.split(' ')[0]]).toEqual([4, 'AGENT_NOT_RUNNING']);
    expect(existsSync(agent.runFolder)).toBe(false);
  });
});
