// A thousand label flips and policy edits on a machine that is busy with the pods' own processes: once the agent says that a change is
// enforced every decision is right, and a process that is forbidden something before and after a change is never let through.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { connectCluster, PODS, RUNTIME_POLICIES } from '../../operator/src/k8s/index.js';
import type { Cluster, KubeObject } from '../../operator/src/k8s/index.js';
import { silentLog } from '../../operator/src/log.js';
import { type AgentProcess, waitFor } from '../kernel/harness/agent.js';
import { Prober } from './prober.js';
import { onStage } from './on-stage.js';
import { NAMESPACE } from './stage.js';
import type { ClusterStage, TestPod } from './stage.js';

const CHANGES = 1000;
/** Pods whose labels change. */
const PODS_COUNT = 10;
/** Versions of the edited policy: each forbids one file. */
const FILES = ['red', 'blue'] as const;

let stage: ClusterStage;
let agent: AgentProcess;
let cluster: Cluster;
let always: string;
let probers: Prober[] = [];
const pods: { readonly pod: TestPod; readonly container: string; selected: boolean }[] = [];

function policy(name: string, files: readonly string[], app: string): KubeObject {
  const deny = files.map((file) => ({ path: join(stage.root, file), access: ['Read'] }));
  const selector = { podSelector: { matchLabels: { app } } };
  return stage.policy({ name, selector, spec: { rules: [{ name: 'r', paths: { deny } }] } }) as KubeObject;
}

async function relabel({ name }: TestPod, app: string): Promise<void> {
  const metadata = { name, namespace: NAMESPACE, labels: { app } };
  await cluster.apply<KubeObject>(PODS, { apiVersion: 'v1', kind: 'Pod', metadata });
}

async function prepare(on: ClusterStage): Promise<void> {
  stage = on;
  for (const file of ['kept', ...FILES]) writeFileSync(join(stage.root, file), 'open');
  const identity = { fieldManager: 'test', userAgent: 'test', instance: 'test', log: silentLog };
  cluster = await connectCluster({ kubeconfig: stage.plane.kubeconfig, ...identity });
  agent = await stage.start();
  await cluster.apply(RUNTIME_POLICIES, policy('flipped', ['red'], 'on'));
  await cluster.apply(RUNTIME_POLICIES, policy('edited', ['kept', 'red'], 'edited'));
  for (let index = 0; index < PODS_COUNT; index += 1) {
    const pod = await stage.pod({ name: `web-${index}`, labels: { app: 'off' } });
    pods.push({ pod, container: stage.container(pod, 'main'), selected: false });
  }
  const edited = await stage.pod({ name: 'edited', labels: { app: 'edited' } });
  always = stage.container(edited, 'main');
  await waitFor('the policies', 20_000, () =>
    stage.run(always, ['cat', '/kept']).signal === 'SIGKILL' ? true : undefined,
  );
  probers = [
    new Prober(always, stage.root, '/kept', 'killed'),
    new Prober(always, stage.root, '/open', 'done'),
    ...pods.slice(0, 2).map(({ container }) => new Prober(container, stage.root, '/open', 'done')),
  ];
}

async function clean(): Promise<void> {
  await Promise.all(probers.map((prober) => prober.stop()));
  await cluster.stop();
  await agent.remove();
}

onStage('flips', prepare, clean);

afterEach(() => {
  expect(probers.map(({ isAlive, tries }) => isAlive && tries > 100)).not.toContain(false);
  expect(probers.flatMap((prober) => prober.takeWrong())).toEqual([]);
});

/** Waits until the agent says that the policy is enforced, in this version and on so many workloads. */
async function enforced(name: string, generation: number, matched: number): Promise<void> {
  const nodes = matched === 0 ? { pending: 0 } : { desired: 1, pending: 0, failed: 0, refused: 0 };
  const wanted = { observedGeneration: generation, workloads: { matched }, nodes };
  await waitFor(`${name} on ${matched} workloads`, 30_000, async () => {
    const status = (await agent.policy(name))?.status;
    return status !== undefined && isMatch(status, wanted) ? true : undefined;
  });
}

/** Whether the value has what is wanted of it, and perhaps more. */
function isMatch(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return isDeepStrictEqual(value, wanted);
  const own = (value ?? {}) as Record<string, unknown>;
  return Object.entries(wanted).every(([key, part]) => isMatch(own[key], part));
}

/** Some pods come to be selected, or some leave: their number alone then says who is. */
function choose(round: number): typeof pods {
  const out = pods.filter(({ selected }) => selected);
  const among = out.length > PODS_COUNT / 2 ? out : pods.filter(({ selected }) => !selected);
  return among.filter((_, index) => (round + index) % 3 !== 2 || among.length === 1);
}

describe('labels and policies that change', () => {
  it(`${CHANGES} times lead to no wrong decision`, async () => {
    const wrong: string[] = [];
    let made = 0;
    for (let round = 0; made < CHANGES; round += 1) {
      const flipped = choose(round);
      const file = FILES[round % FILES.length] ?? 'red';
      for (const one of flipped) one.selected = !one.selected;
      const [edited] = await Promise.all([
        cluster.apply<KubeObject>(RUNTIME_POLICIES, policy('edited', ['kept', file], 'edited')),
        ...flipped.map(({ pod, selected }) => relabel(pod, selected ? 'on' : 'off')),
      ]);
      made += flipped.length + 1;
      await enforced('flipped', 1, pods.filter(({ selected }) => selected).length);
      await enforced('edited', edited.metadata.generation ?? 0, 1);
      const tries = pods.map(async ({ pod, container, selected }) => {
        const { signal } = await stage.tryOnce(container, '/red');
        if ((signal === 'SIGKILL') !== selected) wrong.push(`round ${round}: ${pod.name} ${String(signal)}`);
      });
      const edits = FILES.map(async (name) => {
        const { signal } = await stage.tryOnce(always, `/${name}`);
        if ((signal === 'SIGKILL') !== (name === file)) wrong.push(`round ${round}: ${name} ${String(signal)}`);
      });
      await Promise.all([...tries, ...edits]);
    }
    process.stdout.write(
      `${made} changes, ${probers.reduce((sum, { tries }) => sum + tries, 0)} operations beside them\n`,
    );
    expect(wrong).toEqual([]);
  }, 400_000);
});
