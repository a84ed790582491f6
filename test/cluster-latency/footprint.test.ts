// What an agent costs a node that has 250 pods and 100 policies and on which nothing happens: memory, and share of a processor.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { connectCluster, PODS, RUNTIME_POLICIES } from '../../operator/src/k8s/index.js';
import type { Cluster, KubeObject } from '../../operator/src/k8s/index.js';
import { silentLog } from '../../operator/src/log.js';
import { type AgentProcess, waitFor } from '../kernel/harness/agent.js';
import { onStage } from '../cluster-agent/on-stage.js';
import { NAMESPACE, NODE } from '../cluster-agent/stage.js';
import type { ClusterStage } from '../cluster-agent/stage.js';
import { policyOf } from './policies.js';

const POLICIES = 100;
const POD_COUNT = 250;
const RSS_MAX_MB = 200;
const CPU_MAX_PERCENT = 2;
/** What is left over from the start has come to rest. */
const REST_MS = 20_000;
const WATCHED_MS = 60_000;
const TICKS_PER_SECOND = 100;

let stage: ClusterStage;
let agent: AgentProcess;
let cluster: Cluster;

async function makePod(index: number): Promise<void> {
  const metadata = {
    name: `web-${index}`,
    namespace: NAMESPACE,
    labels: { app: `a${index % 10}`, tier: `t${index % 3}` },
  };
  const containers = [
    { name: 'main', image: 'none' },
    { name: 'side', image: 'none' },
  ];
  const object = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: NODE, containers } };
  const made = await cluster.create<KubeObject>(PODS, object);
  const pod = stage.podCgroup(made.metadata.uid ?? '', metadata.name);
  stage.container(pod, 'main');
  stage.container(pod, 'side');
}

async function prepare(on: ClusterStage): Promise<void> {
  stage = on;
  const identity = { fieldManager: 'test', userAgent: 'test', instance: 'test', log: silentLog };
  cluster = await connectCluster({ kubeconfig: stage.plane.kubeconfig, ...identity });
  agent = await stage.start();
  for (let index = 0; index < POLICIES; index += 1) await cluster.apply(RUNTIME_POLICIES, policyOf(stage, index));
  for (let start = 0; start < POD_COUNT; start += 25) {
    await Promise.all(Array.from({ length: 25 }, (_, index) => makePod(start + index)));
  }
  await waitFor('the policies', 60_000, async () => {
    const { policies } = await agent.status();
    const matched = policies.filter(({ status }) => status.workloads.matched > 0);
    const all = matched.find(({ metadata }) => metadata.name === 'policy-0');
    return matched.length === POLICIES && all?.status.workloads.matched === 2 * POD_COUNT ? true : undefined;
  });
}

async function clean(): Promise<void> {
  await cluster.stop();
  await agent.remove();
}

onStage('footprint', prepare, clean);

function rssMb(): number {
  const [, kb = ''] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}

/** Processor time of all its threads, ms. */
function cpuMs(): number {
  const fields = readFileSync(`/proc/${agent.pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const [user = 0, system = 0] = fields.slice(11, 13).map(Number);
  return ((user + system) * 1000) / TICKS_PER_SECOND;
}

describe(`an agent with ${POD_COUNT} pods and ${POLICIES} policies`, () => {
  it(`takes at most ${RSS_MAX_MB} MB, and ${CPU_MAX_PERCENT} % of a processor while nothing happens`, async () => {
    await sleep(REST_MS);
    const began = { ms: performance.now(), cpu: cpuMs() };
    let most = rssMb();
    while (performance.now() - began.ms < WATCHED_MS) {
      await sleep(1000);
      most = Math.max(most, rssMb());
    }
    const percent = (100 * (cpuMs() - began.cpu)) / (performance.now() - began.ms);
    process.stdout.write(
      `agent at rest: ${most.toFixed(0)} MB resident at most, ${percent.toFixed(2)} % of a processor\n`,
    );
    expect(most).toBeLessThanOrEqual(RSS_MAX_MB);
    expect(percent).toBeLessThanOrEqual(CPU_MAX_PERCENT);
  }, 150_000);
});
