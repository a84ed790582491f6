import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ContainerEvent, PolicyEvent } from './types.js';

const page = readFileSync(new URL('../../../docs/reference/events.md', import.meta.url), 'utf8');
const example = JSON.parse(/```json\n(.*?)```/s.exec(page)?.[1] ?? '') as PolicyEvent;

/** Every field an event can have. A field that the type gains and this list does not is a type error. */
const FIELDS: Readonly<Record<keyof PolicyEvent, readonly string[]>> = {
  time: [],
  node: [],
  kind: [],
  verdict: [],
  policy: ['kind', 'namespace', 'name', 'uid', 'generation'],
  rule: [],
  action: [],
  asked: [],
  severity: [],
  category: [],
  tags: [],
  message: [],
  others: ['policy', 'rule', 'action', 'asked', 'unresolved'],
  rulesViolated: [],
  operation: ['hook', 'classes'],
  object: keysOf<PolicyEvent['object']>({
    path: 1,
    pathBytes: 1,
    origin: 1,
    dev: 1,
    ino: 1,
    unresolved: 1,
    pathCut: 1,
    byInode: 1,
    givenName: 1,
    target: 1,
  }),
  process: keysOf<PolicyEvent['process']>({
    pid: 1,
    tid: 1,
    parentPid: 1,
    startTime: 1,
    program: 1,
    programBytes: 1,
    programOrigin: 1,
    comm: 1,
    arguments: 1,
    argumentsCut: 1,
    uid: 1,
    gid: 1,
    mainProcess: 1,
    ancestors: 1,
  }),
  workload: ['scope', 'cgroup', 'cgroupId', 'namespace', 'pod', 'container', 'labels', 'session'],
  notes: [],
};

function keysOf<T>(keys: Readonly<Record<keyof T, 1>>): string[] {
  return Object.keys(keys);
}

describe('docs/reference/events.md', () => {
  it('names every field of an event', () => {
    const names = Object.entries(FIELDS).flatMap(([name, inner]) => [name, ...inner]);
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('has an example with no field that events do not have', () => {
    expect(Object.keys(example).filter((name) => !Object.hasOwn(FIELDS, name))).toEqual([]);
    for (const part of ['policy', 'object', 'process', 'workload'] as const) {
      expect(Object.keys(example[part]).filter((name) => !FIELDS[part].includes(name))).toEqual([]);
    }
  });

  it('names every field of an event about a container', () => {
    const part = page.slice(page.indexOf('## Containers'), page.indexOf('## Missed lines'));
    const fields = keysOf<ContainerEvent>({ time: 1, node: 1, kind: 1, process: 1, workload: 1 });
    const process = keysOf<ContainerEvent['process']>({ pid: 1, parentPid: 1, startTime: 1, comm: 1, uid: 1, gid: 1 });
    expect([...fields, ...process].filter((name) => !part.includes(`\`${name}\``))).toEqual([]);
    for (const kind of ['started', 'held'] satisfies ContainerEvent['kind'][]) expect(part).toContain(`"${kind}"`);
  });
});
