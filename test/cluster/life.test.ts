// From install to uninstall on a node with LSM: an agent that is replaced leaves no gap, and what docs/install.md says takes everything away again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stepsOf } from '../docs/guides.js';
import { readPages, ROOT } from '../docs/pages.js';
import { TestCluster } from './cluster.js';
import { applyDefinitions, INSTALL_NAMESPACE, installChart } from './install.js';
import { runWithInput } from './kubectl.js';
import { busyboxDeployment } from './pods.js';
import { buildProductImage, PRODUCT_TAR } from './product.js';
import { waitFor } from './wait.js';

const ROLLOUT_S = 900;
const POLICY = {
  apiVersion: 'ringfence.io/v1alpha1',
  kind: 'RuntimePolicy',
  metadata: { name: 'no-netcat', namespace: 'shop' },
  spec: {
    mode: 'Enforce',
    selector: { podSelector: { matchLabels: { app: 'web' } } },
    rules: [{ name: 'netcat', binaries: { deny: [{ path: '/bin/nc' }] } }],
  },
};

/** Tries the forbidden and the allowed program until told to stop; prints tries, forbidden ones that were not killed, allowed ones that failed. */
const LOOP = `tries=0; wrong=0; broken=0
until [ -e /stop ]; do
  /bin/nc >/dev/null 2>&1; [ $? = 137 ] || wrong=$((wrong + 1))
  /bin/true || broken=$((broken + 1))
  tries=$((tries + 1))
done
echo "$tries $wrong $broken"`;

/** Programs of the kernel that have a name, which those of the container runtime have not. */
const PROGRAMS = "grep -o 'bpf_prog_[0-9a-f]*_[a-z_0-9]*' /proc/kallsyms | sort -u";
const TRACES = `ls -d /run/ringfence /var/lib/ringfence 2>/dev/null; grep ringfence /proc/mounts; ${PROGRAMS}`;

/** The commands of docs/install.md below a heading, as they are written. */
function commandsOf(heading: string): string[] {
  const page = readPages().find(({ path }) => path === 'docs/install.md');
  const part = page?.text.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  if (page === undefined || part === undefined) throw new Error(`docs/install.md says nothing of ${heading}`);
  const lines = part.split('\n');
  return stepsOf({ ...page, text: part }).flatMap((step) =>
    step.kind === 'commands' ? step.commands.map(({ line }) => lines[line - 1] ?? '') : [],
  );
}

describe('Ringfence in a cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-life-'));
  let cluster: TestCluster;
  let before: string;

  const shell = async (line: string): Promise<string> => {
    const { plane } = cluster;
    const path = `${dirname(plane.kubectlPath)}:${dirname(plane.helm)}:${process.env['PATH'] ?? ''}`;
    const env = { ...process.env, PATH: path, KUBECONFIG: plane.kubeconfig };
    const options = { env, timeoutS: ROLLOUT_S };
    const { code, stdout, stderr } = await runWithInput(['sh', '-c', `cd ${ROOT} && ${line}`], options);
    expect(code, `${line}: ${stderr}`).toBe(0);
    return stdout;
  };
  const inPod = async (script: string, timeoutS = 60): Promise<string> =>
    await cluster.plane.kubectl(['exec', '-n', 'shop', 'deploy/web', '--', 'sh', '-c', script], { timeoutS });
  const agentPods = async (): Promise<string> =>
    await cluster.plane.kubectl([
      'get',
      'pods',
      '-n',
      INSTALL_NAMESPACE,
      '-l',
      'app.kubernetes.io/component=agent',
      '-o',
      'name',
    ]);
  const enforcing = async (): Promise<string> => {
    const path = 'jsonpath={.status.conditions[?(@.type=="Enforcing")].status}';
    return await cluster.plane.kubectl(['get', 'rtp', 'no-netcat', '-n', 'shop', '-o', path]);
  };

  beforeAll(async () => {
    const image = join(folder, PRODUCT_TAR);
    await buildProductImage(image);
    cluster = await TestCluster.start({ folder, node: { images: [image] } });
    const { plane, node } = cluster;
    await applyDefinitions(plane);
    // The node takes orders when it has its images.
    await node.said(`IMAGE ${PRODUCT_TAR}`, 600);
    before = (await node.run(TRACES)).output;
    await installChart(plane, { 'image.pullPolicy': 'Never', 'controller.replicas': '1' });
    await plane.kubectl(['create', 'namespace', 'shop']);
    await plane.apply([busyboxDeployment('web', 1, { namespace: 'shop' }), POLICY]);
    const enough = { timeoutS: ROLLOUT_S, everyMs: 1_000, found: () => plane.kubectl(['get', 'pods', '-A']) };
    await waitFor('the policy to be enforced', async () => (await enforcing()) === 'True', enough);
    await plane.kubectl(['rollout', 'status', 'deploy/web', '-n', 'shop', '--timeout=120s'], { timeoutS: 130 });
  }, 2_400_000);
  afterAll(async () => {
    const result = await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
    expect(result?.kernelTrouble).toEqual([]);
  });

  it('is upgraded without a gap: no forbidden operation succeeds, and no allowed one fails', async () => {
    const first = await agentPods();
    const loop = inPod(LOOP, ROLLOUT_S);
    const [definitions = '', upgrade = '', ...rest] = commandsOf('Upgrade');
    for (const line of [definitions, `${upgrade} --set agent.logLevel=debug`, ...rest]) await shell(line);
    expect(await agentPods()).not.toBe(first);
    await inPod('touch /stop');
    const [tries = 0, wrong, broken] = (await loop).trim().split(' ').map(Number);
    expect(tries).toBeGreaterThan(100);
    expect([wrong, broken]).toEqual([0, 0]);
  }, 1_800_000);

  it('is uninstalled by what the documentation says, and leaves no trace', async () => {
    const { plane, node } = cluster;
    expect((await node.run(TRACES)).output).toContain('/run/ringfence');
    const commands = commandsOf('Uninstall');
    expect(commands.length).toBeGreaterThan(6);
    const definitions = commands.pop() ?? '';
    for (const line of commands) await shell(line);
    // The kernel frees programs a moment after their last link.
    await waitFor('an end of all traces', async () => (await node.run(TRACES)).output === before, {
      timeoutS: 30,
      found: async () => (await node.run(TRACES)).output,
    });
    expect(await inPod('/bin/nc 2>&1 | head -1; cat /etc/hostname')).toMatch(/BusyBox[^]*web-/);
    expect(await enforcing()).toBe('False');
    const kinds =
      'clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings,namespaces';
    expect(await plane.kubectl(['get', kinds, '-o', 'name'])).not.toContain('ringfence');
    expect(await plane.kubectl(['get', 'leases,policyreports,all', '-A', '-o', 'name'])).not.toContain('ringfence');
    await shell(definitions);
    expect(await plane.kubectl(['get', 'crd', '-o', 'name'])).not.toContain('ringfence.io');
  }, 1_800_000);
});
