// Kubernetes and etcd from their Go modules, pinned in go/*/go.mod and go.sum. Go itself: the one on the PATH if it is recent enough, else Debian's,
// unpacked into the cache.
import { join } from 'node:path';
import { withApt } from '../guest/apt.js';
import { runCommand, tryCommand } from '../guest/command.js';
import { CHECKOUT } from '../guest/run.js';
import { cachedFolder, ClusterUnavailable, KUBERNETES_VERSION } from './cache.js';

/** What Kubernetes 1.34 asks for in its go.mod. */
const OLDEST_GO = [1, 24] as const;
const DEBIAN_SUITE = 'trixie';
const DEBIAN_GO = '1.24';
const BUILD_LIMIT_S = 3000;

/** Program -> the module folder below go/ and the package it is built from. */
const PACKAGES: Readonly<Record<string, readonly [module: string, path: string]>> = {
  etcd: ['etcd', 'go.etcd.io/etcd/server/v3'],
  'kube-apiserver': ['kubernetes', 'k8s.io/kubernetes/cmd/kube-apiserver'],
  'kube-controller-manager': ['kubernetes', 'k8s.io/kubernetes/cmd/kube-controller-manager'],
  'kube-scheduler': ['kubernetes', 'k8s.io/kubernetes/cmd/kube-scheduler'],
  kubelet: ['kubernetes', 'k8s.io/kubernetes/cmd/kubelet'],
};

export const BUILT_PROGRAMS = Object.keys(PACKAGES);

/** Without a stamped version kubectl and helm take the server for v0.0.0. */
function linkerFlags(): string {
  const [major = '', minor = ''] = KUBERNETES_VERSION.slice(1).split('.');
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) => [
    `-X ${path}.gitVersion=${KUBERNETES_VERSION}`,
    `-X ${path}.gitMajor=${major}`,
    `-X ${path}.gitMinor=${minor}`,
  ]);
  return ['-s', '-w', ...stamps].join(' ');
}

async function isRecent(go: string): Promise<boolean> {
  const { code, stdout } = await tryCommand([go, 'version'], { env: { ...process.env, GOTOOLCHAIN: 'local' } });
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(stdout) ?? [];
  if (code !== 0 || Number(major) !== OLDEST_GO[0]) return false;
  return Number(minor) >= OLDEST_GO[1];
}

async function debianGo(): Promise<string> {
  const folder = await cachedFolder(`go-${DEBIAN_GO}`, async (into) => {
    await withApt({ suites: [DEBIAN_SUITE], countInstalled: false }, async (session) => {
      await session.unpack([`golang-${DEBIAN_GO}-go`, `golang-${DEBIAN_GO}-src`], into);
    });
  });
  return join(folder, 'usr', 'lib', `go-${DEBIAN_GO}`, 'bin', 'go');
}

async function findGo(): Promise<string> {
  for (const go of ['go', '/usr/local/go/bin/go']) if (await isRecent(go)) return go;
  const needed = `Go ${OLDEST_GO.join('.')} or newer`;
  try {
    const go = await debianGo();
    if (await isRecent(go)) return go;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ClusterUnavailable(`found no ${needed} on the PATH, and Debian's cannot be had: ${reason}`);
  }
  throw new ClusterUnavailable(`found no ${needed} on the PATH; install it from https://go.dev/dl`);
}

async function buildOne(go: string, program: string, into: string): Promise<void> {
  const [module, path] = PACKAGES[program] ?? [];
  if (module === undefined || path === undefined) throw new TypeError(`nobody knows how to build ${program}`);
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' };
  const flags = ['-trimpath', '-buildvcs=false', '-ldflags', linkerFlags(), '-o', join(into, program)];
  const cwd = join(CHECKOUT, 'test', 'cluster', 'go', module);
  await runCommand([go, 'build', ...flags, path], { cwd, env, timeoutS: BUILD_LIMIT_S });
}

/** Program -> its path. Builds what is not in the cache yet; the first build takes minutes. */
export async function builtPrograms(
  wanted: readonly string[],
  say: (line: string) => void,
): Promise<Readonly<Record<string, string>>> {
  const paths: Record<string, string> = {};
  for (const program of wanted) {
    const folder = await cachedFolder(`bin-${program}`, async (into) => {
      const startedMs = performance.now();
      await buildOne(await findGo(), program, into);
      say(`built ${program} in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
    });
    paths[program] = join(folder, program);
  }
  return paths;
}
