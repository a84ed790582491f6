// A node with LSM and cgroup v2: kubelet and containerd in a QEMU guest, joined to a control plane outside it. Needs a network namespace of its
// own (namespace.ts): the guest's address is made local there, so that the API server reaches the kubelet for exec and logs.
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { runCommand } from '../../guest/command.js';
import { kernelImage, type KernelName } from '../../guest/kernel-image.js';
import { CHECKOUT, runInGuest, type GuestResult } from '../../guest/run.js';
import { SERVICE_ADDRESS, type KubeControlPlane } from '../control-plane.js';
import { testImages } from '../images/index.js';
import { clusterPrograms } from '../programs.js';
import { waitFor } from '../wait.js';
import { nodePackages } from './packages.js';
import { cniConfig, containerdConfig, kubeletConfig, settingsFile, type NodeSettings } from './settings.js';

const MODULES = ['overlay', 'loop', 'failover', 'net_failover', 'virtio_net', 'veth', 'llc', 'stp', 'bridge'];
const KUBELET_PORT = 10250;
const LIFE_LIMIT_S = 3 * 3600;
const MEMORY_MB = 3072;
/** A quiet machine takes half a minute. */
const READY_LIMIT_S = 600;

export interface GuestNodeOptions {
  readonly plane: KubeControlPlane;
  /** Folder for logs and the guest's share. */
  readonly folder: string;
  readonly name?: string;
  readonly kernel?: KernelName;
  readonly labels?: Readonly<Record<string, string>>;
  /** Image tars imported while the kubelet starts. */
  readonly images?: readonly string[];
  readonly kernelWords?: readonly string[];
  readonly say?: (line: string) => void;
}

/** A hard link where the folders share a file system: the files are large. */
function place(from: string, to: string): void {
  if (existsSync(to)) return;
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

function placeAll(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) placeAll(source, target);
    else place(source, target);
  }
}

export class GuestNode {
  private share: string | undefined;
  private readonly power = new AbortController();
  private result: Promise<GuestResult> | undefined;
  private orders = 0;
  private output = '';

  private constructor(
    private readonly options: GuestNodeOptions,
    private readonly settings: NodeSettings,
    private readonly staged: string,
  ) {}

  get name(): string {
    return this.settings.name;
  }

  /** Boots the guest; answers when it is up, long before it is Ready. */
  static async start(options: GuestNodeOptions): Promise<GuestNode> {
    const settings: NodeSettings = {
      name: options.name ?? 'guest-node',
      address: '10.0.0.20',
      pods: ['10.0.0.100', '10.0.0.250'],
      labels: options.labels ?? {},
    };
    const staged = join(options.folder, `node-${settings.name}`);
    const node = new GuestNode(options, settings, staged);
    await node.stage();
    await runCommand(['ip', 'route', 'replace', 'local', `${settings.address}/32`, 'dev', 'lo', 'src', '127.0.0.1']);
    await node.boot();
    return node;
  }

  private async stage(): Promise<void> {
    for (const name of ['bin', 'cni', 'etc', 'images/late']) mkdirSync(join(this.staged, name), { recursive: true });
    const say = this.options.say ?? ((): undefined => undefined);
    const { kubelet } = await clusterPrograms(['kubelet'], say);
    const { programs, plugins } = await nodePackages();
    for (const program of [kubelet, ...programs]) place(program, join(this.staged, 'bin', basename(program)));
    for (const plugin of plugins) place(plugin, join(this.staged, 'cni', basename(plugin)));
    const { folder } = await kernelImage(this.options.kernel ?? '6.12');
    const images = await testImages(join(folder, 'busybox'));
    for (const name of ['pause.tar', 'busybox.tar']) place(join(images, name), join(this.staged, 'images', name));
    for (const image of this.options.images ?? []) place(image, join(this.staged, 'images/late', basename(image)));
    await this.configure(join(this.staged, 'etc'));
  }

  private async configure(etc: string): Promise<void> {
    const { plane } = this.options;
    const { name, address } = this.settings;
    const certificate = await plane.pki.issue({
      name: `kubelet-${name}`,
      subject: `/O=system:nodes/CN=system:node:${name}`,
      alternativeNames: [`IP:${address}`, `DNS:${name}`],
    });
    const server = `https://${SERVICE_ADDRESS}:${plane.ports.api.toString()}`;
    const files = {
      'kubelet.json': JSON.stringify(kubeletConfig()),
      'containerd.toml': containerdConfig(),
      'cni.json': JSON.stringify(cniConfig()),
      kubeconfig: plane.pki.kubeconfig(server, certificate),
      'resolv.conf': 'options ndots:1\n',
      'ca.crt': readFileSync(plane.pki.authority),
      'kubelet.crt': readFileSync(certificate.certificate),
      'kubelet.key': readFileSync(certificate.key),
      '../settings': settingsFile(this.settings),
    };
    for (const [file, content] of Object.entries(files)) writeFileSync(join(etc, file), content);
  }

  private network(): string[] {
    const { address } = this.settings;
    const port = KUBELET_PORT.toString();
    const forward = `hostfwd=tcp:${address}:${port}-${address}:${port}`;
    return [
      ...['-netdev', `user,id=net,net=10.0.0.0/24,host=${SERVICE_ADDRESS},dns=10.0.0.3,${forward}`],
      ...['-device', 'virtio-net-pci,netdev=net,romfile='],
    ];
  }

  private async boot(): Promise<void> {
    const ended = (): string => this.output;
    this.result = runInGuest({
      kernel: this.options.kernel ?? '6.12',
      command: ['sh', join(CHECKOUT, 'test/cluster/node/node.sh')],
      timeoutS: LIFE_LIMIT_S,
      memoryMb: MEMORY_MB,
      modules: MODULES,
      kernelWords: this.options.kernelWords ?? [],
      network: this.network(),
      powerCut: this.power.signal,
      prepare: (share) => this.fillShare(share),
      collect: (share) => this.keepLogs(share),
      onOutput: (text) => {
        this.output += text;
        this.options.say?.(text.trimEnd());
      },
    });
    // Looked at in stop(); until then a failure shows as a node that never comes up.
    this.result.catch((error: unknown) => (this.output += String(error)));
    await waitFor('the guest to come up', () => this.output.includes('NODE-UP'), {
      timeoutS: READY_LIMIT_S,
      found: ended,
    });
  }

  private fillShare(share: string): void {
    placeAll(this.staged, join(share, 'node'));
    this.share = share;
  }

  private keepLogs(share: string): void {
    const logs = join(share, 'logs');
    if (existsSync(logs)) cpSync(logs, join(this.options.folder, `logs-${this.name}`), { recursive: true });
  }

  /** Waits until the API server calls the node Ready. */
  async ready(): Promise<void> {
    const { plane } = this.options;
    const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
    const ask = async (): Promise<boolean> => {
      const { stdout } = await plane.tryKubectl(['get', 'node', this.name, '-o', path]);
      return stdout === 'True';
    };
    const found = async (): Promise<string> => (await plane.tryKubectl(['describe', 'node', this.name])).stdout;
    await waitFor(`node ${this.name} to be Ready`, ask, { timeoutS: READY_LIMIT_S, found });
  }

  /** Waits for a line of the node's own output, as the import of an image says. */
  async said(text: string, timeoutS: number): Promise<void> {
    await waitFor(`the node to say ${text}`, () => this.output.includes(text), { timeoutS, found: () => this.output });
  }

  /** Runs a script as root on the node itself, outside every pod. */
  async run(script: string, timeoutS = 60): Promise<{ readonly code: number; readonly output: string }> {
    if (this.share === undefined) throw new Error('the node is not up');
    const name = `order-${(this.orders++).toString()}`;
    const path = (suffix: string): string => join(this.share ?? '', 'do', `${name}.${suffix}`);
    writeFileSync(path('tmp'), script);
    await runCommand(['mv', path('tmp'), path('sh')]);
    await waitFor(`an order to the node: ${script}`, () => existsSync(path('rc')), { timeoutS, everyMs: 100 });
    return { code: Number(readFileSync(path('rc'), 'utf8')), output: readFileSync(path('out'), 'utf8') };
  }

  /** The node's share as this machine sees it; the node sees it as /run/job. */
  get sharedFolder(): string {
    return this.share ?? '';
  }

  async stop(): Promise<GuestResult | undefined> {
    if (this.share !== undefined) writeFileSync(join(this.share, 'stop'), '');
    return await this.result;
  }

  /** Power cut; the API server will only notice by and by. */
  async cut(): Promise<void> {
    this.power.abort();
    await this.result?.catch(() => undefined);
  }
}
