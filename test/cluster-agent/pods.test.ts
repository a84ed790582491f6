// From a policy of the API server to the pods of one node.
import { beforeAll, describe, expect, it } from 'vitest';
import { type AgentProcess, waitFor } from '../kernel/harness/agent.js';
import { isStaged, onStage } from './on-stage.js';
import { KILLED, READ } from './stage.js';
import type { ClusterStage, TestPod } from './stage.js';

let stage: ClusterStage;
let agent: AgentProcess;

onStage(
  'pods',
  async (opened) => {
    stage = opened;
    agent = await stage.start();
  },
  () => agent.remove(),
);

/** Waits until the agent has worked in what was applied. */
async function settled(check: () => boolean): Promise<void> {
  await waitFor('the agent to work it in', 10_000, () => (check() ? true : undefined));
}

describe('a policy of the API server', () => {
  let pod: TestPod;
  let container: string;

  beforeAll(async () => {
    if (!isStaged()) return;
    await stage.plane.apply([stage.policy({ name: 'no-secret' })]);
    pod = await stage.pod({ name: 'web-1', labels: { app: 'web' } });
    await waitFor('the policy', 10_000, async () => ((await agent.policy('no-secret')) ? true : undefined));
    container = stage.container(pod, 'main');
  });

  it('holds in a pod that it selects, and its event names the pod', async () => {
    await settled(() => stage.readSecret(container).signal === 'SIGKILL');
    expect(stage.readSecret(container)).toEqual(KILLED);
    expect(stage.run(container, ['cat', '/open'])).toEqual({ stdout: 'open', signal: null });
    const event = await waitFor('the event', 5000, () => agent.events().at(-1));
    expect(event).toMatchObject({
      verdict: 'Kill',
      rule: 'secret',
      policy: { kind: 'RuntimePolicy', namespace: 'shop', name: 'no-secret' },
      workload: { namespace: 'shop', pod: 'web-1', container: 'main' },
    });
  });

  it('leaves pods alone that it does not select', async () => {
    const other = stage.container(await stage.pod({ name: 'db-1', labels: { app: 'db' } }), 'main');
    expect(stage.readSecret(other)).toEqual(READ);
  });

  it('follows the labels of a running pod', async () => {
    const relabel = (app: string): Promise<string> =>
      stage.plane.kubectl(['label', 'pod', '-n', 'shop', 'web-1', `app=${app}`, '--overwrite']);
    await relabel('db');
    await settled(() => stage.readSecret(container).signal === null);
    await relabel('web');
    await settled(() => stage.readSecret(container).signal === 'SIGKILL');
  });

  it('goes when its object is deleted', async () => {
    await stage.plane.kubectl(['delete', 'runtimepolicy', '-n', 'shop', 'no-secret']);
    await settled(() => stage.readSecret(container).signal === null);
  });
});
