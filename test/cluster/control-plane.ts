// etcd, API server, controller manager and scheduler on this machine's loopback interface, with a folder of their own. No kubelet: nodes and pods
// are what a test makes them, or a guest node joins (guest-node.ts).
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandOutput } from '../guest/command.js';
import { clientTools, runWithInput, type RunOptions, type Tools } from './kubectl.js';
import { Daemon } from './daemon.js';
import { Pki } from './pki.js';
import { controlPlanePrograms, type Programs } from './programs.js';
import { freePort, waitFor } from './wait.js';

/** Where pods find the API server: the first address of the Services' range, which slirp maps to this machine's 127.0.0.1. */
export const SERVICE_ADDRESS = '10.0.0.1';
const SERVICE_RANGE = '10.0.0.0/28';
/** Only written into the endpoints of the Service `kubernetes`; nothing listens there (RFC 5737). */
const ADVERTISED_ADDRESS = '192.0.2.2';
const READY_LIMIT_S = 120;

export interface ControlPlaneOptions {
  /** Certificates, data and logs go here. */
  readonly folder: string;
  /** The API server's; a free one when absent. In-cluster clients want 443, which asks for a network namespace of our own. */
  readonly port?: number;
  /** False: API server only, which is enough where no Deployment has to roll out. */
  readonly controllers?: boolean;
  readonly apiServerFlags?: readonly string[];
  readonly say?: (line: string) => void;
}

interface Ports {
  readonly api: number;
  readonly etcd: number;
  readonly peer: number;
}

type Component = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler';

export class KubeControlPlane {
  private readonly daemons = new Map<Component, Daemon>();
  private flags = new Map<Component, readonly string[]>();
  /** Of a client in group system:masters. */
  readonly kubeconfig: string;

  private constructor(
    private readonly options: ControlPlaneOptions,
    readonly pki: Pki,
    private readonly programs: Programs & Tools,
    readonly ports: Ports,
  ) {
    this.kubeconfig = join(options.folder, 'admin.kubeconfig');
  }

  static async start(options: ControlPlaneOptions): Promise<KubeControlPlane> {
    mkdirSync(options.folder, { recursive: true });
    const say = options.say ?? ((): undefined => undefined);
    const [programs, tools] = [await controlPlanePrograms(options.controllers !== false, say), await clientTools()];
    const ports = { api: options.port ?? (await freePort()), etcd: await freePort(), peer: await freePort() };
    const pki = await Pki.create(join(options.folder, 'pki'));
    const plane = new KubeControlPlane(options, pki, { ...programs, ...tools }, ports);
    try {
      await plane.configure();
      await plane.startAll();
    } catch (error) {
      await plane.stop();
      throw error;
    }
    return plane;
  }

  get server(): string {
    return `https://127.0.0.1:${this.ports.api.toString()}`;
  }

  get helm(): string {
    return this.programs.helm;
  }

  get kubectlPath(): string {
    return this.programs.kubectl;
  }

  private async configure(): Promise<void> {
    const server = await this.pki.issue({
      name: 'apiserver',
      subject: '/CN=kube-apiserver',
      alternativeNames: [`IP:${SERVICE_ADDRESS}`, 'IP:127.0.0.1', 'DNS:localhost', 'DNS:kubernetes.default.svc'],
    });
    const kubelets = await this.pki.issue({ name: 'kubelet-client', subject: '/O=system:masters/CN=kubelet-client' });
    await this.writeKubeconfig('admin', '/O=system:masters/CN=admin');
    const manager = await this.writeKubeconfig('manager', '/CN=system:kube-controller-manager');
    const scheduler = await this.writeKubeconfig('scheduler', '/CN=system:kube-scheduler');
    this.flags = new Map<Component, readonly string[]>([
      ['etcd', this.etcdFlags()],
      ['kube-apiserver', [...this.apiServerFlags(server, kubelets), ...(this.options.apiServerFlags ?? [])]],
      ['kube-controller-manager', this.managerFlags(manager)],
      ['kube-scheduler', ['--secure-port=0', '--leader-elect=false', `--kubeconfig=${scheduler}`]],
    ]);
  }

  private etcdFlags(): string[] {
    const client = `http://127.0.0.1:${this.ports.etcd.toString()}`;
    const peer = `http://127.0.0.1:${this.ports.peer.toString()}`;
    return [
      `--data-dir=${join(this.options.folder, 'etcd')}`,
      ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
      ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`, `--initial-cluster=default=${peer}`],
      // The data lives as long as the test.
      '--unsafe-no-fsync',
    ];
  }

  private apiServerFlags(
    server: { certificate: string; key: string },
    kubelets: { certificate: string; key: string },
  ): string[] {
    const { authority, serviceAccountKey } = this.pki;
    return [
      `--etcd-servers=http://127.0.0.1:${this.ports.etcd.toString()}`,
      ...['--bind-address=127.0.0.1', `--secure-port=${this.ports.api.toString()}`],
      ...[`--advertise-address=${ADVERTISED_ADDRESS}`, `--service-cluster-ip-range=${SERVICE_RANGE}`],
      ...[
        `--tls-cert-file=${server.certificate}`,
        `--tls-private-key-file=${server.key}`,
        `--client-ca-file=${authority}`,
      ],
      ...[`--kubelet-client-certificate=${kubelets.certificate}`, `--kubelet-client-key=${kubelets.key}`],
      ...[`--kubelet-certificate-authority=${authority}`, '--kubelet-preferred-address-types=InternalIP'],
      ...[`--service-account-key-file=${serviceAccountKey}`, `--service-account-signing-key-file=${serviceAccountKey}`],
      '--service-account-issuer=https://kubernetes.default.svc',
      ...['--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction', '--allow-privileged'],
    ];
  }

  private managerFlags(kubeconfig: string): string[] {
    const { authority, serviceAccountKey } = this.pki;
    return [
      ...['--secure-port=0', '--leader-elect=false', `--kubeconfig=${kubeconfig}`],
      ...['--use-service-account-credentials', `--service-account-private-key-file=${serviceAccountKey}`],
      `--root-ca-file=${authority}`,
      // Namespaces and owners are cleaned up at once, not when somebody happens to look.
      '--node-monitor-grace-period=20s',
    ];
  }

  /** Issues a client certificate and writes a kubeconfig for it into the folder. */
  async writeKubeconfig(name: string, subject: string, server = this.server): Promise<string> {
    const path = join(this.options.folder, `${name}.kubeconfig`);
    const certificate = await this.pki.issue({ name, subject });
    writeFileSync(path, this.pki.kubeconfig(server, certificate), { mode: 0o600 });
    return path;
  }

  private async startAll(): Promise<void> {
    this.startComponent('etcd');
    await this.startApiServer();
    if (this.options.controllers === false) return;
    this.startComponent('kube-controller-manager');
    this.startComponent('kube-scheduler');
    // Pods cannot be made in a namespace before its ServiceAccount is there.
    await waitFor('the default ServiceAccount', () => this.succeeds('get', 'serviceaccount', 'default'), {
      timeoutS: READY_LIMIT_S,
      found: () => this.daemons.get('kube-controller-manager')?.lastWords() ?? '',
    });
  }

  startComponent(name: Component): void {
    const log = join(this.options.folder, `${name}.log`);
    this.daemons.set(name, new Daemon(name, [this.programs[name], ...(this.flags.get(name) ?? [])], log));
  }

  async stopComponent(name: Component, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.daemons.get(name)?.stop(signal);
    this.daemons.delete(name);
  }

  /** For suspending (SIGSTOP, SIGCONT): a server that is there and does not answer. */
  signalComponent(name: Component, signal: NodeJS.Signals): void {
    this.daemons.get(name)?.signal(signal);
  }

  async startApiServer(): Promise<void> {
    this.startComponent('kube-apiserver');
    const isReady = async (): Promise<boolean> => {
      const daemon = this.daemons.get('kube-apiserver');
      if (daemon?.isAlive !== true) throw new Error(`kube-apiserver ended: ${daemon?.lastWords() ?? ''}`);
      return await this.succeeds('get', '--raw', '/readyz');
    };
    const found = (): string => this.daemons.get('kube-apiserver')?.lastWords() ?? '';
    await waitFor('the API server', isReady, { timeoutS: READY_LIMIT_S, found });
  }

  async stopApiServer(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.stopComponent('kube-apiserver', signal);
  }

  /** Discards etcd's history, so that watches from an older revision get 410. */
  async compact(): Promise<void> {
    const ask = async (path: string, body: object): Promise<Record<string, unknown>> => {
      const url = `http://127.0.0.1:${this.ports.etcd.toString()}/v3/kv/${path}`;
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`etcd answers ${answer.status.toString()} to ${path}: ${await answer.text()}`);
      return (await answer.json()) as Record<string, unknown>;
    };
    const { header } = (await ask('range', { key: 'AA==' })) as { header: { revision: string } };
    await ask('compaction', { revision: header.revision, physical: true });
  }

  /** Runs kubectl as the administrator and answers with status and output. */
  async tryKubectl(args: readonly string[], options: RunOptions = {}): Promise<CommandOutput> {
    return await runWithInput([this.programs.kubectl, `--kubeconfig=${this.kubeconfig}`, ...args], options);
  }

  /** The same, but any status other than 0 throws with what kubectl said. */
  async kubectl(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.tryKubectl(args, options);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with status ${code.toString()}: ${stderr.trim()}`);
    return stdout;
  }

  /** kubectl apply --server-side of objects or of YAML text. */
  async apply(manifest: string | readonly object[], ...flags: readonly string[]): Promise<string> {
    const input =
      typeof manifest === 'string' ? manifest : manifest.map((object) => JSON.stringify(object)).join('\n---\n');
    return await this.kubectl(['apply', '--server-side', ...flags, '-f', '-'], { input });
  }

  async get<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.kubectl(['get', ...args, '-o', 'json'])) as T;
  }

  private async succeeds(...args: string[]): Promise<boolean> {
    return (await this.tryKubectl([...args, '--request-timeout=2s'])).code === 0;
  }

  async stop(): Promise<void> {
    for (const name of ['kube-scheduler', 'kube-controller-manager', 'kube-apiserver', 'etcd'] as const)
      await this.stopComponent(name, name === 'kube-apiserver' ? 'SIGKILL' : 'SIGTERM');
  }
}
