// A state directory that is damaged in every way: what was enforced stays, what is lost is said with a code.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentProcess, waitFor } from '../kernel/harness/agent.js';
import { Stage } from './stage.js';

const stage = new Stage('state');
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
  expect(stage.read(stage.open)).toEqual({ stdout: 'open', signal: null });
}

function stateFiles(): string[] {
  const objects = readdirSync(join(agent.stateFolder, 'objects')).filter((name) => name.endsWith('.json'));
  return ['registry.json', 'pause.json', ...objects.map((name) => join('objects', name))];
}

type Damage = (path: string) => void;
const put =
  (content: string | Uint8Array): Damage =>
  (path) =>
    writeFileSync(path, content);

const DAMAGES: readonly [string, Damage][] = [
  ['no JSON', put('{"format":1,')],
  ['no text', put(Uint8Array.of(0xff, 0xfe, 0x00))],
  ['empty', put('')],
  ['another shape', put('[[]]')],
  ['another format', put('{"format":2}')],
  ['wrong types', put('{"format":1,"nextKey":"x","rules":[],"generations":null,"uid":1,"since":0,"until":0}')],
  [
    'prototypes',
    put('{"format":1,"__proto__":{"uid":"x"},"constructor":{},"nextKey":1e999,"rules":{},"generations":{}}'),
  ],
  [
    'values that are no numbers',
    put('{"format":1,"nextKey":5,"rules":{"a/b":"x","c/d":null},"generations":{"a":null,"b":{"generation":"x"}}}'),
  ],
  ['100 MB', (path) => truncateSync(path, 100 * 1024 * 1024)],
];

describe('a damaged state directory', () => {
  it.each(DAMAGES)('every file: %s', async (_, damage) => {
    await agent.stop();
    for (const name of stateFiles()) {
      const path = join(agent.stateFolder, name);
      if (!existsSync(path)) writeFileSync(path, '');
      damage(path);
    }
    expectEnforced();
    await agent.restart();
    const { faults, policies } = await agent.status();
    expect(new Set(faults.map(({ code }) => code))).toEqual(new Set(['SOURCE_STATE_CORRUPT']));
    expect(faults.every(({ hint }) => hint !== '')).toBe(true);
    expect(policies.map(({ metadata, status }) => [metadata.name, status.guarantee])).toEqual([
      ['secret', 'Terminate'],
    ]);
    expectEnforced();
  });

  it('folders where files should be, and files where folders should be', async () => {
    await agent.stop();
    for (const name of stateFiles()) {
      rmSync(join(agent.stateFolder, name), { force: true });
      mkdirSync(join(agent.stateFolder, name, 'x'), { recursive: true });
    }
    await agent.restart();
    expectEnforced();
    await agent.stop();
    rmSync(agent.stateFolder, { recursive: true });
    writeFileSync(agent.stateFolder, 'a file');
    await agent.restart();
    expect((await agent.status()).faults.map(({ code }) => code)).toContain('SOURCE_STATE_UNWRITABLE');
    expectEnforced();
    await agent.stop();
    rmSync(agent.stateFolder);
    await agent.restart();
    expectEnforced();
  });

  it('what a killed agent was writing goes with the next start', async () => {
    await agent.stop();
    for (const name of ['registry.json.tmp', 'objects/gone.json.tmp'])
      writeFileSync(join(agent.stateFolder, name), 'half');
    await agent.restart();
    const left = readdirSync(agent.stateFolder, { recursive: true }).filter((name) => String(name).endsWith('.tmp'));
    expect(left).toEqual([]);
    expectEnforced();
  });

  it('together with a policy folder that is gone: nobody knows what to enforce, and the kernel keeps what it has', async () => {
    await agent.stop();
    const away = `${agent.policyFolder}.away`;
    renameSync(agent.policyFolder, away);
    rmSync(agent.stateFolder, { recursive: true });
    agent.spawn();
    await waitFor('the agent to answer', 30_000, async () => {
      const status = await agent.status().catch(() => undefined);
      return status?.faults.some(({ code }) => code === 'SOURCE_FOLDER_MISSING') === true ? true : undefined;
    });
    expectEnforced();
    renameSync(away, agent.policyFolder);
    await agent.waitReady();
    expect((await agent.policy('secret'))?.status.guarantee).toBe('Terminate');
    expectEnforced();
  });
});
