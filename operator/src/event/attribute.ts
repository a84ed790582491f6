// From what the kernel saw to what a person reads: which policy and rule, whose workload, which program and ancestors.
// Pure: everything that is looked up comes in through AttributionContext.

import { RfEventFlag, RfEventKind, RfHook } from '../abi/abi.gen.js';
import type { RfAncestor, RfEvent, RfHit } from '../abi/abi.gen.js';
import { decodeBytes, splitNul } from './bytes.js';
import {
  actionName,
  classNames,
  hookName,
  missName,
  noteNames,
  originName,
  sessionName,
  verdictName,
} from './names.js';
import { compareHits } from './order.js';
import type { RankedHit } from './order.js';
import type {
  ContainerEvent,
  EventAncestor,
  EventObject,
  EventProcess,
  EventWorkload,
  KernelEvent,
  PolicyEvent,
  RuleHit,
  RuleRef,
  WorkloadRef,
} from './types.js';

export interface AttributionContext {
  readonly node: string;
  /** Wall clock minus boot clock, ns. */
  bootOffsetNs(): bigint;
  rule(key: number): RuleRef | undefined;
  workload(cgroupId: bigint): WorkloadRef | undefined;
  /** Path of a program by its key, for lineage. */
  program(key: bigint): Uint8Array | undefined;
  redact(args: readonly string[]): string[];
}

/** The event as people read it. Its primary hit is the first in the order of POLICY.md section 6. */
export function attributeEvent(event: KernelEvent, context: AttributionContext): PolicyEvent {
  const { head } = event;
  const hits = head.hits.slice(0, head.hitCount).map((hit) => rankHit(hit, context));
  hits.sort(compareHits);
  const primary = hits[0] ?? rankHit({ rule: 0, action: head.verdict, asked: head.verdict, unresolved: 0 }, context);
  const { ref } = primary;
  return {
    time: wallTime(head.timeNs, context),
    node: context.node,
    kind: 'violation',
    verdict: verdictName(head.verdict),
    policy: ref.policy,
    rule: ref.rule,
    action: primary.action,
    asked: primary.asked,
    severity: ref.severity,
    category: ref.category,
    tags: ref.tags,
    ...(ref.message === undefined ? {} : { message: ref.message }),
    others: hits.slice(1).map(describeHit),
    rulesViolated: head.hitsTotal,
    operation: { hook: hookName(head.hook), classes: classNames(head.classes) },
    object: describeObject(event),
    process: describeProcess(event, context),
    workload: describeWorkload(event, context),
    notes: noteNames(head.flags),
  };
}

/** What a container's entrypoint came to. */
export function attributeStart({ head }: KernelEvent, context: AttributionContext): ContainerEvent {
  const { pid, parentPid, uid, gid, startNs, comm } = head;
  return {
    time: wallTime(head.timeNs, context),
    node: context.node,
    kind: head.kind === RfEventKind.EVENT_HELD ? 'held' : 'started',
    process: { pid, parentPid, startTime: wallTime(startNs, context), comm: commText(comm), uid, gid },
    workload: whose(head, context),
  };
}

function rankHit(hit: RfHit, context: AttributionContext): RankedHit {
  return {
    ref: context.rule(hit.rule) ?? unknownRule(hit.rule),
    action: actionName(hit.action),
    asked: actionName(hit.asked),
    unresolved: hit.unresolved !== 0,
  };
}

/** Keys are kept in the state directory; a key without a name means that directory was lost. The event must not be. */
function unknownRule(key: number): RuleRef {
  return {
    policy: { kind: 'ClusterRuntimePolicy', namespace: '', name: '', uid: '', generation: 0 },
    rule: `#${String(key)}`,
    severity: 'High',
    category: 'Audit',
    tags: [],
  };
}

function describeHit(hit: RankedHit): RuleHit {
  return {
    policy: hit.ref.policy,
    rule: hit.ref.rule,
    action: hit.action,
    asked: hit.asked,
    ...(hit.unresolved ? { unresolved: true as const } : {}),
  };
}

function describeObject(event: KernelEvent): EventObject {
  const { head } = event;
  const name = decodeBytes(event.text);
  const miss = missName(head.miss);
  return {
    path: name.text,
    ...(name.bytes === undefined ? {} : { pathBytes: name.bytes }),
    origin: originName(head.origin),
    dev: head.dev,
    ino: head.ino.toString(),
    ...(miss === undefined ? {} : { unresolved: miss }),
    ...flag(head.flags, RfEventFlag.EVENT_PATH_CUT, { pathCut: true as const }),
    ...flag(head.flags, RfEventFlag.EVENT_BY_INODE, { byInode: true as const }),
    ...describeOtherName(event),
  };
}

function describeOtherName(event: KernelEvent): { givenName?: string; target?: string } {
  if (event.text2.length === 0) return {};
  const text = decodeBytes(event.text2).text;
  return event.head.hook === RfHook.EXEC ? { givenName: text } : { target: text };
}

function describeProcess(event: KernelEvent, context: AttributionContext): EventProcess {
  const { head } = event;
  const program = decodeBytes(event.program);
  const args = splitNul(event.args).map((arg) => decodeBytes(arg).text);
  return {
    pid: head.pid,
    tid: head.tid,
    parentPid: head.parentPid,
    startTime: wallTime(head.startNs, context),
    program: program.text,
    ...(program.bytes === undefined ? {} : { programBytes: program.bytes }),
    programOrigin: originName(head.programOrigin),
    comm: commText(head.comm),
    arguments: context.redact(args),
    ...flag(head.flags, RfEventFlag.EVENT_ARGS_CUT, { argumentsCut: true as const }),
    uid: head.uid,
    gid: head.gid,
    ...flag(head.flags, RfEventFlag.EVENT_MAIN_PROCESS, { mainProcess: true as const }),
    ancestors: head.lineage.slice(0, head.lineageCount).map((one) => describeAncestor(one, context)),
  };
}

function describeAncestor(ancestor: RfAncestor, context: AttributionContext): EventAncestor {
  const path = ancestor.program === 0n ? undefined : context.program(ancestor.program);
  return {
    pid: ancestor.pid,
    startTime: wallTime(ancestor.startNs, context),
    comm: commText(ancestor.comm),
    ...(path === undefined ? {} : { program: decodeBytes(path).text }),
  };
}

/** The codec gives one unit for each byte. */
function commText(comm: string): string {
  return decodeBytes(Uint8Array.from(comm, (unit) => unit.charCodeAt(0))).text;
}

function describeWorkload({ head }: KernelEvent, context: AttributionContext): EventWorkload {
  return { ...whose(head, context), session: sessionName(head.session) };
}

function whose({ workload, cgroup }: RfEvent, context: AttributionContext): Omit<EventWorkload, 'session'> {
  const known = context.workload(workload) ?? context.workload(cgroup);
  return { ...(known ?? { scope: 'Host' as const, cgroup: '' }), cgroupId: workload.toString() };
}

function flag<T extends object>(flags: number, bit: number, then: T): T | object {
  return (flags & bit) === 0 ? {} : then;
}

/** RFC 3339 with nanoseconds: several events of one millisecond keep their order. */
function wallTime(bootNs: bigint, context: AttributionContext): string {
  const wallNs = bootNs + context.bootOffsetNs();
  const seconds = wallNs / 1_000_000_000n;
  const fraction = (wallNs % 1_000_000_000n).toString().padStart(9, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}
