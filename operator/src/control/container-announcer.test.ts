import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { containerKeyText } from '../encode/pods.js';
import { systemClock } from '../source/clock.js';
import { PodTable } from '../workload/pod-table.js';
import { readPod } from '../workload/pods.js';
import { RuntimeRecords } from '../workload/runtime-records.js';
import { ContainerAnnouncer } from './container-announcer.js';

const UID = '0b1c2d3e-4f50-6172-8394-000000000001';
const KEY = UID.replaceAll('-', '');
const ID = 'c'.repeat(64);

let root: string;
let tasks: string;
let table: PodTable;
let announcer: ContainerAnnouncer;
let announced: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rf-announce-'));
  tasks = join(root, 'run/containerd/io.containerd.runtime.v2.task/k8s.io');
  mkdirSync(tasks, { recursive: true });
  table = new PodTable({ systemNamespaces: [], installNamespace: 'ringfence-system' });
  table.takeNamespaces(new Map([['shop', {}]]));
  announced = [];
  const reconciler = {
    announce: (key: string, { container }: { container: string }) => announced.push(`${container} ${key}`) > 0,
  };
  announcer = new ContainerAnnouncer({ table, records: new RuntimeRecords(root), reconciler, clock: systemClock });
  announcer.start();
});

afterEach(() => {
  announcer.stop();
  rmSync(root, { recursive: true });
});

function learnPod(): void {
  const pod = readPod({
    metadata: { uid: UID, name: 'web-1', namespace: 'shop' },
    spec: { containers: [{ name: 'main' }] },
  });
  if (pod !== undefined) table.takePods([pod]);
}

async function write(): Promise<void> {
  mkdirSync(join(tasks, ID));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const annotations = { 'io.kubernetes.cri.container-name': 'main' };
  const linux = { cgroupsPath: `/kubepods/pod${UID}/${ID}` };
  writeFileSync(join(tasks, ID, 'config.json'), JSON.stringify({ annotations, linux }));
}

it('tells what a container becomes as soon as the runtime has written it down', async () => {
  learnPod();
  await write();
  await expect.poll(() => announced).toEqual([`main ${containerKeyText(KEY, ID)}`]);
  expect([...table.expected()]).toEqual([{ container: { pod: KEY, container: ID }, cgroupName: ID }]);
});

it('leaves a container whose pod is not known to the plan that will know it', async () => {
  await write();
  await expect.poll(() => [...table.expected()]).toHaveLength(1);
  expect(announced).toEqual([]);
});
