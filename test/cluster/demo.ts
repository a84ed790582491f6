// npm run demo:cluster [-- --once]: the product in a cluster, as a user meets it: chart and image, a Deployment, a policy by kubectl apply, a violation
// that is blocked and killed inside a pod, and what the cluster then says of it. Ends with 0 when all of it was seen.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuestUnavailable } from '../guest/cache.js';
import { ClusterUnavailable } from './cache.js';
import { prepareCluster, TestCluster } from './cluster.js';
import { applyDefinitions, installChart } from './install.js';
import { isInNamespace, prepareNamespace, runInNamespace } from './namespace.js';
import { busyboxDeployment } from './pods.js';
import { buildProductImage, PRODUCT_TAR } from './product.js';
import { waitFor } from './wait.js';

const EXIT_FAILED = 1;
const EXIT_UNAVAILABLE = 125;
const FOLDER = 'RINGFENCE_DEMO_FOLDER';
const NAMESPACE = 'shop';

const POLICY = `apiVersion: ringfence.io/v1alpha1
kind: RuntimePolicy
metadata: {name: no-netcat, namespace: ${NAMESPACE}}
spec:
  mode: Enforce
  selector: {podSelector: {matchLabels: {app: web}}}
  rules:
    - name: netcat
      binaries: {deny: [{path: /bin/nc}]}
      message: nobody needs netcat in the shop
`;

const began = performance.now();
function say(line: string): void {
  process.stdout.write(`[${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s] ${line}\n`);
}

class Demo {
  private failures = 0;

  constructor(private readonly cluster: TestCluster) {}

  private expect(what: string, holds: boolean): void {
    say(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
    if (!holds) this.failures += 1;
  }

  /** Runs kubectl, shows command and answer, and answers with both outputs. */
  private async show(...args: string[]): Promise<{ readonly code: number; readonly text: string }> {
    process.stdout.write(`\n$ kubectl ${args.map((word) => (/[\s;"]/.test(word) ? `'${word}'` : word)).join(' ')}\n`);
    const { code, stdout, stderr } = await this.cluster.plane.tryKubectl(args, { timeoutS: 920 });
    const text = `${stdout}${stderr}`;
    process.stdout.write(text);
    return { code, text };
  }

  private async install(): Promise<void> {
    const { plane, node } = this.cluster;
    await applyDefinitions(plane);
    say('waiting for the image of the product to be imported');
    await node.said(`IMAGE ${PRODUCT_TAR}`, 300);
    say('helm install ringfence config/chart');
    await installChart(plane, { 'image.pullPolicy': 'Never', 'controller.replicas': '1' });
    await plane.kubectl(['create', 'namespace', NAMESPACE]);
    await plane.apply([busyboxDeployment('web', 1, { namespace: NAMESPACE })]);
    for (const what of ['daemonset/ringfence-agent', 'deployment/ringfence-controller'])
      await this.show('rollout', 'status', what, '-n', 'ringfence-system', '--timeout=900s');
    await this.show('rollout', 'status', 'deployment/web', '-n', NAMESPACE, '--timeout=240s');
    await this.show('get', 'pods', '-A', '-o', 'wide');
  }

  private async enforce(): Promise<void> {
    const { plane } = this.cluster;
    const before = await this.show('exec', '-n', NAMESPACE, 'deploy/web', '--', 'sh', '-c', '/bin/nc 2>&1 | head -1');
    this.expect('without a policy netcat runs', before.text.includes('BusyBox'));
    process.stdout.write(`\n$ kubectl apply -f - <<EOF\n${POLICY}EOF\n`);
    say((await plane.apply(POLICY)).trim());
    const path = 'jsonpath={.status.conditions[?(@.type=="Enforcing")].status}';
    const ask = async (): Promise<boolean> =>
      (await plane.tryKubectl(['get', 'rtp', 'no-netcat', '-n', NAMESPACE, '-o', path])).stdout === 'True';
    const found = async (): Promise<string> => await plane.kubectl(['get', 'rtp', '-n', NAMESPACE, '-o', 'yaml']);
    await waitFor('the policy to say that it is enforced', ask, { timeoutS: 60, found });
    say('the policy says Enforcing=True');
  }

  private async violate(): Promise<void> {
    // By its path: busybox's shell runs what it knows by name from its own file.
    const child = '/bin/nc; echo "status $?, and the shell lives"';
    const inside = await this.show('exec', '-n', NAMESPACE, 'deploy/web', '--', 'sh', '-c', child);
    this.expect('in a shell the program is killed (128 + 9) and its parent lives', inside.text.includes('status 137'));
    const direct = await this.show('exec', '-n', NAMESPACE, 'deploy/web', '--', 'nc');
    this.expect('started by kubectl exec it does not run', direct.code !== 0 && !direct.text.includes('BusyBox'));
    const other = await this.show('exec', '-n', NAMESPACE, 'deploy/web', '--', 'cat', '/etc/hostname');
    this.expect('what the policy does not name runs as before', other.code === 0);
  }

  private async truth(): Promise<void> {
    const { plane } = this.cluster;
    const report = async (): Promise<boolean> =>
      (await plane.tryKubectl(['get', 'policyreports', '-n', NAMESPACE, '-o', 'yaml'])).stdout.includes('result: fail');
    await waitFor('a PolicyReport of the violation', report, { timeoutS: 60, everyMs: 500 });
    const policies = await this.show('get', 'runtimepolicies', '-A');
    this.expect('the policy is listed', policies.text.includes('no-netcat'));
    const reports = await this.show('get', 'policyreports', '-A');
    this.expect('the report counts a failure', /ringfence-\S*web/.test(reports.text));
    await this.show(
      'get',
      'policyreports',
      '-n',
      NAMESPACE,
      '-o',
      'jsonpath={range .items[*].results[*]}{.message}{"\\n"}{end}',
    );
    const killed = async (): Promise<boolean> =>
      (await plane.tryKubectl(['get', 'events', '-n', NAMESPACE])).stdout.includes('no-netcat');
    await waitFor('an Event on the pod', killed, { timeoutS: 60, everyMs: 500 });
    const pod = await this.show('describe', 'pod', '-n', NAMESPACE, '-l', 'app=web');
    this.expect('the pod says why a process was killed', pod.text.includes('no-netcat'));
  }

  async run(): Promise<number> {
    await this.install();
    await this.enforce();
    await this.violate();
    await this.truth();
    say(this.failures === 0 ? 'all of it was seen' : `${this.failures.toString()} did not hold`);
    return this.failures === 0 ? 0 : EXIT_FAILED;
  }
}

async function inside(folder: string): Promise<number> {
  await prepareNamespace();
  say('starting the control plane here and a node in a guest');
  const node = { images: [join(folder, PRODUCT_TAR)] };
  const cluster = await TestCluster.start({ folder, node, say });
  say(
    `the node is Ready, Kubernetes ${(await cluster.plane.kubectl(['version'])).match(/Server Version: (\S+)/)?.[1] ?? ''}`,
  );
  try {
    const status = await new Demo(cluster).run();
    if (!process.argv.includes('--once')) await untilInterrupted(folder);
    return status;
  } finally {
    await cluster.stop();
  }
}

async function untilInterrupted(folder: string): Promise<void> {
  say(
    `the cluster stays until Ctrl-C; kubectl --kubeconfig ${join(folder, 'admin.kubeconfig')} reaches it from inside its network`,
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    setInterval(() => undefined, 60_000);
  });
}

async function outside(): Promise<number> {
  say('building and fetching what is not in the cache yet (the first time takes minutes)');
  await prepareCluster(say);
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-demo-'));
  try {
    await buildProductImage(join(folder, PRODUCT_TAR));
    process.env[FOLDER] = folder;
    const tool = spawnSync('sh', ['-c', 'command -v nsenter'], { encoding: 'utf8' }).status === 0;
    return await runInNamespace((pid) => {
      if (tool && !process.argv.includes('--once')) say(`its network: nsenter --net=/proc/${pid.toString()}/ns/net`);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  process.exit(isInNamespace() ? await inside(process.env[FOLDER] ?? '') : await outside());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(
    error instanceof ClusterUnavailable || error instanceof GuestUnavailable ? EXIT_UNAVAILABLE : EXIT_FAILED,
  );
}
