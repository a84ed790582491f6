import { describe, expect, test } from 'vitest';
import type { PolicyEvent } from '../event/types.js';
import { eventOperations } from './describe-event.js';
import { VERBS, describedOperations, type Verb } from './describe.js';
import type { HookName } from './ir.js';

describe('described operations', () => {
  test.each<[Verb, HookName[]]>([
    ['exec', ['file-execute', 'exec']],
    ['map', ['file-execute', 'exec-map']],
    ['read', ['file-read']],
    ['write', ['file-write']],
    ['create', ['file-create']],
    ['delete', ['file-delete']],
    ['attributes', ['file-attributes']],
    ['rename', ['file-rename']],
    ['link', ['file-link']],
    ['mount', ['file-write']],
    ['bind', ['file-write', 'file-link']],
  ])('%s is %j of its object', (verb, hooks) => {
    const [operation, ...others] = describedOperations({ verb, path: '/a' });
    expect(operation).toMatchObject({
      hooks,
      object: { path: '/a', origin: 'Image' },
      session: 'Main',
      mainProcess: false,
    });
    expect(others).toEqual([]);
  });

  test('every verb is in the table above', () => {
    expect(VERBS).toHaveLength(11);
  });

  test('a new name is created, and deleted first where it is replaced', () => {
    const rename = { verb: 'rename', path: '/a', to: '/b' } as const;
    expect(describedOperations(rename)[1]).toMatchObject({ hooks: ['file-create'], object: { path: '/b' } });
    expect(describedOperations({ ...rename, replaces: true })[1]?.hooks).toEqual(['file-create', 'file-delete']);
    expect(describedOperations({ verb: 'link', path: '/a', to: '/b' })[1]?.hooks).toEqual(['file-create']);
  });

  test('bind changes the mount tree, a new file system does not', () => {
    expect(describedOperations({ verb: 'bind', path: '/a' })[0]?.changesMountTree).toBe(true);
    expect(describedOperations({ verb: 'mount', path: '/a' })[0]).not.toHaveProperty('changesMountTree');
  });

  test('every file of an exec chain has the name that the one before gives', () => {
    const interpreters = [{ path: '/usr/bin/dash', givenName: '/bin/sh' }, { path: '/lib/handler' }];
    const chain = describedOperations({ verb: 'exec', path: '/x.sh', givenName: '/x.sh', interpreters });
    expect(chain).toMatchObject([
      { object: { path: '/x.sh' }, firstOfChain: true, givenName: '/x.sh' },
      { object: { path: '/usr/bin/dash' }, firstOfChain: false, givenName: '/bin/sh' },
      { object: { path: '/lib/handler' }, firstOfChain: false },
    ]);
    expect(chain[2]).not.toHaveProperty('givenName');
  });

  test('names become bytes, and what is not said is left out', () => {
    const [operation] = describedOperations({ verb: 'read', path: '/é', program: '/ü', programOrigin: 'UpperLayer' });
    expect(operation?.object.path).toBe('/\u00c3\u00a9');
    expect(operation?.program).toEqual({ path: '/\u00c3\u00bc', origin: 'UpperLayer' });
    expect(Object.keys(describedOperations({ verb: 'read' })[0] ?? {}).sort()).toEqual([
      'hooks',
      'mainProcess',
      'object',
      'session',
    ]);
  });
});

const EVENT: PolicyEvent = {
  time: '2026-01-01T00:00:00Z',
  node: 'n',
  kind: 'violation',
  verdict: 'Kill',
  policy: { kind: 'RuntimePolicy', namespace: 'default', name: 'p', uid: 'u', generation: 1 },
  rule: 'r',
  action: 'Kill',
  asked: 'Kill',
  severity: 'High',
  category: 'Process',
  tags: [],
  others: [],
  rulesViolated: 1,
  operation: { hook: 'exec', classes: ['Execute', 'Exec'] },
  object: { path: '/usr/bin/dash', origin: 'Image', dev: 1, ino: '2', givenName: '/bin/sh' },
  process: {
    pid: 2,
    tid: 2,
    parentPid: 1,
    startTime: '2026-01-01T00:00:00Z',
    program: '/usr/bin/env',
    programOrigin: 'UpperLayer',
    comm: 'env',
    arguments: [],
    uid: 0,
    gid: 0,
    mainProcess: true,
    ancestors: [],
  },
  workload: { scope: 'Pods', cgroup: '/x', cgroupId: '7', session: 'Exec' },
  notes: [],
};

function eventOf(hook: string, classes: string[], object: Partial<PolicyEvent['object']>): PolicyEvent {
  const { givenName: _givenName, ...plain } = EVENT.object;
  return { ...EVENT, operation: { hook, classes }, object: { ...plain, ...object } };
}

describe('operations of events', () => {
  test('an exec', () => {
    expect(eventOperations(EVENT)).toEqual([
      {
        hooks: ['file-execute', 'exec'],
        object: { path: '/usr/bin/dash', origin: 'Image' },
        givenName: '/bin/sh',
        program: { path: '/usr/bin/env', origin: 'UpperLayer' },
        session: 'Exec',
        mainProcess: true,
      },
    ]);
  });

  test('the classes of a rename are shared out to its two names', () => {
    const event = eventOf('rename', ['Create', 'Delete', 'Rename'], { path: '/a', target: '/b' });
    expect(eventOperations(event)).toMatchObject([
      { hooks: ['file-rename'], object: { path: '/a', isDirectory: true } },
      { hooks: ['file-create', 'file-delete'], object: { path: '/b' } },
    ]);
    expect(eventOperations(eventOf('link', ['Create', 'Link'], { path: '/a', target: '/b' }))).toMatchObject([
      { hooks: ['file-link'] },
      { hooks: ['file-create'] },
    ]);
  });

  test('a mount that gives other names changes the mount tree', () => {
    expect(eventOperations(eventOf('mount', ['Write', 'Link'], { path: '/m' }))[0]?.changesMountTree).toBe(true);
    expect(eventOperations(eventOf('mount', ['Write'], { path: '/m' }))[0]).not.toHaveProperty('changesMountTree');
  });

  test('raw bytes win over their readable form, and an empty name is none', () => {
    const odd = eventOf('open', ['Read'], { path: '/\\xff', pathBytes: btoa('/\u00ff') });
    expect(eventOperations(odd)[0]?.object.path).toBe('/\u00ff');
    expect(eventOperations(eventOf('open', ['Read'], { path: '', origin: 'Anonymous' }))[0]?.object).toEqual({
      origin: 'Anonymous',
    });
  });

  test('why a name is not known, protection and unknown words are understood', () => {
    const event = {
      ...eventOf('open', ['Read', 'Later'], { unresolved: 'Deep', origin: 'New' }),
      notes: ['Protected'],
    };
    expect(eventOperations(event)[0]).toMatchObject({
      hooks: ['file-read'],
      object: { unresolved: 'Deep', origin: 'Unknown' },
      protected: true,
    });
  });
});
