// From the API server's answer to the kernel: how long a policy takes on a node with 100 policies and 50 pods. What is
// watched is the operation itself: a process of the pod tries it again and again until it is killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { connectCluster, RUNTIME_POLICIES } from '../../operator/src/k8s/index.js';
import type { Cluster, KubeObject } from '../../operator/src/k8s/index.js';
import { silentLog } from '../../operator/src/log.js';
import { type AgentProcess, waitFor } from '../kernel/harness/agent.js';
import { onStage } from '../cluster-agent/on-stage.js';
import type { ClusterStage } from '../cluster-agent/stage.js';
import { policyOf } from './policies.js';

const POLICIES = 100;
const PODS = 50;
const ROUNDS = Number(process.env['RF_LATENCY_ROUNDS'] ?? 100);
const P99_MAX_MS = 100;

let stage: ClusterStage;
let agent: AgentProcess;
let cluster: Cluster;
const containers: string[] = [];

async function prepare(on: ClusterStage): Promise<void> {
  stage = on;
  const options = { fieldManager: 'test', userAgent: 'test', instance: 'test', log: silentLog };
  cluster = await connectCluster({ kubeconfig: stage.plane.kubeconfig, ...options });
  for (let index = 0; index < POLICIES; index += 1) await cluster.apply(RUNTIME_POLICIES, policyOf(stage, index));
  agent = await stage.start();
  for (let index = 0; index < PODS; index += 1) {
    const labels = { app: `a${index % 10}`, tier: `t${index % 3}` };
    const pod = await stage.pod({ name: `web-${index}`, labels, containers: [{ name: 'main' }, { name: 'side' }] });
    containers.push(stage.container(pod, 'main'));
    stage.container(pod, 'side');
  }
  await waitFor('the policies', 30_000, async () => {
    const { policies } = await agent.status();
    return policies.filter(({ status: { nodes } }) => nodes.desired > nodes.pending).length >= POLICIES
      ? true
      : undefined;
  });
}

async function clean(): Promise<void> {
  await cluster.stop();
  await agent.remove();
}

onStage('latency', prepare, clean);

/** Milliseconds from the server's answer until a process of the pod that keeps trying is killed. */
async function applyToEnforced(container: string): Promise<number> {
  const script =
    'echo $$ > "$0"/cgroup.procs; exec chroot "$1" /bin/busybox sh -c "while :; do read x < /secret; done"';
  const child = spawn('/bin/sh', ['-c', script, container, stage.root], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await new Promise((resolve) => setTimeout(resolve, 150));
  await cluster.apply(RUNTIME_POLICIES, stage.policy({ name: 'now', selector: { podSelector: {} } }) as KubeObject);
  const answered = performance.now();
  const [, signal] = (await ended) as [number | null, NodeJS.Signals | null];
  const took = performance.now() - answered;
  expect(signal).toBe('SIGKILL');
  await cluster.remove(RUNTIME_POLICIES, { name: 'now', namespace: 'shop' });
  await waitFor('the policy to go', 10_000, () => (stage.readSecret(container).signal === null ? true : undefined));
  return took;
}

describe('a policy on a node with 100 policies and 50 pods', () => {
  it(`is enforced within ${P99_MAX_MS} ms of the server's answer`, async () => {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      times.push(await applyToEnforced(containers[round % containers.length] ?? ''));
    }
    times.sort((a, b) => a - b);
    const at = (share: number): number =>
      times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Infinity;
    process.stdout.write(`apply to enforced, ms: p50 ${at(0.5)} p90 ${at(0.9)} p99 ${at(0.99)} max ${at(1)}\n`);
    expect(at(0.99)).toBeLessThanOrEqual(P99_MAX_MS);
  }, 300_000);

  it('goes with a thousand others in few plans', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `many-${index}`);
    for (const name of names) await cluster.apply(RUNTIME_POLICIES, stage.policy({ name }) as KubeObject);
    await waitFor('the policies', 30_000, async () => {
      const { policies } = await agent.status();
      return policies.filter(({ metadata }) => metadata.name.startsWith('many-')).length === names.length
        ? true
        : undefined;
    });
    const before = agent.log.split('policies applied').length;
    await stage.plane.kubectl(['delete', 'runtimepolicies', '-n', 'shop', '--wait=false', ...names]);
    await waitFor('the policies to go', 30_000, async () => {
      const { policies } = await agent.status();
      return policies.some(({ metadata }) => metadata.name.startsWith('many-')) ? undefined : true;
    });
    expect(agent.log.split('policies applied').length - before).toBeLessThan(names.length / 3);
  });
});
