// `kubectl ringfence` as kubectl itself runs it, against a real API server with the real definitions.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, type TestContext } from 'vitest';
import { ClusterUnavailable } from '../cluster/cache.js';
import { KubeControlPlane } from '../cluster/control-plane.js';
import { established } from '../cluster/install.js';

const DEFINITIONS = ['runtimepolicies', 'clusterruntimepolicies', 'nodestates'];

const policy = {
  apiVersion: 'ringfence.io/v1alpha1',
  kind: 'RuntimePolicy',
  metadata: { name: 'shells', namespace: 'default' },
  spec: {
    mode: 'Enforce',
    selector: { podSelector: { matchLabels: { app: 'web' } } },
    rules: [{ name: 'no-shell', binaries: { deny: [{ path: '/bin/sh' }] } }],
  },
};

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-0', namespace: 'default', labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image: 'i' }] },
};

let folder: string;
let plane: KubeControlPlane | undefined;
let unavailable = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ringfence-kubectl-'));
  try {
    plane = await KubeControlPlane.start({ folder, controllers: false });
  } catch (error) {
    if (!(error instanceof ClusterUnavailable)) throw error;
    unavailable = error.message;
    return;
  }
  for (const name of DEFINITIONS) await plane.apply(readFileSync(`crds/ringfence.io_${name}.yaml`, 'utf8'));
  await established(plane);
  await plane.kubectl(['create', 'serviceaccount', 'default']);
  await plane.apply([policy, pod]);
  const program = resolve('build/operator/src/main-kubectl.js');
  chmodSync(program, 0o755);
  mkdirSync(join(folder, 'bin'));
  symlinkSync(program, join(folder, 'bin', 'kubectl-ringfence'));
});

afterAll(async () => {
  await plane?.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach((context: TestContext) => {
  if (plane === undefined) context.skip(`no cluster can be made here: ${unavailable}`);
});

/** Status, output and errors of `kubectl ringfence ...`. */
async function ringfence(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const { kubectlPath = '', kubeconfig = '' } = plane ?? {};
  const path = [join(folder, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter);
  const child = spawn(kubectlPath, ['ringfence', ...args], {
    env: { ...process.env, PATH: path, KUBECONFIG: kubeconfig },
  });
  let [out, error] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (error += text.toString()));
  const code = await new Promise<number>((done) => child.on('close', (status) => done(status ?? -1)));
  return { code, out, error };
}

it('says that no node speaks where none does', async () => {
  const { code, out } = await ringfence('status');
  expect(code).toBe(0);
  expect(out).toMatch(/^default\/shells +Enforce +- +0 +0 +0 +0 +Unknown +NoController$/m);
  expect(out).toMatch(/no node says anything/);
});

it('shows nodes, and the violations that they tell of', async () => {
  const [stored] = (await plane?.get<{ items: { metadata: { uid: string } }[] }>('runtimepolicies'))?.items ?? [];
  const uid = stored?.metadata.uid ?? '';
  const violation = {
    ...{ key: 'k', uid, rule: 'no-shell', mode: 'Enforce', action: 'Killed', kind: 'binaries', class: 'Exec' },
    ...{ namespace: 'default', container: 'app', binary: '/bin/busybox', object: '/bin/sh', count: 3 },
    ...{ first: '2026-01-01T00:00:00Z', last: '2026-01-02T00:00:00Z' },
  };
  const status = {
    agent: { version: '0.1.0', epoch: 'e' },
    mode: { effective: 'Enforce', source: 'Default' },
    ...{ programmed: { [uid]: 1 }, violations: [violation] },
  };
  const node = { apiVersion: 'ringfence.io/v1alpha1', kind: 'NodeState', metadata: { name: 'n1' } };
  await plane?.apply([node]);
  await plane?.apply([{ ...node, status }], '--subresource=status', '--force-conflicts');
  expect((await ringfence('status', 'shells')).out).toMatch(/^default\/shells +n1 +current/m);
  const { code, out } = await ringfence('events', '-n', 'default');
  expect(out).toBe(
    '2026-01-02T00:00:00 Killed  3x Exec /bin/sh  by /bin/busybox  in default[app] on n1  default/shells/no-shell\n',
  );
  expect(code).toBe(0);
  expect((await ringfence('events', '-n', 'kube-system')).out).toBe('');
});

it('explains an operation in a pod with the policies of the cluster', async () => {
  const { code, out, error } = await ringfence('explain', 'web-0', '--op', 'exec', '--path', '/bin/sh');
  expect(error).toBe('');
  expect(out).toMatch(/Kill/);
  expect(out).toMatch(/no-shell/);
  expect(code).toBe(0);
  const other = await ringfence('explain', 'web-0', '--op', 'exec', '--path', '/usr/bin/id');
  expect(other.out).not.toMatch(/Kill\b.*no-shell/);
});

it('says what is wrong with a question', async () => {
  expect(await ringfence('explain', 'none', '--op', 'exec', '--path', '/a')).toMatchObject({ code: 2, out: '' });
  expect(await ringfence('status', 'none')).toMatchObject({ code: 2, out: '' });
  expect((await ringfence('status', '--context', 'none')).error).toMatch(/^CLUSTER_NO_CONFIG /);
});
