// The node in the guest is a node: pods run, exec works, cgroups and names are those of any cluster.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.js';
import { busyboxPod } from './pods.js';

describe('a node in a guest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-cluster-'));
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({ folder });
  });
  afterAll(async () => {
    const result = await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
    expect(result?.kernelTrouble).toEqual([]);
  });

  it('runs a pod, and kubectl exec and logs reach it', async () => {
    const { plane } = cluster;
    await plane.apply([busyboxPod('web', { command: ['sh', '-c', 'echo begun; exec sleep 3600'] })]);
    await plane.kubectl(['wait', 'pod/web', '--for=condition=Ready', '--timeout=90s'], { timeoutS: 100 });
    expect(await plane.kubectl(['exec', 'web', '--', 'cat', '/etc/hostname'])).toBe('web\n');
    expect(await plane.kubectl(['logs', 'web'])).toBe('begun\n');
  });

  it('places the container in a cgroup v2 folder that is named by pod and container', async () => {
    const pod = await cluster.plane.get<PodObject>('pod', 'web');
    const id = pod.status.containerStatuses[0]?.containerID.replace('containerd://', '') ?? '';
    const path = `/sys/fs/cgroup/kubepods/besteffort/pod${pod.metadata.uid}/${id}`;
    const { code, output } = await cluster.node.run(`stat -f -c %T ${path} && cat ${path}/cgroup.procs`);
    expect(output).toMatch(/^cgroup2fs\n\d+\n/);
    expect(code).toBe(0);
  });

  it('has a kernel that takes BPF as a security module', async () => {
    const { output } = await cluster.node.run('cat /sys/kernel/security/lsm');
    expect(output.split(',')).toContain('bpf');
  });

  it('lets pods reach the API server, and nothing else', async () => {
    const { plane } = cluster;
    const knock = (host: string): string => `nc -w 5 ${host} 443 </dev/null && echo open || echo closed`;
    const script = `${knock('$KUBERNETES_SERVICE_HOST')}; ${knock('192.0.2.1')}`;
    const said = await plane.kubectl(['exec', 'web', '--', 'sh', '-c', script]);
    expect(said.match(/open|closed/g)).toEqual(['open', 'closed']);
  });
});

interface PodObject {
  readonly metadata: { readonly uid: string };
  readonly status: { readonly containerStatuses: readonly { readonly containerID: string }[] };
}
