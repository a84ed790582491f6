import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RuntimeRecords, parseRecord, parseWritten } from './runtime-records.js';

function annotated(annotations: Record<string, string>): string {
  return JSON.stringify({ ociVersion: '1.0.2', annotations });
}

describe('parseRecord', () => {
  it.each<[string, string, ReturnType<typeof parseRecord>]>([
    [
      'a container of containerd',
      annotated({ 'io.kubernetes.cri.container-type': 'container', 'io.kubernetes.cri.container-name': 'nginx' }),
      { kind: 'Container', name: 'nginx' },
    ],
    ['a sandbox of containerd', annotated({ 'io.kubernetes.cri.container-type': 'sandbox' }), { kind: 'Sandbox' }],
    [
      'a container of CRI-O',
      annotated({ 'io.kubernetes.cri-o.ContainerType': 'container', 'io.kubernetes.container.name': 'nginx' }),
      { kind: 'Container', name: 'nginx' },
    ],
    [
      'a sandbox of CRI-O, whose container is called POD',
      annotated({ 'io.kubernetes.cri-o.ContainerType': 'sandbox', 'io.kubernetes.container.name': 'POD' }),
      { kind: 'Sandbox' },
    ],
    ['a specification without annotations', '{}', undefined],
    ['half a file', '{"annotations":{"io.kuber', undefined],
  ])('reads %s', (_, text, expected) => {
    expect(parseRecord(text)).toEqual(expected);
  });
});

describe('parseWritten', () => {
  const annotations = { 'io.kubernetes.cri.container-name': 'one' };
  it.each([
    ['the cgroupfs driver', '/kubepods/pod1/aa', '/kubepods/pod1/aa'],
    ['the systemd driver', 'kubepods-pod1.slice:cri-containerd:aa', '/kubepods-pod1.slice/cri-containerd-aa.scope'],
    ['no cgroup', undefined, undefined],
  ])('reads where the cgroup will be: %s', (_, cgroupsPath, cgroup) => {
    const text = JSON.stringify({ annotations, linux: { cgroupsPath } });
    expect(parseWritten(text)).toEqual({ record: { kind: 'Container', name: 'one' }, ...(cgroup && { cgroup }) });
  });
});

describe('RuntimeRecords', () => {
  it('finds the record of each runtime by the id of the container', () => {
    const root = mkdtempSync(join(tmpdir(), 'rf-records-'));
    const containerd = join(root, 'run/containerd/io.containerd.runtime.v2.task/k8s.io/aa');
    const crio = join(root, 'run/containers/storage/overlay-containers/bb/userdata');
    for (const folder of [containerd, crio]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(containerd, 'config.json'), annotated({ 'io.kubernetes.cri.container-name': 'one' }));
    writeFileSync(join(crio, 'config.json'), annotated({ 'io.kubernetes.container.name': 'two' }));
    const records = new RuntimeRecords(root);
    expect(['aa', 'bb', 'cc'].map((id) => records.read(id))).toEqual([
      { kind: 'Container', name: 'one' },
      { kind: 'Container', name: 'two' },
      undefined,
    ]);
    rmSync(root, { recursive: true });
  });

  it('tells of a container when its folder is made', async () => {
    const root = mkdtempSync(join(tmpdir(), 'rf-records-'));
    const tasks = join(root, 'run/containerd/io.containerd.runtime.v2.task/k8s.io');
    const records = new RuntimeRecords(root);
    const told: string[] = [];
    records.watch((id) => told.push(id));
    mkdirSync(tasks, { recursive: true });
    // it was not there before
    records.watch((id) => told.push(id));
    mkdirSync(join(tasks, 'aa'));
    await expect.poll(() => told).toEqual(['aa']);
    records.stop();
    rmSync(root, { recursive: true });
  });
});
