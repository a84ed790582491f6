import { describe, expect, it } from 'vitest';
import { Registry, emptyRegistry } from '../source/registry.js';
import { CgroupIndex } from '../workload/cgroups.js';
import { nameWorkloads } from '../workload/identify.js';
import { PodTable } from '../workload/pod-table.js';
import { readPod } from '../workload/pods.js';
import { Catalog } from './catalog.js';

const UID = '7d4b9c00-0000-4000-8000-000000000000';
const PATH = `/kubepods/burstable/pod${UID}/c1`;

function stage(): { catalog: Catalog; index: CgroupIndex; table: PodTable } {
  const index = new CgroupIndex('/nowhere');
  const table = new PodTable({ systemNamespaces: [], installNamespace: 'ringfence-system' });
  const pod = readPod({
    metadata: { uid: UID, name: 'web', namespace: 'shop', labels: { app: 'web' } },
    spec: { containers: [{ name: 'app' }] },
  });
  table.takePods(pod ? [pod] : []);
  table.takeNamespaces(new Map([['shop', {}]]));
  return { catalog: new Catalog(new Registry(emptyRegistry()), index), index, table };
}

describe('whose an event is', () => {
  it('a container that no plan has seen yet is known as soon as its cgroup and its name are', () => {
    const { catalog, index, table } = stage();
    catalog.learnPods(table);
    expect(catalog.workload(7n)).toBeUndefined();
    index.add(7n, PATH);
    expect(catalog.workload(7n)).toMatchObject({ scope: 'Pods', namespace: 'shop', pod: 'web', container: '' });
    table.record('c1', { kind: 'Container', name: 'app' });
    expect(catalog.workload(7n)).toMatchObject({ pod: 'web', podUid: UID, container: 'app', containerType: 'App' });
  });

  it('what a plan made of it holds, but for a name that was learned since', () => {
    const { catalog, index, table } = stage();
    catalog.learnPods(table);
    index.add(7n, PATH);
    const cgroup = { id: 7n, path: PATH };
    const identity = table.identify({ pod: UID.replaceAll('-', ''), container: 'c1' });
    catalog.learnOwners(new Map([[7n, { cgroup, identity, owner: 7n }]]));
    table.record('c1', { kind: 'Container', name: 'app' });
    expect(catalog.workload(7n)).toMatchObject({ container: 'app' });
    catalog.learnOwners(new Map([[7n, { cgroup, identity: { kind: 'Host', cgroup: '/x' }, owner: 7n }]]));
    expect(catalog.workload(7n)).toEqual({ scope: 'Host', cgroup: PATH });
  });

  it('so is what a file names', () => {
    const { catalog, index } = stage();
    const item = { name: 'web', pod: 'web', container: 'main', namespace: 'shop', cgroup: '/services/*' };
    catalog.learnNamed(nameWorkloads([{ ...item, containerType: 'App' }]));
    index.add(7n, '/services/a');
    expect(catalog.workload(7n)).toMatchObject({ scope: 'Pods', namespace: 'shop', pod: 'web', container: 'main' });
  });

  it('without a cluster, and outside containers, it is the cgroup', () => {
    const { catalog, index, table } = stage();
    index.add(7n, PATH);
    expect(catalog.workload(7n)).toEqual({ scope: 'Host', cgroup: PATH });
    catalog.learnPods(table);
    index.add(8n, '/system.slice/x.service');
    expect(catalog.workload(8n)).toEqual({ scope: 'Host', cgroup: '/system.slice/x.service' });
  });
});
