// Policy folders as orchestrators and accidents make them: swapped by symbolic link, too deep, not readable.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentProcess, waitFor } from '../kernel/harness/agent.js';
import type { NodeStatus } from '../../operator/src/control/agent.js';
import { Stage } from './stage.js';

const stage = new Stage('folder');
let agent: AgentProcess;

beforeAll(async () => {
  agent = await stage.start();
});

afterAll(async () => {
  await agent.remove();
  stage.remove();
});

function expectEnforced(): void {
  expect(stage.read(stage.secret)).toEqual({ stdout: '', signal: 'SIGKILL' });
}

function until(what: string, holds: (status: NodeStatus) => boolean): Promise<NodeStatus> {
  return waitFor(what, 30_000, async () => {
    const status = await agent.status();
    return holds(status) ? status : undefined;
  });
}

/** As kubelet writes a volume: a folder with a date, a link to it that is renamed over the old one, links to the files. */
function writeVolume(root: string, number: number): void {
  const folder = join(root, `..2026_${number}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'policy.json'), JSON.stringify(stage.policy(`swap-${number}`)));
  writeFileSync(join(folder, 'workloads.json'), JSON.stringify(stage.workloads()));
  rmSync(join(root, '..data_tmp'), { force: true });
  symlinkSync(`..2026_${number}`, join(root, '..data_tmp'));
  renameSync(join(root, '..data_tmp'), join(root, '..data'));
  for (const name of ['policy.json', 'workloads.json']) {
    rmSync(join(root, name), { force: true });
    symlinkSync(join('..data', name), join(root, name));
  }
  rmSync(join(root, `..2026_${number - 1}`), { recursive: true, force: true });
}

describe('a policy folder', () => {
  it('that is swapped by its symbolic links, again and again, never lets go of the policy', async () => {
    const volume = `${agent.policyFolder}.volume`;
    mkdirSync(volume);
    writeVolume(volume, 0);
    renameSync(agent.policyFolder, `${agent.policyFolder}.files`);
    symlinkSync(volume, agent.policyFolder);
    for (let number = 1; number <= 40; number += 1) {
      writeVolume(volume, number);
      expectEnforced();
      await sleep(Math.random() * 60);
    }
    await until('the last version', ({ policies, faults }) => {
      const [secret] = policies;
      return (
        faults.length === 0 &&
        policies.length === 1 &&
        secret?.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True') === true
      );
    });
    const stored = (): string => spawnSync('grep', ['-rl', 'swap-40', agent.stateFolder], { encoding: 'utf8' }).stdout;
    await waitFor('the last version on disk', 10_000, () => (stored() === '' ? undefined : true));
    expectEnforced();
    rmSync(agent.policyFolder);
    renameSync(`${agent.policyFolder}.files`, agent.policyFolder);
    rmSync(volume, { recursive: true });
    await until('the folder to be back', ({ faults }) => faults.length === 0);
    expectEnforced();
  });

  it.each([
    ['than a path can name', 250, 60],
    ['than is read', 1, 40],
  ])('with folders below it deeper %s says so, and the rest stays', async (_, length, depth) => {
    const name = 'd'.repeat(length);
    const script = 'cd "$0" && for i in $(seq $2); do mkdir "$1" && cd "$1" || exit 1; done; echo "x" >deep.yaml';
    expect(spawnSync('bash', ['-c', script, agent.policyFolder, name, String(depth)]).status).toBe(0);
    await until('a fault', ({ faults }) =>
      faults.some(({ code, hint }) => code === 'SOURCE_UNREADABLE' && hint !== ''),
    );
    expectEnforced();
    agent.put(stage.policy(`deep-${length}`));
    const before = (await agent.policy('secret'))?.metadata.generation ?? 0;
    await until('the new version', ({ policies }) => (policies[0]?.metadata.generation ?? 0) > before);
    expectEnforced();
    spawnSync('rm', ['-rf', join(agent.policyFolder, name)]);
    await until('no fault', ({ faults }) => faults.length === 0);
  });

  it('with a file that cannot be read keeps what the file held', async () => {
    const path = join(agent.policyFolder, 'extra.json');
    const policy = stage.policy();
    writeFileSync(
      path,
      JSON.stringify({ ...policy, metadata: { name: 'extra', namespace: policy.metadata?.namespace } }),
    );
    await until('the policy', ({ policies }) => policies.some(({ metadata }) => metadata.name === 'extra'));
    rmSync(path);
    // Reading it is refused even to root.
    symlinkSync('/proc/self/mem', `${path}.link`);
    renameSync(`${path}.link`, path);
    const { policies } = await until('a fault', ({ faults }) =>
      faults.some(({ code, message }) => code === 'SOURCE_UNREADABLE' && message.includes('extra.json')),
    );
    expect(policies.map(({ metadata }) => metadata.name)).toContain('extra');
    expectEnforced();
    rmSync(path);
    await until('the policy to be gone', (status) => status.policies.length === 1 && status.faults.length === 0);
    expectEnforced();
  });

  it('that is replaced by a file, or by an empty folder of another name, and put back', async () => {
    renameSync(agent.policyFolder, `${agent.policyFolder}.away`);
    writeFileSync(agent.policyFolder, 'a file');
    await until('a fault', ({ faults }) => faults.some(({ code }) => code === 'SOURCE_UNREADABLE'));
    expectEnforced();
    rmSync(agent.policyFolder);
    symlinkSync('nowhere', agent.policyFolder);
    await until('a fault', ({ faults }) => faults.some(({ code }) => code === 'SOURCE_FOLDER_MISSING'));
    expectEnforced();
    rmSync(agent.policyFolder);
    renameSync(`${agent.policyFolder}.away`, agent.policyFolder);
    await until('no fault', ({ faults }) => faults.length === 0);
    expectEnforced();
  });

  it('never ended the agent, whatever was in it', () => {
    expect(agent.hasEnded()).toBe(false);
    expect(agent.log).not.toMatch(/\n {4}at /);
  });
});
