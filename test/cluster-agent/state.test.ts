// What a node tells of itself in its NodeState.
import { describe, expect, it } from 'vitest';
import type { NodeStateStatus } from '../../operator/src/report/objects.gen.js';
import { type AgentProcess, waitFor } from '../kernel/harness/agent.js';
import { onStage } from './on-stage.js';
import { KILLED, NODE } from './stage.js';
import type { ClusterStage, TestPod } from './stage.js';

let stage: ClusterStage;
let agent: AgentProcess;
let pod: TestPod;
let container: string;
let uid: string;

async function state(): Promise<NodeStateStatus> {
  return (await stage.plane.get<{ status?: NodeStateStatus }>('nodestates', NODE)).status ?? {};
}

async function prepare(opened: ClusterStage): Promise<void> {
  stage = opened;
  agent = await stage.start();
  await stage.plane.apply([stage.policy({ name: 'no-secret' })]);
  uid = (await stage.plane.get<{ metadata: { uid: string } }>('runtimepolicy', '-n', 'shop', 'no-secret')).metadata.uid;
  pod = await stage.pod({ name: 'web-1', labels: { app: 'web' } });
  container = stage.container(pod, 'main');
}

onStage('state', prepare, () => agent.remove());

async function untilState(what: string, test: (status: NodeStateStatus) => boolean): Promise<NodeStateStatus> {
  return await waitFor(what, 10_000, async () => {
    const found = await state().catch(() => undefined);
    return found !== undefined && test(found) ? found : undefined;
  });
}

describe('a NodeState', () => {
  it('says which generation of a policy the kernel holds, and on how many pods', async () => {
    const status = await untilState('the policy', ({ programmed }) => programmed?.[uid] === 1);
    expect(status).toMatchObject({
      selected: { [uid]: 1 },
      mode: { effective: 'Enforce', source: 'Default' },
      pods: { known: 1, unknownPods: 'NotPossible' },
    });
    // empty lists are left out
    expect(status.problems).toBeUndefined();
    expect(status.backends).toContainEqual(
      expect.objectContaining({ kind: 'binaries', class: 'Exec', denies: false, signals: true }),
    );
    expect(status.observed?.runtimePolicies).toMatch(/^1-/);
  });

  it('tells the first violation of a kind within two seconds', async () => {
    expect(stage.readSecret(container)).toEqual(KILLED);
    const began = performance.now();
    const status = await untilState('the violation', ({ violations }) => (violations?.length ?? 0) > 0);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(status.violations).toEqual([
      expect.objectContaining({
        uid,
        rule: 'secret',
        mode: 'Enforce',
        action: 'Killed',
        kind: 'paths',
        class: 'Read',
        count: 1,
        namespace: 'shop',
        container: 'main',
        session: 'Main',
        object: expect.stringMatching(/\/rootfs\/secret$/) as string,
        owner: { apiVersion: 'v1', kind: 'Pod', name: 'web-1', uid: pod.uid },
        pods: [{ name: 'web-1', uid: pod.uid }],
      }),
    ]);
    expect(status.totals).toMatchObject({ [`${uid}/secret`]: { killed: 1, blocked: 0, audited: 0 } });
  });

  it('goes on counting where an agent before it ended', async () => {
    const { agent: before } = await state();
    await agent.kill9();
    expect(stage.readSecret(container)).toEqual(KILLED);
    await agent.restart();
    const status = await untilState('the count', ({ totals }) => totals?.[`${uid}/secret`]?.killed === 2);
    expect(status.agent?.epoch).toBe(before?.epoch);
  });

  it('begins a new epoch where its object was deleted', async () => {
    const { agent: before } = await state();
    await stage.plane.kubectl(['delete', 'nodestate', NODE]);
    await stage.plane.apply([stage.policy({ name: 'no-secret', spec: { unresolved: 'Audit' } })]);
    const status = await untilState('the object', ({ programmed }) => programmed?.[uid] === 2);
    expect(status.agent?.epoch).not.toBe(before?.epoch);
    expect(status.totals ?? {}).toEqual({});
  });

  it('says why a version is not in force, and which is', async () => {
    const deny = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((depth) => ({ path: `${'/d'.repeat(depth)}/**`, access: ['Read'] }));
    const rules = [{ name: 'secret', paths: { deny } }];
    await stage.plane.apply([stage.policy({ name: 'no-secret', spec: { rules } })], '--force-conflicts');
    const status = await untilState('the problem', ({ problems }) => (problems?.length ?? 0) > 0);
    expect(status.problems?.[0]).toMatchObject({ uid, generation: 3, keptGeneration: 2 });
    expect(status.programmed?.[uid]).toBe(2);
    expect(stage.readSecret(container)).toEqual(KILLED);
  });

  it('pauses one policy for as long as its annotation says', async () => {
    await stage.plane.apply([stage.policy({ name: 'no-secret' })], '--force-conflicts');
    await untilState('the policy', ({ programmed }) => programmed?.[uid] === 4);
    const until = new Date(Date.now() + 8000).toISOString();
    const annotate = (value: string): Promise<string> =>
      stage.plane.kubectl(['annotate', 'runtimepolicy', '-n', 'shop', 'no-secret', '--overwrite', value]);
    await annotate(`ringfence.io/paused=${until}`);
    const status = await untilState('the pause', ({ problems }) => problems?.[0]?.reason === 'Paused');
    expect(status.programmed?.[uid]).toBe(4);
    expect(stage.readSecret(container).signal).toBeNull();
    await waitFor('the end of the pause', 15_000, () => (stage.readSecret(container).signal ? true : undefined));
  });

  it('monitors while the emergency ConfigMap says so', async () => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', data: { mode: 'Monitor' } };
    const metadata = { name: 'ringfence-emergency', namespace: 'ringfence-system' };
    await stage.plane.apply([{ ...map, metadata }]);
    await untilState('the emergency', ({ mode }) => mode?.source === 'Emergency');
    expect(stage.readSecret(container).signal).toBeNull();
    await stage.plane.kubectl(['delete', 'configmap', '-n', 'ringfence-system', 'ringfence-emergency']);
    await untilState('its end', ({ mode }) => mode?.effective === 'Enforce');
    expect(stage.readSecret(container)).toEqual(KILLED);
  });

  it('renews a Lease', async () => {
    const lease = await stage.plane.get<{ spec: { holderIdentity: string } }>(
      ...['leases', '-n', 'ringfence-system', `ringfence-node-${NODE}`],
    );
    expect(lease.spec.holderIdentity).toBe(NODE);
  });
});
