// What a node finds out about policies from its pods and processes, and pods that something is wrong with.
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerEvent } from '../../operator/src/event/types.js';
import type { NodeFinding, NodeStateStatus } from '../../operator/src/report/objects.gen.js';
import { type AgentProcess, waitFor } from '../kernel/harness/agent.js';
import { ClusterStage, KILLED, NODE } from './stage.js';
import type { TestPod } from './stage.js';

const MONITOR = { mode: 'Monitor' };

let stage: ClusterStage;
let agent: AgentProcess;
let pod: TestPod;
let container: string;
let sleeper: ChildProcess;

beforeAll(async () => {
  stage = await ClusterStage.open('findings');
  symlinkSync('/bin/busybox', join(stage.root, 'link'));
  agent = await stage.start();
  pod = await stage.pod({ name: 'web-1', labels: { app: 'web' } });
  container = stage.container(pod, 'main');
  sleeper = stage.spawn(container, ['sleep', '600']);
});

afterAll(async () => {
  sleeper.kill('SIGKILL');
  await agent.remove();
  await stage.close();
});

async function uidOf(name: string): Promise<string> {
  return (await stage.plane.get<{ metadata: { uid: string } }>('runtimepolicy', '-n', 'shop', name)).metadata.uid;
}

async function untilState(what: string, test: (status: NodeStateStatus) => boolean): Promise<NodeStateStatus> {
  return await waitFor(what, 20_000, async () => {
    const { status } = await stage.plane.get<{ status?: NodeStateStatus }>('nodestates', NODE);
    return status !== undefined && test(status) ? status : undefined;
  });
}

function allows(name: string, ...paths: string[]): object {
  const allow = paths.map((path) => ({ path }));
  return stage.policy({ name, spec: { ...MONITOR, rules: [{ name: 'only', binaries: { allow } }] } });
}

describe('findings of a node', () => {
  it('are in its NodeState within seconds, each at the field of the policy', async () => {
    const link = [{ name: 'link', paths: { deny: [{ path: '/nothing' }, { path: '/link' }] } }];
    const selector = { podSelector: { matchLabels: { app: 'web' } }, containers: ['main', 'sidecar'] };
    await stage.plane.apply([
      allows('narrow', '/usr/sbin/nginx'),
      allows('wide', '/usr/sbin/nginx', '/bin/other'),
      stage.policy({ name: 'links', spec: { ...MONITOR, rules: link } }),
      stage.policy({ name: 'names', selector, spec: MONITOR }),
    ]);
    const { findings = [] } = await untilState('the findings', (status) => (status.findings?.length ?? 0) >= 6);
    const names = new Map<string, string>();
    for (const name of ['narrow', 'wide', 'links', 'names']) names.set(await uidOf(name), name);
    const where = findings.map(({ uid, code, path, count }) => [names.get(uid), code, path, count].join(' '));
    expect(where.sort()).toEqual([
      'links PATTERN_IS_LINK spec.rules[0].paths.deny[1].path 1',
      'names CONTAINER_NOT_FOUND spec.selector.containers[1] 1',
      'narrow WOULD_BREAK_RUNNING spec.rules[0].binaries.allow 1',
      'wide ALLOW_LISTS_INTERSECT spec.rules[0].binaries.allow 1',
      'wide COVERED_BY spec.rules[0] 1',
      'wide WOULD_BREAK_RUNNING spec.rules[0].binaries.allow 1',
    ]);
    const details = (code: string): (string | undefined)[] =>
      findings.filter((one: NodeFinding) => one.code === code).map(({ detail }) => detail);
    expect(details('PATTERN_IS_LINK')).toEqual(['/link is a link to /bin/busybox in shop/web-1, container main']);
    expect(details('WOULD_BREAK_RUNNING')[0]).toMatch(/\/rootfs\/bin\/busybox in shop\/web-1, container main$/);
    expect(details('ALLOW_LISTS_INTERSECT')).toEqual(['1 of its entries remain']);
  });

  it('count pods with processes that a policy found running, over a restart of the agent, until they end', async () => {
    const uid = await uidOf('narrow');
    expect(await untilState('the count', ({ predating }) => predating?.[uid] === 1)).toMatchObject({
      pods: { predating: 1 },
    });
    await agent.kill9();
    await agent.restart();
    await stage.plane.apply([allows('later', '/usr/sbin/nginx')]);
    const later = await uidOf('later');
    await untilState('the count', ({ predating }) => predating?.[uid] === 1 && predating[later] === 1);
    sleeper.kill('SIGKILL');
    sleeper = stage.spawn(container, ['sleep', '600']);
    await stage.plane.kubectl(['delete', 'runtimepolicy', '-n', 'shop', 'later']);
    const status = await untilState('none', ({ predating }) => predating === undefined);
    expect(status.pods?.predating).toBeUndefined();
    expect(status.findings?.map(({ code }) => code)).toContain('WOULD_BREAK_RUNNING');
  });
});

describe('pods', () => {
  it('whose main process is killed three times are in a restart loop', async () => {
    await stage.plane.apply([stage.policy({ name: 'no-secret' })]);
    const uid = await uidOf('no-secret');
    await untilState('the policy', ({ programmed }) => programmed?.[uid] === 1);
    for (let start = 0; start < 3; start += 1) expect(stage.readSecret(stage.container(pod, 'main'))).toEqual(KILLED);
    const { podProblems } = await untilState('the loop', (status) => (status.podProblems?.length ?? 0) > 0);
    expect(podProblems).toMatchObject([
      {
        namespace: 'shop',
        name: 'web-1',
        uid: pod.uid,
        container: 'main',
        policy: uid,
        reason: 'RestartLoop',
        count: 3,
      },
    ]);
  });

  it('have a line in the events for each entrypoint that began', async () => {
    const path = join(stage.folder, 'agent/events.ndjson');
    const started = (): ContainerEvent[] =>
      (existsSync(path) ? readFileSync(path, 'utf8') : '')
        .split('\n')
        .filter((line) => line.includes('"kind":"started"'))
        .map((line) => JSON.parse(line) as ContainerEvent);
    const before = started().length;
    expect(before).toBeGreaterThanOrEqual(4);
    stage.run(stage.container(pod, 'main'), ['true']);
    const events = await waitFor('the event', 5000, () => (started().length > before ? started() : undefined));
    expect(events.at(-1)).toMatchObject({
      node: NODE,
      workload: { namespace: 'shop', pod: 'web-1', container: 'main' },
    });
    const { events: counts } = await agent.status();
    expect(counts).toMatchObject({ undecoded: 0, held: 0 });
    expect(counts['started']).toBeGreaterThan(0);
  });
});
