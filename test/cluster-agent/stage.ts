// An agent on the machine's own kernel and a real API server. There is no kubelet: the test makes pods that are bound to a node, and
// what a kubelet and a runtime would make of them, cgroups under the kubelet's names, the runtime's records and processes.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { KubeControlPlane } from '../cluster/control-plane.js';
import { established } from '../cluster/install.js';
import { AgentProcess, ROOT, waitFor } from '../kernel/harness/agent.js';
import { TestCgroups } from '../kernel/harness/workloads.js';

export const NODE = 'native';
export const NAMESPACE = 'shop';
export const SECRET = 'the-secret';
const API = 'ringfence.io/v1alpha1';

export interface ContainerSpec {
  readonly name: string;
  readonly [field: string]: unknown;
}

export interface PodSpec {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly containers?: readonly ContainerSpec[];
  readonly initContainers?: readonly ContainerSpec[];
}

/** A pod of the API server, and where its cgroups are. */
export interface TestPod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Folder below the cgroup v2 root. */
  readonly folder: string;
}

export interface Tried {
  readonly stdout: string;
  readonly signal: NodeJS.Signals | null;
}

export interface PolicySpec {
  readonly name: string;
  readonly namespace?: string;
  readonly selector?: object;
  readonly spec?: object;
  readonly annotations?: Readonly<Record<string, string>>;
}

export class ClusterStage {
  readonly cgroups: TestCgroups;
  readonly root: string;
  readonly secret: string;
  readonly runtimeRoot: string;
  readonly #agents: AgentProcess[] = [];

  private constructor(
    name: string,
    readonly plane: KubeControlPlane,
    readonly folder: string,
  ) {
    this.cgroups = new TestCgroups(`ringfence-${name}-${process.pid}`);
    this.root = join(folder, 'rootfs');
    this.secret = join(this.root, 'secret');
    this.runtimeRoot = join(folder, 'node');
    mkdirSync(join(this.root, 'bin'), { recursive: true });
    copyFileSync('/bin/busybox', join(this.root, 'bin/busybox'));
    writeFileSync(this.secret, SECRET);
    writeFileSync(join(this.root, 'open'), 'open');
    this.cgroups.folder('kubepods');
    this.cgroups.folder('kubepods/burstable');
  }

  static async open(name: string): Promise<ClusterStage> {
    const folder = mkdtempSync('/tmp/ringfence-cluster-');
    const plane = await KubeControlPlane.start({ folder: join(folder, 'plane'), controllers: false });
    const stage = new ClusterStage(name, plane, folder);
    await stage.prepare();
    return stage;
  }

  async applyCrds(): Promise<void> {
    const names = readdirSync(join(ROOT, 'crds')).filter((file) => file.endsWith('.yaml'));
    for (const file of names) await this.plane.apply(readFileSync(join(ROOT, 'crds', file), 'utf8'));
    await established(this.plane);
  }

  async namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.plane.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }]);
    await this.serviceAccount(name);
  }

  /** No pod is made in a namespace without it. */
  private async serviceAccount(namespace: string): Promise<void> {
    const metadata = { name: 'default', namespace };
    await this.plane.apply([{ apiVersion: 'v1', kind: 'ServiceAccount', metadata }]);
  }

  async start(flags: readonly string[] = [], kubeconfig = this.plane.kubeconfig): Promise<AgentProcess> {
    const cluster = ['--cluster', '--kubeconfig', kubeconfig, '--node', NODE];
    const native = ['--confine', this.cgroups.top, '--backend', 'tracepoint', '--runtime-root', this.runtimeRoot];
    const agent = await AgentProcess.start({
      folder: join(this.folder, 'agent'),
      policies: [],
      flags: [...cluster, ...native, '--log-level', 'debug', ...flags],
    });
    this.#agents.push(agent);
    return agent;
  }

  /** Kills whoever reads the secret in pods with the label app=web. */
  policy({ name, namespace = NAMESPACE, selector, spec, annotations }: PolicySpec): object {
    const rules = [{ name: 'secret', paths: { deny: [{ path: this.secret, access: ['Read'] }] } }];
    return {
      apiVersion: API,
      kind: 'RuntimePolicy',
      metadata: { name, namespace, ...(annotations && { annotations }) },
      spec: { mode: 'Enforce', selector: selector ?? { podSelector: { matchLabels: { app: 'web' } } }, rules, ...spec },
    };
  }

  /** A pod that is bound to the node; its cgroup is there, its containers are not. */
  async pod({
    name,
    namespace = NAMESPACE,
    labels,
    annotations,
    containers,
    initContainers,
  }: PodSpec): Promise<TestPod> {
    const image = (list: readonly ContainerSpec[] = []): object[] => list.map((one) => ({ image: 'none', ...one }));
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels, annotations },
      spec: {
        nodeName: NODE,
        automountServiceAccountToken: false,
        containers: image(containers ?? [{ name: 'main' }]),
        initContainers: image(initContainers),
      },
    };
    const made = JSON.parse(
      await this.plane.kubectl(['create', '-o', 'json', '-f', '-'], { input: JSON.stringify(object) }),
    ) as { metadata: { uid: string } };
    return this.podCgroup(made.metadata.uid, name, namespace);
  }

  podCgroup(uid: string, name: string, namespace = NAMESPACE): TestPod {
    const folder = this.cgroups.folder(`kubepods/burstable/pod${uid}`);
    return { uid, name, namespace, folder };
  }

  /** Writes down what a runtime does before it makes the container's cgroup. Its id. */
  record(annotations: Readonly<Record<string, string>>, id = containerId()): string {
    const bundle = join(this.runtimeRoot, 'run/containerd/io.containerd.runtime.v2.task/k8s.io', id);
    mkdirSync(bundle, { recursive: true });
    writeFileSync(join(bundle, 'config.json'), JSON.stringify({ ociVersion: '1.0.2', annotations }));
    return id;
  }

  /** A container of the pod: its record, then its cgroup. */
  container(pod: TestPod, name: string): string {
    const annotations = {
      'io.kubernetes.cri.container-type': 'container',
      'io.kubernetes.cri.container-name': name,
      'io.kubernetes.cri.sandbox-uid': pod.uid,
    };
    return this.cgroup(pod, this.record(annotations));
  }

  cgroup(pod: TestPod, id: string): string {
    const folder = join(pod.folder, id);
    mkdirSync(folder);
    return folder;
  }

  /** Runs a busybox applet as the container's program: entered as a runtime does, then in a root of its own. */
  run(cgroup: string, applet: readonly string[]): Tried {
    const script = 'echo $$ > "$0"/cgroup.procs && exec chroot "$@"';
    const argv = ['-c', script, cgroup, this.root, '/bin/busybox', ...applet];
    const { stdout, signal } = spawnSync('/bin/sh', argv, { encoding: 'utf8', timeout: 30_000 });
    return { stdout, signal };
  }

  /** Reads a file as the container's program, beside others that do. */
  async tryOnce(cgroup: string, file: string): Promise<Tried> {
    const child = this.spawn(cgroup, ['cat', file]);
    let stdout = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return { stdout, signal };
  }

  /** A busybox applet as the container's program, without waiting for its end. */
  spawn(cgroup: string, applet: readonly string[]): ChildProcess {
    const script = 'echo $$ > "$0"/cgroup.procs && exec chroot "$@"';
    return spawn('/bin/sh', ['-c', script, cgroup, this.root, '/bin/busybox', ...applet]);
  }

  /** Runs a program of this machine in the container's cgroup, to its end. */
  async runOutside(cgroup: string, argv: readonly string[]): Promise<void> {
    const child = spawn('/bin/sh', ['-c', 'echo $$ > "$0"/cgroup.procs && exec "$@"', cgroup, ...argv]);
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${String(code)}`);
  }

  readSecret(cgroup: string): Tried {
    return this.run(cgroup, ['cat', '/secret']);
  }

  /** What the namespace controller does, which does not run here: deletes what is in it, then lets it go. */
  async endNamespace(name: string): Promise<void> {
    const now = ['--all', '-n', name, '--force', '--grace-period=0'];
    await this.plane.kubectl(['delete', 'pods', ...now]);
    await this.plane.kubectl(['delete', 'runtimepolicies', ...now]);
    const object = await this.plane.get<{ spec: object }>('namespace', name);
    const input = JSON.stringify({ ...object, spec: { finalizers: [] } });
    await this.plane.kubectl(['replace', '--raw', `/api/v1/namespaces/${name}/finalize`, '-f', '-'], { input });
  }

  /** Until the agent's disk knows the policy. */
  async flushed(agent: AgentProcess, policy: string): Promise<void> {
    const folder = join(agent.stateFolder, 'objects');
    const isThere = (file: string): boolean => readFileSync(join(folder, file), 'utf8').includes(`"name":"${policy}"`);
    await waitFor(`${policy} on the disk`, 20_000, () =>
      readdirSync(folder)
        .filter((file) => file.endsWith('.json'))
        .some(isThere)
        ? true
        : undefined,
    );
  }

  /** Until the agent's disk knows the pod. */
  async savedPod(agent: AgentProcess, { uid }: TestPod): Promise<void> {
    const path = join(agent.stateFolder, 'cluster.json');
    await waitFor('the pod on the disk', 20_000, () =>
      existsSync(path) && readFileSync(path, 'utf8').includes(uid) ? true : undefined,
    );
  }

  async close(): Promise<void> {
    // Of a test that did not come to its end.
    for (const agent of this.#agents) if (!agent.hasEnded()) await agent.remove();
    await this.plane.stop();
    this.cgroups.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async prepare(): Promise<void> {
    await this.applyCrds();
    await this.namespace(NAMESPACE);
    await this.namespace('ringfence-system');
    await this.serviceAccount('kube-system');
    await this.plane.apply([{ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE, labels: { pool: 'native' } } }]);
  }
}

export function containerId(): string {
  return createHash('sha256').update(randomUUID()).digest('hex');
}

export const KILLED: Tried = { stdout: '', signal: 'SIGKILL' };
export const READ: Tried = { stdout: SECRET, signal: null };
