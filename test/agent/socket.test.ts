// The agent's socket and command line in rude hands.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askAgent } from '../../operator/src/control/client.js';
import { type AgentProcess, ringfence, waitFor } from '../kernel/harness/agent.js';
import { Stage } from './stage.js';

const stage = new Stage('socket');
const EXIT = { negative: 1, usage: 2, fault: 3 };
let agent: AgentProcess;

beforeAll(async () => {
  agent = await stage.start();
});

afterAll(async () => {
  await agent.remove();
  stage.remove();
});

function socketPath(): string {
  return join(agent.runFolder, 'agent.sock');
}

function cli(...words: readonly string[]): { status: number | null; stderr: string; stdout: string } {
  return spawnSync(process.execPath, [ringfence(), ...words], { encoding: 'utf8', timeout: 60_000 });
}

/** Sends bytes and reads until the other end closes, or for a second. */
async function send(bytes: string | Uint8Array): Promise<string> {
  const socket = connect(socketPath());
  let answer = '';
  socket.on('data', (part) => (answer += part.toString('latin1')));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await Promise.race([new Promise((resolve) => socket.once('close', resolve)), sleep(1000)]);
  socket.destroy();
  return answer;
}

describe('the socket', () => {
  it('is for root alone, and so is its folder', () => {
    expect(statSync(socketPath()).mode & 0o777).toBe(0o600);
    expect(statSync(agent.runFolder).mode & 0o777).toBe(0o700);
  });

  it.each<[string, string | Uint8Array]>([
    ['bytes that are no HTTP', Uint8Array.from({ length: 4096 }, (_, index) => (index * 7) % 256)],
    ['a header without end', `GET /status HTTP/1.1\r\nx: ${'y'.repeat(200_000)}`],
    ['a path that is none', 'GET http://[ HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['a verb that is none', 'BREW /status HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['a path outside', 'GET /../../etc/passwd HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['a body that never comes', 'POST /resume HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n'],
  ])('%s', async (_, bytes) => {
    expect(await send(bytes)).not.toMatch(/root:x:0/);
    expect((await agent.status()).mode.effective).toBe('Enforce');
  });

  it.each(['0', '-1', '1e99', '86401', 'x', '', '1.5', 'NaN'])(
    'a pause of "%s" seconds is refused',
    async (seconds) => {
      const answer = await askAgent(socketPath(), 'POST', `/pause?seconds=${seconds}`);
      expect(answer).toMatchObject({ status: 400, body: { code: 'AGENT_BAD_REQUEST' } });
      expect((await agent.status()).mode.effective).toBe('Enforce');
    },
  );

  it('a crowd that connects and says nothing leaves room for who asks', async () => {
    const crowd = Array.from({ length: 500 }, () => connect(socketPath()).on('error', () => undefined));
    await sleep(300);
    expect((await agent.status()).mode.effective).toBe('Enforce');
    for (const one of crowd) one.destroy();
  });

  it('one that follows events and does not read them costs nobody anything', async () => {
    const idle = connect(socketPath());
    idle.write('GET /events?follow HTTP/1.1\r\nhost: a\r\n\r\n');
    idle.pause();
    for (let round = 0; round < 20; round += 1) stage.read(stage.secret);
    await waitFor('the events', 10_000, () => (agent.events().length >= 20 ? true : undefined));
    idle.destroy();
    expect(agent.hasEnded()).toBe(false);
  });
});

describe('the command line', () => {
  it.each([
    ['a verb that is none', ['destroy'], EXIT.usage, ''],
    ['no verb', [], EXIT.usage, ''],
    ['an option that is none', ['run', '--force'], EXIT.usage, ''],
    ['a backend that is none', ['run', '--backend', 'ptrace'], EXIT.usage, ''],
    ['a number below zero', ['run', '--event-rate', '-1'], EXIT.usage, ''],
    ['a number that is none', ['run', '--events-keep', 'many'], EXIT.usage, ''],
    ['an expression that is none', ['run', '--redact', '('], EXIT.usage, 'AGENT_OPTION_INVALID'],
    ['a cgroup that is not there', ['run', '--confine', '/nowhere/at/all'], EXIT.usage, 'AGENT_OPTION_INVALID'],
    ['policies that are not there', ['validate', '/nowhere'], EXIT.fault, 'SOURCE_UNREADABLE'],
    ['a policy that is a device', ['validate', '/dev/zero'], EXIT.fault, 'SOURCE_UNREADABLE'],
    ['a name past what a path may be', ['validate', `/${'x/'.repeat(3000)}`], EXIT.fault, 'SOURCE_UNREADABLE'],
    ['a run folder past what a socket may be', ['status'], 4, 'AGENT_NOT_RUNNING'],
  ] as [string, string[], number, string][])('%s', (what, words, status, code) => {
    const long = join(stage.folder, 'r'.repeat(150));
    const runDir =
      words[0] === 'run' || what.includes('run folder')
        ? ['--run-dir', what.includes('run folder') ? long : join(stage.folder, 'other')]
        : [];
    const ended = cli(...words, ...runDir);
    expect([ended.status, ended.stderr.split(' ')[0] === code || code === '']).toEqual([status, true]);
    expect(`${ended.stdout}${ended.stderr}`).not.toMatch(/\n {4}at /);
  });

  it('a reader that has seen enough is no error', () => {
    const script = '"$@" 2>&1 >&3 3>&- | cat';
    const words = [process.execPath, ringfence(), 'status', '-o', 'json', '--run-dir', agent.runFolder];
    const ended = spawnSync('sh', ['-c', `{ ${script}; } 3>&1 1>&2 | true`, 'sh', ...words], { encoding: 'utf8' });
    expect(ended.stderr).toBe('');
  });

  it('a run folder whose socket cannot be made leaves nothing behind', () => {
    const long = join(stage.folder, 'r'.repeat(150));
    const flags = [
      '--policies',
      agent.policyFolder,
      '--state',
      join(stage.folder, 'long-state'),
      '--confine',
      stage.cgroups.top,
    ];
    const ended = cli('run', '--run-dir', long, '--backend', 'tracepoint', '--events', '/dev/null', ...flags);
    expect([ended.status, ended.stderr.split('\n').at(-2)?.split(' ')[0]]).toEqual([EXIT.fault, 'AGENT_SOCKET_FAILED']);
    expect(JSON.parse(cli('uninstall', '--run-dir', long, '-o', 'json').stdout)).toMatchObject({ left: [] });
  });

  it('the agent has seen all of it and goes on', async () => {
    expect(stage.read(stage.secret)).toEqual({ stdout: '', signal: 'SIGKILL' });
    expect(agent.hasEnded()).toBe(false);
    expect((await agent.status()).mode.effective).toBe('Enforce');
  });
});
