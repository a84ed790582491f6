// Debian's runc on the machine's own kernel, with bundles where containerd keeps them and cgroups in the v2 tree under the names that
// a kubelet gives. A machine that has both trees shows runc the v2 one alone: in a mount namespace of each call.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { nodePackages } from '../cluster/node/packages.js';
import { withCgroup2 } from '../support/cgroup2-view.js';
import { compileProgram } from '../support/compile.js';
import { cgroupMount } from '../kernel/harness/workloads.js';
import { containerId, type TestPod } from './stage.js';

const TASKS = 'run/containerd/io.containerd.runtime.v2.task/k8s.io';
const LIMIT_MS = 120_000;

/** $1 the bundle, $2 the image, $3 the folder for what the container writes. */
const WITH_ROOT = `
cd "$1" && mount -t overlay -o "lowerdir=$2,upperdir=$3/upper,workdir=$3/work" overlay rootfs || exit 125
shift 3`;

interface Namespace {
  readonly type: string;
  readonly path?: string;
}

interface Spec {
  root: object;
  process: object;
  mounts: object[];
  annotations: Readonly<Record<string, string>>;
  linux: { cgroupsPath?: string; resources?: object; namespaces: readonly Namespace[] };
}

export interface ContainerRun {
  /** In its pod; absent: the pod's sandbox. */
  readonly name?: string;
  readonly args: readonly string[];
  /** Whether it is left running; its end is waited for otherwise. */
  readonly stays: boolean;
}

export interface Started {
  readonly id: string;
  /** As a shell has it: 128 and the signal. */
  readonly status: number;
  readonly output: string;
}

type Streams = 'ignore' | 'pipe';

async function run(argv: readonly string[], cwd: string, streams: Streams = 'pipe'): Promise<Omit<Started, 'id'>> {
  const [program = '', ...words] = argv;
  const child = spawn(program, words, { cwd, timeout: LIMIT_MS, stdio: ['ignore', streams, streams] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => (output += part.toString()));
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ status: code ?? 128 + (signal === 'SIGKILL' ? 9 : 15), output }));
  });
}

export class RuncNode {
  /** By pod: process id of the sandbox, then the containers that were left running. */
  readonly #pods = new Map<string, { readonly sandbox: string; readonly ids: string[] }>();

  private constructor(
    private readonly runc: string,
    private readonly folder: string,
    private readonly runtimeRoot: string,
    private readonly spec: Spec,
  ) {}

  /** `programs`: names in /bin of the image, all copies of act.c. */
  static async open(folder: string, runtimeRoot: string, programs: readonly string[]): Promise<RuncNode> {
    const runc = (await nodePackages()).programs.find((path) => basename(path) === 'runc') ?? '';
    for (const name of ['image/bin', 'image/proc', 'image/dev', 'image/sys', 'image/out', 'out', 'spec'])
      mkdirSync(join(folder, name), { recursive: true });
    const act = compileProgram('support/act.c', 'support/act');
    for (const name of programs) copyFileSync(act, join(folder, 'image/bin', name));
    const bundle = join(folder, 'spec');
    await run([runc, 'spec'], bundle);
    const spec = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as Spec;
    return new RuncNode(runc, folder, runtimeRoot, spec);
  }

  /** Where the containers' /out is. */
  get out(): string {
    return join(this.folder, 'out');
  }

  /** Starts a container as containerd does: bundle first, then runc makes the cgroup. */
  async start(pod: TestPod, container: ContainerRun): Promise<Started> {
    const id = containerId();
    const bundle = join(this.runtimeRoot, TASKS, id);
    const layer = join(this.folder, 'layers', id);
    for (const path of [join(bundle, 'rootfs'), join(layer, 'upper'), join(layer, 'work')])
      mkdirSync(path, { recursive: true });
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(this.#specOf(pod, id, container)));
    const root = [bundle, join(this.folder, 'image'), layer];
    const words = ['run', ...(container.stays ? ['-d'] : []), id];
    const ran = await this.#call(words, container.stays ? 'ignore' : 'pipe', root);
    if (container.stays && ran.status === 0) await this.#keep(pod, id);
    else this.#removeBundle(id);
    return { id, ...ran };
  }

  async isRunning(id: string): Promise<boolean> {
    return (await this.#state(id)).status === 'running';
  }

  /** Ends what was left running of a pod. */
  async remove(pod: TestPod): Promise<void> {
    for (const id of this.#pods.get(pod.uid)?.ids ?? []) {
      await this.#call(['delete', '--force', id]);
      this.#removeBundle(id);
    }
    this.#pods.delete(pod.uid);
  }

  async #call(
    words: readonly string[],
    streams: Streams = 'pipe',
    root: readonly string[] = [],
  ): Promise<Omit<Started, 'id'>> {
    const view = withCgroup2(cgroupMount(), root.length > 0 ? WITH_ROOT : '');
    const runc = [this.runc, '--root', join(this.folder, 'state'), ...words];
    return await run([...view, ...root, ...runc], this.folder, streams);
  }

  async #state(id: string): Promise<{ readonly status?: string; readonly pid?: number }> {
    const { status, output } = await this.#call(['state', id]);
    return status === 0 ? (JSON.parse(output) as { status: string; pid: number }) : {};
  }

  async #keep({ uid }: TestPod, id: string): Promise<void> {
    const known = this.#pods.get(uid);
    if (known === undefined) this.#pods.set(uid, { sandbox: String((await this.#state(id)).pid), ids: [id] });
    else known.ids.push(id);
  }

  #removeBundle(id: string): void {
    rmSync(join(this.runtimeRoot, TASKS, id), { recursive: true, force: true });
    rmSync(join(this.folder, 'layers', id), { recursive: true, force: true });
  }

  #specOf(pod: TestPod, id: string, { name, args }: ContainerRun): Spec {
    const sandbox = this.#pods.get(pod.uid)?.sandbox;
    const shared = ['ipc', 'uts', 'network'];
    const namespaces = this.spec.linux.namespaces.map(({ type }): Namespace => {
      const path = `/proc/${sandbox ?? ''}/ns/${type === 'network' ? 'net' : type}`;
      return sandbox !== undefined && shared.includes(type) ? { type, path } : { type };
    });
    const { resources: _, ...linux } = this.spec.linux;
    return {
      ...this.spec,
      root: { path: 'rootfs', readonly: false },
      process: { ...this.spec.process, terminal: false, args },
      mounts: [...this.spec.mounts, { destination: '/out', type: 'bind', source: this.out, options: ['bind', 'rw'] }],
      annotations: annotationsOf(pod, name),
      linux: { ...linux, namespaces, cgroupsPath: join(pod.folder.slice(cgroupMount().length), id) },
    };
  }
}

/** As containerd writes them. */
function annotationsOf({ uid }: TestPod, name: string | undefined): Record<string, string> {
  const sandbox = { 'io.kubernetes.cri.container-type': 'sandbox' };
  const container = { 'io.kubernetes.cri.container-type': 'container', 'io.kubernetes.cri.container-name': name ?? '' };
  return { ...(name === undefined ? sandbox : container), 'io.kubernetes.cri.sandbox-uid': uid };
}
