// The controller against a real API server: fifty simulated nodes, deaths at bad moments, two controllers, mass deletion.
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RUNTIME_POLICIES } from '../../operator/src/k8s/index.js';
import type { Cluster, KubeObject } from '../../operator/src/k8s/index.js';
import type { PolicyStatus } from '../../operator/src/policy/schema.gen.js';
import type { PolicyReport, PodOwner } from '../../operator/src/report/objects.gen.js';
import { ViolationRows } from '../../operator/src/report/rows.js';
import { withPlane } from './bed.js';
import { ControllerProcess } from './controller-process.js';
import type { KubeControlPlane } from './control-plane.js';
import { applyDefinitions, generatedBase, parseManifests } from './install.js';
import {
  connectTest,
  eachOf,
  INSTALLED_IN,
  PREVENTS,
  seenPolicies,
  SimulatedNode,
  TERMINATES,
} from './simulated-nodes.js';
import type { Seen } from './simulated-nodes.js';
import { waitFor } from './wait.js';

const NODES = 50;
const RSS_MB_MAX = 250;
const KILLS = 6;
/** Less than a minute, and more than the half of one for which counts wait. */
const FLOOD_MS = 40_000;

interface LivePolicy extends KubeObject {
  readonly status?: PolicyStatus;
}

type LiveReport = KubeObject & PolicyReport;

function policy(name: string, change: object = {}): object {
  return {
    apiVersion: 'ringfence.io/v1alpha1',
    kind: 'RuntimePolicy',
    metadata: { name, namespace: 'shop' },
    spec: {
      mode: 'Enforce',
      selector: { podSelector: { matchLabels: { app: 'web' } } },
      rules: [{ name: 'shells', binaries: { deny: [{ path: '/bin/sh' }] } }],
      ...change,
    },
  };
}

const WEB = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'x' }] } },
  },
};

/** For docs/benchmarks.md. */
function figure(what: string, value: number): void {
  process.stdout.write(`figure: ${what}: ${value.toFixed(1)}\n`);
}

describe('the controller', () => {
  let plane: KubeControlPlane;
  let endPlane: () => Promise<void>;
  /** With the rights that the chart gives, and no more. */
  let kubeconfig: string;
  let cluster: Cluster;
  let owner: PodOwner;
  const nodes: SimulatedNode[] = [];
  const running = new Set<ControllerProcess>();
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-controller-'));

  const start = async (): Promise<ControllerProcess> => {
    const controller = await ControllerProcess.start(kubeconfig, join(folder, 'controller.log'));
    running.add(controller);
    return controller;
  };
  /** One that leads at once: the term of a killed one is taken from it. */
  const startLeader = async (): Promise<ControllerProcess> => {
    await plane.kubectl(['delete', 'lease', 'ringfence-controller', '-n', INSTALLED_IN, '--ignore-not-found']);
    const controller = await start();
    await until('leadership', async () => (await controller.metric('ringfence_policies')) > 0, 30);
    return controller;
  };
  const end = async (controller: ControllerProcess, signal?: NodeJS.Signals): Promise<void> => {
    await controller.end(signal);
    running.delete(controller);
  };
  const expectSmall = (controller: ControllerProcess, when: string): void => {
    figure(`MB of the controller, ${when}`, controller.rssMb);
    expect(controller.rssMb).toBeLessThan(RSS_MB_MAX);
  };
  const publish = async (policies: readonly Seen[]): Promise<void> => {
    await eachOf(nodes, (node) => node.publish(policies));
  };
  const statusOf = async (name: string): Promise<PolicyStatus | undefined> =>
    (await plane.get<LivePolicy>('runtimepolicy', name, '-n', 'shop')).status;
  const reasonsOf = async (name: string): Promise<Record<string, string>> => {
    const conditions = (await statusOf(name))?.conditions ?? [];
    return Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
  };
  const reports = async (): Promise<LiveReport[]> =>
    (await plane.get<{ items: LiveReport[] }>('policyreports', '-A')).items;
  /** Counts of all violations, by object. */
  const counts = async (): Promise<Record<string, number>> => {
    const results = (await reports())
      .flatMap((report) => report.results ?? [])
      .filter(({ result }) => result === 'fail');
    return Object.fromEntries(
      results.map(({ properties = {} }) => [properties['object'] ?? '', Number(properties['count'])]),
    );
  };
  /** Seconds until something holds. */
  const until = async (what: string, holds: () => Promise<boolean>, timeoutS: number): Promise<number> => {
    const began = performance.now();
    const found = (): string => [...running].map((controller) => controller.lastWords()).join(' || ');
    await waitFor(what, holds, { timeoutS, found });
    return (performance.now() - began) / 1000;
  };

  beforeAll(async () => {
    ({ plane, end: endPlane } = await withPlane({}));
    await applyDefinitions(plane);
    await plane.kubectl(['create', 'namespace', 'shop']);
    await plane.kubectl(['create', 'namespace', INSTALLED_IN]);
    const rights = parseManifests(await generatedBase()).filter(({ kind }) =>
      /^(?:Cluster)?Role(?:Binding)?$/.test(kind),
    );
    await plane.apply([...rights, WEB]);
    const account = `system:serviceaccount:${INSTALLED_IN}:ringfence-controller`;
    kubeconfig = await plane.writeKubeconfig('controller', `/O=system:serviceaccounts/CN=${account}`);
    cluster = await connectTest(plane.kubeconfig);
    for (let n = 0; n < NODES; n++)
      nodes.push(new SimulatedNode(cluster, `sim-${n.toString()}`, n === 49 ? TERMINATES : PREVENTS));
    await eachOf(nodes, (node) => node.join());
    const isThere = async (): Promise<boolean> =>
      (await plane.get<{ items: KubeObject[] }>('replicasets', '-n', 'shop')).items.length > 0;
    await until('the ReplicaSet', isThere, 60);
    const [set] = (await plane.get<{ items: KubeObject[] }>('replicasets', '-n', 'shop')).items;
    owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: set?.metadata.name ?? '', uid: set?.metadata.uid ?? '' };
  });
  afterAll(async () => {
    for (const controller of running) await controller.end('SIGKILL');
    await cluster.stop();
    await endPlane();
    rmSync(folder, { recursive: true, force: true });
  });

  it('says within 2 s what fifty nodes say, and what a policy that no API server refuses has wrong', async () => {
    const controller = await start();
    await plane.apply([policy('no-shell'), policy('needs-prevent', { minimumGuarantee: 'Prevent' })]);
    await plane.apply([
      policy('bad-applets', { rules: [{ name: 'r', binaries: { deny: [{ path: '/a', applets: ['x'] }] } }] }),
    ]);
    const accepted = await until(
      'a first status',
      async () => (await reasonsOf('bad-applets'))['Accepted'] !== undefined,
      10,
    );
    expect(accepted).toBeLessThan(2.5);
    expect((await reasonsOf('bad-applets'))['Accepted']).toBe('False Unsupported');
    expect((await statusOf('bad-applets'))?.findings).toMatchObject([{ code: 'NOT_IMPLEMENTED', level: 'Error' }]);
    expect((await reasonsOf('no-shell'))['Programmed']).toBe('False Pending');
    await eachOf(nodes, (node) => node.renew());
    await publish(await seenPolicies(cluster));
    const seconds = await until('all nodes', async () => (await statusOf('no-shell'))?.nodes?.desired === NODES, 20);
    expect(seconds).toBeLessThan(2.5);
    expect(await statusOf('no-shell')).toMatchObject({
      nodes: { desired: 50, enforced: 49, degraded: 1, pending: 0 },
      pods: { matched: 100, protected: 100 },
      guarantee: 'Terminate',
      problems: [{ reason: 'WeakerEffect', rule: 'shells', nodes: 1, examples: ['sim-49'] }],
    });
    figure('seconds from the last node state to the status of fifty nodes', seconds);
    expect(await reasonsOf('no-shell')).toMatchObject({ Programmed: 'True AllNodes', Enforcing: 'True Enforcing' });
    expect(await reasonsOf('no-shell')).toMatchObject({ Degraded: 'True WeakerEffect', Ready: 'True Enforcing' });
    expect((await statusOf('needs-prevent'))?.nodes).toMatchObject({ desired: 50, enforced: 49, refused: 1 });
    expect(await reasonsOf('needs-prevent')).toMatchObject({ Enforcing: 'False GuaranteeNotMet' });
    expectSmall(controller, 'fifty nodes');
    await end(controller);
  });

  it('shows what nodes find out about a policy, and a restart loop as Degraded and in an Event of the pod', async () => {
    const controller = await start();
    const rules = [{ name: 'shells', binaries: { deny: [{ path: '/bin/sh' }] }, action: 'Audit' }];
    await plane.apply([policy('found', { rules })]);
    const all = await seenPolicies(cluster);
    const { uid = '', generation = 1 } = all.find(({ name }) => name === 'found') ?? {};
    const path = 'spec.rules[0].binaries.deny';
    const running = {
      uid,
      generation,
      code: 'WOULD_BREAK_RUNNING',
      path,
      detail: '/bin/sh in shop/web, container app',
      count: 2,
    };
    const covered = { uid, generation, code: 'COVERED_BY', path: 'spec.rules[0]', other: 'baseline', count: 1 };
    const last = new Date().toISOString();
    const where = { namespace: 'shop', name: 'web-0', uid: 'pod-web-0', container: 'app' };
    const loop = { ...where, policy: uid, reason: 'RestartLoop', message: 'killed again and again', count: 3, last };
    for (const node of nodes) node.shows = { findings: [running, covered], predating: { [uid]: 1 } };
    await publish(all);
    const sees = async (code: string): Promise<boolean> =>
      (await statusOf('found'))?.findings?.some((finding) => finding.code === code) === true;
    await until('what all nodes say', async () => await sees('COVERED_BY'), 20);
    await until('all of them', async () => (await statusOf('found'))?.pods?.predating === NODES, 40);
    expect((await statusOf('found'))?.findings).toEqual([
      { code: 'COVERED_BY', level: 'Warning', path: 'spec.rules[0]', message: 'policy baseline makes this rule moot' },
      {
        ...{ code: 'WOULD_BREAK_RUNNING', level: 'Warning', path },
        message: '100 running processes run what it forbids, as /bin/sh in shop/web, container app',
      },
    ]);
    expect((await reasonsOf('found'))['Degraded']).toBe('False AsAsked');
    if (nodes[0] !== undefined) nodes[0].shows = { podProblems: [loop] };
    await publish(all);
    await until('the loop', async () => (await reasonsOf('found'))['Degraded'] === 'True RestartLoop', 10);
    await until('one node that says otherwise', async () => !(await sees('COVERED_BY')), 10);
    const eventsOf = async (): Promise<{ reason?: string; regarding?: { name?: string } }[]> =>
      (await plane.get<{ items: [] }>('events.v1.events.k8s.io', '-n', 'shop')).items;
    await until(
      'the event',
      async () => (await eventsOf()).some((one) => one.reason === 'RestartLoop' && one.regarding?.name === 'web-0'),
      10,
    );
    for (const node of nodes) node.shows = {};
    await plane.kubectl(['delete', 'runtimepolicy', '-n', 'shop', 'found']);
    await publish(await seenPolicies(cluster));
    await end(controller);
  });

  it('reports a violation within 5 s, then at most twice a minute, and the last count is exact', async () => {
    const controller = await start();
    const [seen] = (await seenPolicies(cluster)).filter(({ name }) => name === 'no-shell');
    if (seen === undefined) throw new Error('no policy');
    const all = await seenPolicies(cluster);
    const writes = async (): Promise<number> => await controller.metric('ringfence_report_writes_total');
    await until('leadership', async () => (await controller.metric('ringfence_policies')) > 0, 30);
    // It has just written that nothing was violated; news do not wait for that.
    await until('what selects the workload', async () => (await writes()) > 0, 20);
    const beganWriting = performance.now();
    nodes[0]?.violate(seen, owner, 1);
    await publish(all);
    const first = await until('the first report', async () => (await counts())['/usr/bin/dash'] === 1, 10);
    figure('seconds from a violation to its report', first);
    expect(first).toBeLessThan(5);
    const began = performance.now();
    let violations = 0;
    while (performance.now() - began < FLOOD_MS) {
      for (const node of nodes) node.violate(seen, owner, 400);
      violations += 400 * NODES;
      await publish(all);
      await sleep(500);
    }
    const perSecond = (violations * 1000) / (performance.now() - began);
    figure('violations a second', perSecond);
    expect(perSecond).toBeGreaterThan(10_000);
    const expected = 1 + violations;
    const counted = async (): Promise<boolean> => (await counts())['/usr/bin/dash'] === expected;
    await until('the exact count', counted, 65);
    // From what was written before the first violation to the last count: a minute has two at most.
    figure('writes of the report in that minute', await writes());
    expect(await writes()).toBeLessThanOrEqual(1 + Math.ceil((2 * (performance.now() - beganWriting)) / 60_000));
    await until('the exact total', async () => (await statusOf('no-shell'))?.violations?.total === expected, 40);
    expectSmall(controller, 'fifty nodes under 10,000 violations a second');
    const events = await plane.get<{ items: { reason?: string; regarding?: { kind: string } }[] }>(
      'events.v1.events.k8s.io',
      '-n',
      'shop',
    );
    expect(events.items.some(({ reason, regarding }) => reason === 'ProcessKilled' && regarding?.kind === 'Pod')).toBe(
      true,
    );
    await end(controller);
  });

  it(`counts on exactly where a controller was killed while it wrote, ${KILLS.toString()} times`, async () => {
    const all = await seenPolicies(cluster);
    const seen = all.find(({ name }) => name === 'no-shell');
    if (seen === undefined) throw new Error('no policy');
    let highest = (await counts())['/usr/bin/dash'] ?? 0;
    let expected = highest;
    for (let round = 0; round < KILLS; round++) {
      const controller = await startLeader();
      nodes[round]?.violate(seen, owner, 7);
      nodes[round + 1]?.violate(seen, owner, 1, `/usr/bin/tool-${round.toString()}`);
      expected += 7;
      await publish(all);
      await sleep(Math.random() * 2_000);
      await end(controller, 'SIGKILL');
      const now = (await counts())['/usr/bin/dash'] ?? 0;
      expect(now).toBeGreaterThanOrEqual(highest);
      expect(now).toBeLessThanOrEqual(expected);
      highest = now;
    }
    const controller = await startLeader();
    await until('the exact count', async () => (await counts())['/usr/bin/dash'] === expected, 90);
    const found = await counts();
    for (let round = 0; round < KILLS; round++) expect(found[`/usr/bin/tool-${round.toString()}`]).toBe(1);
    await end(controller);
  });

  it('leaves the writing to one of two, and the other goes on when it dies', async () => {
    const all = await seenPolicies(cluster);
    const seen = all.find(({ name }) => name === 'no-shell');
    if (seen === undefined) throw new Error('no policy');
    const [one, two] = [await start(), await start()];
    const leads = async (controller: ControllerProcess): Promise<boolean> =>
      (await controller.metric('ringfence_controller_leading')) === 1;
    await until('one leader', async () => (await leads(one)) !== (await leads(two)), 40);
    const [leader, other] = (await leads(one)) ? [one, two] : [two, one];
    const before = (await counts())['/usr/bin/dash'] ?? 0;
    // Something new each time, which a report does not wait with.
    const violate = async (node: number, times: number): Promise<void> => {
      nodes[node]?.violate(seen, owner, times);
      nodes[node]?.violate(seen, owner, 1, `/usr/bin/two-${node.toString()}`);
      await publish(all);
    };
    await violate(3, 5);
    await until('the count', async () => (await counts())['/usr/bin/dash'] === before + 5, 45);
    expect(await other.ask('/readyz')).toBe('ok\n');
    // One that stops without a word, and comes back believing that it leads.
    leader.signal('SIGSTOP');
    await violate(4, 6);
    await until('the count of the other', async () => (await counts())['/usr/bin/dash'] === before + 11, 90);
    leader.signal('SIGCONT');
    await violate(5, 1);
    await until('the count of both', async () => (await counts())['/usr/bin/dash'] === before + 12, 60);
    expect([await leads(leader), await leads(other)]).toEqual([false, true]);
    await end(leader);
    await end(other);
  });

  it('keeps counts when a node, an epoch and a row go, and a deleted report comes back', async () => {
    const all = await seenPolicies(cluster);
    const seen = all.find(({ name }) => name === 'no-shell');
    const [gone, reset] = nodes.slice(-2);
    if (seen === undefined || gone === undefined || reset === undefined) throw new Error('no policy');
    gone.violate(seen, owner, 3);
    reset.violate(seen, owner, 4);
    await publish(all);
    const controller = await start();
    await until('leadership', async () => (await controller.metric('ringfence_policies')) > 0, 30);
    await sleep(3_000);
    await plane.kubectl(['delete', 'nodestate', gone.name]);
    nodes.splice(nodes.indexOf(gone), 1);
    const before = (await statusOf('no-shell'))?.violations?.total ?? 0;
    reset.epoch = 'e2';
    reset.rows = new ViolationRows();
    await publish(all);
    await plane.kubectl(['delete', 'policyreports', '-n', 'shop', '--all']);
    await until('the report again', async () => ((await counts())['/usr/bin/dash'] ?? 0) > 0, 60);
    expect((await statusOf('no-shell'))?.violations?.total).toBeGreaterThanOrEqual(before);
    await end(controller);
  });

  it('removes every result when a thousand policies are deleted at once, within 250 MB', async () => {
    const names = Array.from({ length: 1000 }, (_, n) => `mass-${n.toString()}`);
    await eachOf(names, (name) => cluster.apply(RUNTIME_POLICIES, policy(name) as KubeObject));
    const all = await seenPolicies(cluster);
    const mass = all.filter(({ name }) => name.startsWith('mass-'));
    const controller = await start();
    mass.slice(0, 100).forEach((seen, index) => nodes[index % nodes.length]?.violate(seen, owner, 1, '/usr/bin/mass'));
    await publish(all);
    await eachOf(nodes, (node) => node.renew());
    const enforced = async (): Promise<boolean> => (await statusOf('mass-999'))?.nodes?.desired === nodes.length;
    await until('status of the last policy', enforced, 120);
    const reported = async (): Promise<number> =>
      (await reports())
        .flatMap((report) => report.results ?? [])
        .filter(({ policy: title }) => title.startsWith('shop/mass-')).length;
    await until('results', async () => (await reported()) > 100, 60);
    expectSmall(controller, 'fifty nodes, 1,000 policies, 100 workload results');
    await plane.kubectl(['delete', '--raw', '/apis/ringfence.io/v1alpha1/namespaces/shop/runtimepolicies']);
    await publish([]);
    await until('an end of all results', async () => (await reported()) === 0, 90);
    await until('an end of all reports', async () => (await reports()).length === 0, 60);
    expect(await controller.metric('ringfence_policies')).toBe(0);
    expectSmall(controller, 'fifty nodes after 1,000 policies went');
    await end(controller);
  }, 400_000);
});
