// node build/test/cluster/main.js prepare
//     builds and fetches what the cluster needs, into the cache
// node build/test/cluster/main.js render
//     writes the kustomize base from the chart
// node build/test/cluster/main.js control-plane --dir FOLDER [--port N] [--api-only]
//     runs a control plane until killed; prints the path of its kubeconfig when it is ready
// node build/test/cluster/main.js run [--dir FOLDER] [--image TAR]... -- COMMAND...
//     runs a command against a cluster with a node in a guest, with KUBECONFIG set and kubectl and helm on the PATH, and ends with its status
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ClusterUnavailable } from './cache.js';
import { KubeControlPlane } from './control-plane.js';
import { prepareCluster, TestCluster } from './cluster.js';
import { writeBase } from './install.js';
import { isInNamespace, prepareNamespace, runInNamespace } from './namespace.js';

const EXIT_USAGE = 2;
const EXIT_UNAVAILABLE = 125;
const say = (line: string): boolean => process.stderr.write(`${line}\n`);

async function prepare(): Promise<number> {
  await prepareCluster(say);
  return 0;
}

async function render(): Promise<number> {
  await writeBase();
  return 0;
}

async function runAgainst(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { dir: { type: 'string' }, image: { type: 'string', multiple: true } },
  });
  if (positionals.length === 0) return usage();
  if (!isInNamespace()) {
    await prepareCluster(say);
    return await runInNamespace();
  }
  await prepareNamespace();
  const folder = values.dir ?? mkdtempSync(join(tmpdir(), 'ringfence-cluster-'));
  const cluster = await TestCluster.start({ folder, node: { images: values.image ?? [] }, say });
  try {
    const tools = dirname(cluster.plane.helm);
    const env = { ...process.env, KUBECONFIG: cluster.plane.kubeconfig, PATH: `${tools}:${process.env['PATH'] ?? ''}` };
    const [program = '', ...rest] = positionals;
    return spawnSync(program, rest, { env, stdio: 'inherit' }).status ?? 1;
  } finally {
    await cluster.stop();
    if (values.dir === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function controlPlane(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { dir: { type: 'string' }, port: { type: 'string' }, 'api-only': { type: 'boolean', default: false } },
  });
  if (values.dir === undefined) return usage();
  const plane = await KubeControlPlane.start({
    folder: values.dir,
    controllers: !values['api-only'],
    say,
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
  });
  process.stdout.write(`${plane.kubeconfig}\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
    // Signals alone do not keep the process alive.
    setInterval(() => undefined, 60_000);
  });
  await plane.stop();
  return 0;
}

function usage(): number {
  process.stderr.write(
    'usage: main.js prepare | render | control-plane --dir FOLDER [--port N] [--api-only] | run [--dir FOLDER] [--image TAR] -- COMMAND\n',
  );
  return EXIT_USAGE;
}

const [command = '', ...args] = process.argv.slice(2);
const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number> | number>> = {
  prepare,
  'control-plane': controlPlane,
  run: runAgainst,
  render,
};
try {
  process.exit(await (COMMANDS[command] ?? usage)(args));
} catch (error) {
  if (!(error instanceof ClusterUnavailable)) throw error;
  process.stderr.write(`no cluster: ${error.message}\n`);
  process.exit(EXIT_UNAVAILABLE);
}
