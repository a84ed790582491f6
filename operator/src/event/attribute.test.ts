import { describe, expect, it } from 'vitest';
import {
  RfAction,
  RfClass,
  RfEventCodec,
  RfEventFlag,
  RfEventKind,
  RfHook,
  RfMiss,
  RfOrigin,
  RfSession,
} from '../abi/abi.gen.js';
import type { RfEvent } from '../abi/abi.gen.js';
import type { Severity } from '../compile/ir.js';
import { attributeEvent, attributeStart } from './attribute.js';
import type { AttributionContext } from './attribute.js';
import { decodeEvent } from './decode.js';
import type { RuleRef } from './types.js';

const HEAD: RfEvent = {
  timeNs: 5_000_000_007n,
  workload: 77n,
  cgroup: 78n,
  startNs: 1_000_000_000n,
  ino: 18_446_744_073_709_551_615n,
  programHash: 9n,
  size: 0,
  kind: RfEventKind.EVENT_VIOLATION,
  hook: RfHook.EXEC,
  flags: RfEventFlag.EVENT_MAIN_PROCESS | RfEventFlag.EVENT_GIVEN_NAME,
  classes: 1 << RfClass.EXEC,
  pid: 10,
  tid: 11,
  parentPid: 1,
  uid: 1000,
  gid: 1001,
  dev: 3,
  inoGeneration: 4,
  verdict: RfAction.KILL,
  session: RfSession.MAIN,
  origin: RfOrigin.UPPER_LAYER,
  miss: RfMiss.NONE,
  textLen: 0,
  text2Len: 0,
  programLen: 0,
  argsLen: 0,
  hitsTotal: 3,
  hitCount: 3,
  lineageCount: 1,
  programOrigin: RfOrigin.IMAGE,
  comm: 'w\u00c3\u00a9b',
  hits: [
    { rule: 1, action: RfAction.AUDIT, asked: RfAction.KILL, unresolved: 0 },
    { rule: 2, action: RfAction.KILL, asked: RfAction.KILL, unresolved: 0 },
    { rule: 3, action: RfAction.KILL, asked: RfAction.KILL, unresolved: 1 },
  ],
  lineage: [{ startNs: 0n, program: 5n, pid: 1, comm: 'init' }],
};

function record(head: Partial<RfEvent>, texts: readonly Uint8Array[]): Uint8Array {
  const [text, text2, program, args] = texts;
  const whole = { ...HEAD, ...head };
  whole.textLen = text?.length ?? 0;
  whole.text2Len = text2?.length ?? 0;
  whole.programLen = program?.length ?? 0;
  whole.argsLen = args?.length ?? 0;
  const tail = texts.flatMap((part) => [...part]);
  const bytes = new Uint8Array(RfEventCodec.size + tail.length);
  bytes.set(RfEventCodec.encode(whole));
  bytes.set(tail, RfEventCodec.size);
  return bytes;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function rule(name: string, severity: Severity): RuleRef {
  return {
    policy: { kind: 'RuntimePolicy', namespace: 'shop', name: 'no-shell', uid: 'u', generation: 2 },
    rule: name,
    severity,
    category: 'Process',
    tags: ['t'],
  };
}

const RULES = new Map([
  [1, rule('a', 'Critical')],
  [2, rule('b', 'Low')],
  [3, rule('c', 'High')],
]);

const CONTEXT: AttributionContext = {
  node: 'n1',
  bootOffsetNs: () => 1_000_000_000_000_000_000n,
  rule: (key) => RULES.get(key),
  workload: (id) => (id === 77n ? { scope: 'Pods', cgroup: '/pods/web', namespace: 'shop', pod: 'web' } : undefined),
  program: (key) => (key === 5n ? utf8('/sbin/init') : undefined),
  redact: (args) => args.map((arg) => arg.replace('secret', '*')),
};

describe('attributeEvent', () => {
  const event = decodeEvent(record({}, [utf8('/bin/dash'), utf8('/bin/sh'), utf8('/app'), utf8('sh\0-c\0secret\0')]));
  if (event === undefined) throw new Error('record not decoded');
  const policyEvent = attributeEvent(event, CONTEXT);

  it('makes the strictest action primary before the gravest severity, and lists the others in order', () => {
    expect(policyEvent.rule).toBe('c');
    expect(policyEvent.others.map((hit) => [hit.rule, hit.action, hit.asked])).toEqual([
      ['b', 'Kill', 'Kill'],
      ['a', 'Audit', 'Kill'],
    ]);
  });

  it('tells time in wall clock nanoseconds', () => {
    expect(policyEvent.time).toBe('2001-09-09T01:46:45.000000007Z');
  });

  it('shows object, given name, process, ancestors and redacted arguments', () => {
    expect(policyEvent.object).toEqual({
      path: '/bin/dash',
      origin: 'UpperLayer',
      dev: 3,
      ino: '18446744073709551615',
      givenName: '/bin/sh',
    });
    expect(policyEvent.process).toMatchObject({
      program: '/app',
      comm: 'wéb',
      arguments: ['sh', '-c', '*'],
      mainProcess: true,
      ancestors: [{ pid: 1, comm: 'init', program: '/sbin/init' }],
    });
    expect(policyEvent.workload).toMatchObject({ pod: 'web', cgroupId: '77', session: 'Main' });
  });

  it('keeps a name that is not UTF-8 without loss', () => {
    const odd = decodeEvent(record({ miss: RfMiss.DEEP, hook: RfHook.OPEN }, [Uint8Array.of(0x2f, 0xff)]));
    expect(odd && attributeEvent(odd, CONTEXT).object).toMatchObject({
      path: '/\\xff',
      pathBytes: 'L/8=',
      unresolved: 'Deep',
    });
  });

  it('still tells of a violation whose rule key nobody knows', () => {
    const stray = decodeEvent(record({ hits: [{ rule: 9, action: 2, asked: 3, unresolved: 0 }], hitCount: 1 }, []));
    expect(stray && attributeEvent(stray, CONTEXT)).toMatchObject({ rule: '#9', action: 'Block', asked: 'Kill' });
  });
});

describe('decodeEvent', () => {
  it('refuses a record that is shorter than it says', () => {
    const whole = record({}, [utf8('/bin/dash')]);
    expect(decodeEvent(whole)).toBeDefined();
    expect(decodeEvent(whole.subarray(0, whole.length - 1))).toBeUndefined();
    expect(decodeEvent(whole.subarray(0, 100))).toBeUndefined();
  });
});

describe('attributeStart', () => {
  it.each([
    [RfEventKind.EVENT_STARTED, 'started'],
    [RfEventKind.EVENT_HELD, 'held'],
  ])('an event of kind %i is %s, of the container that the workload is', (number, kind) => {
    const event = decodeEvent(record({ kind: number }, []));
    const told = event && attributeStart(event, { ...CONTEXT, bootOffsetNs: () => 0n });
    expect(told).toMatchObject({
      kind,
      time: '1970-01-01T00:00:05.000000007Z',
      process: {
        pid: 10,
        parentPid: 1,
        startTime: '1970-01-01T00:00:01.000000000Z',
        comm: 'wéb',
        uid: 1000,
        gid: 1001,
      },
      workload: { cgroupId: '77' },
    });
    expect(told?.workload).not.toHaveProperty('session');
  });
});
