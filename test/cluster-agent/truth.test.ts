// An agent of the node, with its own token and rights, and the controller, with its own: what a policy says of itself and what is reported, soon.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PolicyStatus } from '../../operator/src/policy/schema.gen.js';
import type { PolicyReport, ReportResult } from '../../operator/src/report/objects.gen.js';
import { ControllerProcess } from '../cluster/controller-process.js';
import { established, generatedBase, INSTALL_NAMESPACE, parseManifests } from '../cluster/install.js';
import { agentTokenOn } from '../cluster/tokens.js';
import { type AgentProcess, waitFor } from '../kernel/harness/agent.js';
import { ClusterStage, KILLED, NODE } from './stage.js';

/** What a policy or a report has to say, it says within this time. */
const SOON_MS = 5_000;
const FLOOD = 400_000;
const READER = `let n = ${FLOOD.toString()};
const { closeSync, openSync } = require('node:fs');
while (n-- > 0) closeSync(openSync(process.argv[1]));`;

type LiveReport = PolicyReport & { readonly metadata: { readonly name: string; readonly resourceVersion: string } };

let stage: ClusterStage;
let agent: AgentProcess;
let controller: ControllerProcess;
let container: string;
let rights: string;

async function statusOf(name: string): Promise<PolicyStatus> {
  return (await stage.plane.get<{ status?: PolicyStatus }>('runtimepolicy', '-n', 'shop', name)).status ?? {};
}

/** Type of condition -> its status and reason. */
async function saidOf(name: string, types: readonly string[]): Promise<Record<string, string>> {
  const conditions = (await statusOf(name)).conditions ?? [];
  const wanted = conditions.filter(({ type }) => types.includes(type));
  return Object.fromEntries(wanted.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
}

/** Applies and waits for what the policy says of itself; how long that took. */
async function untilSaid(policy: object, name: string, words: Readonly<Record<string, string>>): Promise<number> {
  await stage.plane.apply([policy], '--force-conflicts');
  const began = performance.now();
  await expect.poll(() => saidOf(name, Object.keys(words)), { timeout: 30_000, interval: 50 }).toEqual(words);
  return performance.now() - began;
}

async function reports(kind = 'policyreports.wgpolicyk8s.io'): Promise<LiveReport[]> {
  return (await stage.plane.get<{ items: LiveReport[] }>(kind, '-n', 'shop')).items;
}

async function results(kind?: string): Promise<ReportResult[]> {
  return (await reports(kind)).flatMap((report) => report.results ?? []);
}

/** Versions of the report on violations of the policy, as long as somebody looks often enough. */
async function noteVersion(policy: string, versions: Set<string>): Promise<void> {
  const found = (await reports()).find((report) =>
    report.results?.some((one) => one.policy === `shop/${policy}` && one.result === 'warn'),
  );
  if (found !== undefined) versions.add(found.metadata.resourceVersion);
}

/** Of all programs that violated it. */
async function countOf(policy: string, kind?: string): Promise<number> {
  const found = (await results(kind)).filter((one) => one.policy === `shop/${policy}` && one.result === 'warn');
  return found.reduce((sum, { properties = {} }) => sum + Number(properties['count']), 0);
}

async function startController(...flags: readonly string[]): Promise<ControllerProcess> {
  const started = await ControllerProcess.start(rights, join(stage.folder, 'controller.log'), ...flags);
  const leads = async (): Promise<true | undefined> =>
    (await started.metric('ringfence_controller_leading')) === 1 ? true : undefined;
  await waitFor('leadership', 30_000, leads);
  return started;
}

beforeAll(async () => {
  stage = await ClusterStage.open('truth');
  const granted = parseManifests(await generatedBase()).filter(({ kind }) =>
    /^(?:ServiceAccount|(?:Cluster)?Role(?:Binding)?|ValidatingAdmissionPolicy(?:Binding)?)$/.test(kind),
  );
  await stage.plane.apply(granted);
  await stage.plane.kubectl(['apply', '--server-side', '-f', 'crds/reports', '-f', 'crds/openreports']);
  await established(stage.plane);
  const account = `system:serviceaccount:${INSTALL_NAMESPACE}:ringfence-controller`;
  rights = await stage.plane.writeKubeconfig('controller', `/O=system:serviceaccounts/CN=${account}`);
  const token = await agentTokenOn(stage.plane, NODE);
  const kubeconfig = join(stage.folder, 'agent.kubeconfig');
  writeFileSync(kubeconfig, stage.plane.pki.kubeconfig(stage.plane.server, { token }), { mode: 0o600 });
  agent = await stage.start(['--kubeconfig', kubeconfig, '--event-rate', '100']);
  controller = await startController();
  container = stage.container(await stage.pod({ name: 'web-1', labels: { app: 'web' } }), 'main');
});

afterAll(async () => {
  await controller.end();
  await agent.remove();
  await stage.close();
});

describe('the truth of a policy', () => {
  it('one that is wrong for the API server is refused by kubectl apply, which names the field', async () => {
    const rules = [{ name: 'secret', paths: { deny: [{ path: '/secret', access: ['Open'] }] } }];
    const input = JSON.stringify(stage.policy({ name: 'wrong', spec: { rules } }));
    const { code, stderr } = await stage.plane.tryKubectl(['apply', '-f', '-'], { input });
    expect(code).not.toBe(0);
    expect(stderr).toContain('spec.rules[0].paths.deny[0].access[0]');
    expect(await stage.plane.kubectl(['get', 'rtp', '-n', 'shop'])).not.toContain('wrong');
  });

  it('one that the node holds says so, and holds', async () => {
    const words = { Enforcing: 'True Enforcing', Ready: 'True Enforcing' };
    expect(await untilSaid(stage.policy({ name: 'held' }), 'held', words)).toBeLessThan(SOON_MS);
    expect(stage.readSecret(container)).toEqual(KILLED);
  });

  it('one that no node can hold as it asks says GuaranteeNotMet, with the nodes that refused', async () => {
    const policy = stage.policy({ name: 'too-much', spec: { minimumGuarantee: 'Prevent' } });
    expect(await untilSaid(policy, 'too-much', { Enforcing: 'False GuaranteeNotMet' })).toBeLessThan(SOON_MS);
    expect((await statusOf('too-much')).nodes).toMatchObject({ desired: 1, enforced: 0, refused: 1 });
    await stage.plane.kubectl(['delete', 'rtp', '-n', 'shop', 'too-much']);
  });

  it('one that asks for no minimum holds what the node can, and says Degraded', async () => {
    const policy = stage.policy({ name: 'weaker' });
    expect(await untilSaid(policy, 'weaker', { Degraded: 'True WeakerEffect' })).toBeLessThan(SOON_MS);
    expect(await statusOf('weaker')).toMatchObject({ guarantee: 'Terminate', nodes: { degraded: 1, refused: 0 } });
    await stage.plane.kubectl(['delete', 'rtp', '-n', 'shop', 'weaker']);
  });

  it('a violation stands in a PolicyReport; ten thousand a second make two writes a minute, and the last count is exact', async () => {
    const selector = { podSelector: { matchLabels: { app: 'db' } } };
    const policy = stage.policy({ name: 'seen', selector, spec: { mode: 'Monitor' } });
    const other = stage.container(await stage.pod({ name: 'db-1', labels: { app: 'db' } }), 'main');
    await untilSaid(policy, 'seen', { Programmed: 'True AllNodes', Enforcing: 'False MonitorMode' });
    const began = performance.now();
    const passed = (): number => performance.now() - began;
    const versions = new Set<string>();
    const count = async (): Promise<number> => {
      await noteVersion('seen', versions);
      return await countOf('seen');
    };
    const flood = stage.runOutside(other, [process.execPath, '-e', READER, stage.secret]).then(passed);
    await expect.poll(count, { timeout: 30_000, interval: 50 }).toBeGreaterThan(0);
    expect(passed()).toBeLessThan(SOON_MS);
    // The node tells its counts twice a minute, and the report takes them as often.
    await expect.poll(count, { timeout: 110_000, interval: 500 }).toBe(FLOOD);
    expect((FLOOD * 1000) / (await flood)).toBeGreaterThan(10_000);
    expect(versions.size).toBeLessThanOrEqual(2 * Math.ceil(passed() / 60_000));
  }, 180_000);

  it('with --reports=openreports the same stands in a Report, counted on', async () => {
    await controller.end();
    controller = await startController('--reports=openreports');
    const kind = 'reports.openreports.io';
    await expect.poll(() => countOf('seen', kind), { timeout: 30_000, interval: 200 }).toBe(FLOOD);
    const [report] = (await stage.plane.get<{ items: (LiveReport & { apiVersion: string })[] }>(kind, '-n', 'shop'))
      .items;
    expect(report).toMatchObject({ apiVersion: 'openreports.io/v1alpha1', source: 'ringfence' });
    expect(await stage.plane.kubectl(['get', 'reports', '-n', 'shop'])).toMatch(/NAME +PASS +FAIL +WARN/);
  });
});
