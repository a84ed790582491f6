// What the kernel has to know of pods before their containers exist, and of handlers before they run: changes of the maps
// pods and handlers. Pod key -> what the pod's next container becomes. (Container, arguments) -> session.

import {
  RfHandlerCodec,
  RfHandlerKeyCodec,
  RfLimits,
  RfPodKeyCodec,
  RfSession,
  RfWorkloadCodec,
} from '../abi/abi.gen.js';
import type { RfHandler, RfHandlerKey, RfPodKey, RfWorkload } from '../abi/abi.gen.js';
import { hashText } from './hash.js';
import { Batch, type MapOp } from './ops.js';

/** A probe or lifecycle command of a container. */
export interface WantedHandler {
  readonly session: 'Probe' | 'Lifecycle';
  readonly command: readonly string[];
}

export interface AppliedHandler {
  readonly key: RfHandlerKey;
  readonly value: RfHandler;
}

const SESSIONS = { Probe: RfSession.PROBE, Lifecycle: RfSession.LIFECYCLE } as const;
const HALF = 16;

/** `text` has 32 hex digits. */
export function podKeyOf(text: string): RfPodKey {
  return { hi: BigInt(`0x${text.slice(0, HALF)}`), lo: BigInt(`0x${text.slice(HALF)}`) };
}

export function podKeyText({ hi, lo }: RfPodKey): string {
  return hi.toString(16).padStart(HALF, '0') + lo.toString(16).padStart(HALF, '0');
}

/** Of one container, by the last part of its cgroup's path. */
export function containerKeyText(pod: string, cgroupName: string): string {
  const { hi, lo } = podKeyOf(pod);
  return podKeyText({ hi, lo: lo ^ hashText(`/${latin1(cgroupName)}`) });
}

export function handlerName({ workload, hash }: RfHandlerKey): string {
  return `${workload}/${hash}`;
}

/** A unit for each byte, as the kernel reads them. */
function latin1(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}

/** Undefined where the kernel would not compare so much: its entries are Exec. */
export function encodeHandler(workload: bigint, handler: WantedHandler): AppliedHandler | undefined {
  const text = handler.command.map((argument) => `${latin1(argument)}\0`).join('');
  if (text.length > RfLimits.HANDLER_TEXT) return undefined;
  const bytes = Uint8Array.from({ length: RfLimits.HANDLER_TEXT }, (_, at) => text.charCodeAt(at) || 0);
  const value = { len: text.length, session: SESSIONS[handler.session], text: bytes };
  return { key: { workload, hash: hashText(text) }, value };
}

/** A command that is probe and lifecycle hook of one container is a probe: that was asked for first. */
export function encodeHandlers(
  wanted: ReadonlyMap<bigint, readonly WantedHandler[]> | undefined,
): ReadonlyMap<string, AppliedHandler> {
  const handlers = new Map<string, AppliedHandler>();
  for (const [workload, list] of wanted ?? []) {
    for (const handler of list) {
      const encoded = encodeHandler(workload, handler);
      if (encoded === undefined) continue;
      const name = handlerName(encoded.key);
      if (!handlers.has(name)) handlers.set(name, encoded);
    }
  }
  return handlers;
}

type Handlers = ReadonlyMap<string, AppliedHandler>;

export function writeHandlers(wanted: Handlers, applied: Handlers): MapOp[] {
  const written = new Batch('handlers');
  for (const [name, { key, value }] of wanted) {
    if (applied.get(name)?.value.session === value.session) continue;
    written.add(RfHandlerKeyCodec.encode(key), RfHandlerCodec.encode(value));
  }
  return written.write();
}

export function deleteHandlers(wanted: Handlers, applied: Handlers): MapOp[] {
  const deleted = new Batch('handlers');
  for (const [name, { key }] of applied) if (!wanted.has(name)) deleted.add(RfHandlerKeyCodec.encode(key));
  return deleted.delete();
}

type Pods = ReadonlyMap<string, RfWorkload>;

export function diffPods(wanted: Pods, applied: Pods, isSame: (a: RfWorkload, b?: RfWorkload) => boolean): MapOp[] {
  const [written, deleted] = [new Batch('pods'), new Batch('pods')];
  for (const [key, workload] of wanted) {
    if (isSame(workload, applied.get(key))) continue;
    written.add(RfPodKeyCodec.encode(podKeyOf(key)), RfWorkloadCodec.encode(workload));
  }
  for (const key of applied.keys()) if (!wanted.has(key)) deleted.add(RfPodKeyCodec.encode(podKeyOf(key)));
  return [...written.write(), ...deleted.delete()];
}
