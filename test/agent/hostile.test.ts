// Input that is wrong, huge or gone: a coded word each, and what was good stays enforced.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentProcess, waitFor } from '../kernel/harness/agent.js';
import type { NodeStatus } from '../../operator/src/control/agent.js';
import { Stage } from './stage.js';

const stage = new Stage('hostile');
let agent: AgentProcess;

interface Finding {
  readonly code: string;
  readonly file: string;
}

beforeAll(async () => {
  agent = await stage.start();
});

afterAll(async () => {
  spawnSync('umount', ['-l', agent.stateFolder]);
  await agent.remove();
  stage.remove();
});

function expectEnforced(): void {
  expect(stage.read(stage.secret)).toEqual({ stdout: '', signal: 'SIGKILL' });
}

/** Waits for a status that `holds` is true of. */
function until(what: string, holds: (status: NodeStatus) => boolean): Promise<NodeStatus> {
  return waitFor(what, 30_000, async () => {
    const status = await agent.status();
    return holds(status) ? status : undefined;
  });
}

/** Codes of everything that the status says about a file. */
function codesFor(status: NodeStatus, name: string): string[] {
  const stray = (status.findings as Finding[]).filter(({ file }) => file.includes(name)).map(({ code }) => code);
  const own = status.policies
    .flatMap((policy) => policy.status.findings)
    .filter(({ message }) => message.includes(name));
  return [...stray, ...own.map(({ code }) => code)];
}

/** Each line is nine times the one before. */
const BOMB = Array.from({ length: 12 }, (_, index) => {
  const part = index === 0 ? 'x' : `*a${index - 1}`;
  return `a${index}: &a${index} [${Array(9).fill(part).join(', ')}]`;
}).join('\n');

describe('a policy file', () => {
  it.each<[string, string, string | Uint8Array]>([
    ['INVALID_YAML', 'bomb.yaml', BOMB],
    ['INVALID_YAML', 'bytes.yaml', Uint8Array.of(0x61, 0x3a, 0xff, 0xfe)],
    ['INVALID_YAML', 'deep.yaml', '['.repeat(100_000)],
    ['INVALID_VALUE', 'other.yaml', 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n'],
    [
      'UNKNOWN_FIELD',
      'field.yaml',
      'apiVersion: ringfence.io/v1alpha1\nkind: RuntimePolicy\nmetadata: {name: f}\nspecs: {}\n',
    ],
  ])('is answered with %s (%s), and the rest stays', async (code, name, content) => {
    const path = join(agent.policyFolder, name);
    writeFileSync(path, content);
    const status = await until(`${code} for ${name}`, (one) => codesFor(one, name).includes(code));
    expect(status.policies.find(({ metadata }) => metadata.name === 'secret')?.status.guarantee).toBe('Terminate');
    expectEnforced();
    rmSync(path);
    await until('the finding to go', (one) => codesFor(one, name).length === 0);
  });

  it('of 100 MB is answered with TOO_LARGE', async () => {
    const path = join(agent.policyFolder, 'huge.yaml');
    writeFileSync(path, '');
    truncateSync(path, 100 * 1024 * 1024);
    await until('TOO_LARGE', (one) => codesFor(one, 'huge.yaml').includes('TOO_LARGE'));
    expectEnforced();
    rmSync(path);
  });

  it('may have a name that is no text, or be a FIFO, a loop or a link to nowhere', async () => {
    const folder = join(agent.policyFolder, 'odd');
    mkdirSync(folder);
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0xff), Buffer.from('.yaml')]), 'x');
    spawnSync('mkfifo', [join(folder, 'fifo.yaml')]);
    symlinkSync('.', join(folder, 'loop'));
    symlinkSync('nowhere', join(folder, 'gone.yaml'));
    agent.put(stage.policy('odd-names'));
    await until(
      'the new version',
      (one) => (one.policies.find(({ metadata }) => metadata.name === 'secret')?.metadata.generation ?? 0) > 1,
    );
    expectEnforced();
    rmSync(folder, { recursive: true });
  });

  it('that defines an object again makes both DUPLICATE_OBJECT, and the last good version stays', async () => {
    const path = join(agent.policyFolder, 'again.json');
    writeFileSync(path, JSON.stringify(stage.policy('again')));
    const status = await until('DUPLICATE_OBJECT', (one) => codesFor(one, 'again.json').includes('DUPLICATE_OBJECT'));
    expect(status.policies.find(({ metadata }) => metadata.name === 'secret')?.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Degraded', reason: 'LastGoodKept' }),
    );
    expectEnforced();
    rmSync(path);
    await until('one definition', (one) => codesFor(one, 'again.json').length === 0);
  });
});

describe('the world around the agent', () => {
  it('may take the policy folder away: nothing is removed', async () => {
    renameSync(agent.policyFolder, `${agent.policyFolder}.away`);
    await until('SOURCE_FOLDER_MISSING', (one) => one.faults.some(({ code }) => code === 'SOURCE_FOLDER_MISSING'));
    expectEnforced();
    await agent.kill9();
    await agent.restart();
    expectEnforced();
    renameSync(`${agent.policyFolder}.away`, agent.policyFolder);
    await until('the folder to be back', (one) => one.faults.length === 0);
    expectEnforced();
  });

  it('may fill the disk of state and events: both are said, and enforcement goes on', async () => {
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', agent.stateFolder]);
    spawnSync('dd', ['if=/dev/zero', `of=${join(agent.stateFolder, 'fill')}`, 'bs=4k'], { stdio: 'ignore' });
    agent.put(stage.policy('full-disk'));
    await until('SOURCE_STATE_UNWRITABLE', (one) => one.faults.some(({ code }) => code === 'SOURCE_STATE_UNWRITABLE'));
    expectEnforced();
    spawnSync('umount', ['-l', agent.stateFolder]);
    await until('the disk to be writable', (one) => one.faults.length === 0);
    expectEnforced();
  });

  it('may be a file system that never answers: nothing waits for it', async () => {
    const name = join(stage.folder, 'silent', 'name');
    mkdirSync(dirname(name));
    const mount = 'mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0,allow_other silent "$1"';
    const script = `exec 3<>/dev/fuse && ${mount} && echo $$ >"$0"/cgroup.procs && echo in && exec sleep 1000`;
    const argv = ['-m', 'sh', '-c', script, stage.cgroups.folder('web'), dirname(name)];
    const server = spawn('unshare', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(server.stdout, 'data');
    try {
      agent.put(stage.policy('silent', name));
      await waitFor('the agent to say so', 30_000, () => agent.log.includes('does not answer') || undefined);
      agent.put(stage.policy('silent-still', name));
      const { generation = 0 } = (await agent.policy('secret'))?.metadata ?? {};
      await until('another version', (one) =>
        one.policies.some(({ metadata }) => metadata.name === 'secret' && metadata.generation > generation),
      );
      expectEnforced();
      expect(await agent.stop()).toBe(0);
    } finally {
      server.kill('SIGKILL');
    }
    await agent.restart();
    expectEnforced();
  });

  it('may refuse events: what is lost is counted', async () => {
    await agent.stop();
    agent.spawn(['--events', '/dev/full']);
    await agent.waitReady();
    expectEnforced();
    const status = await until('SOURCE_SINK_UNWRITABLE', (one) =>
      one.faults.some(({ code }) => code === 'SOURCE_SINK_UNWRITABLE'),
    );
    expect(status.events['failed']).toBeGreaterThan(0);
    expectEnforced();
  });
});
