// node build/test/cluster/main.js prepare                    builds and fetches what the cluster needs, into the cache
// node build/test/cluster/main.js control-plane --dir FOLDER [--port N] [--api-only]
//                                                            runs a control plane until killed; prints the path of its kubeconfig when it is ready
import { parseArgs } from 'node:util';
import { BUILT_PROGRAMS } from './go.js';
import { ClusterUnavailable } from './cache.js';
import { KubeControlPlane } from './control-plane.js';
import { clientTools } from './kubectl.js';
import { clusterPrograms } from './programs.js';

const EXIT_USAGE = 2;
const EXIT_UNAVAILABLE = 125;
const say = (line: string): boolean => process.stderr.write(`${line}\n`);

async function prepare(): Promise<number> {
  await clusterPrograms(BUILT_PROGRAMS, say);
  await clientTools();
  return 0;
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
  process.stderr.write('usage: main.js prepare | control-plane --dir FOLDER [--port N] [--api-only]\n');
  return EXIT_USAGE;
}

const [command = '', ...args] = process.argv.slice(2);
const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number> | number>> = {
  prepare,
  'control-plane': controlPlane,
};
try {
  process.exit(await (COMMANDS[command] ?? usage)(args));
} catch (error) {
  if (!(error instanceof ClusterUnavailable)) throw error;
  process.stderr.write(`no cluster: ${error.message}\n`);
  process.exit(EXIT_UNAVAILABLE);
}
