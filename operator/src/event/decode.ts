// Ring buffer records: the generated codec reads the head, the bytes behind it stay bytes until somebody wants text.

import { RfEventCodec, RfEventKind } from '../abi/abi.gen.js';
import type { RfEvent } from '../abi/abi.gen.js';
import type { KernelEvent } from './types.js';

/** The event in a record, or undefined where the record is shorter than it says: such a record is counted, not guessed at. */
export function decodeEvent(record: Uint8Array): KernelEvent | undefined {
  if (record.length < RfEventCodec.size) return undefined;
  const head = RfEventCodec.decode(record);
  const ends = endsOf(head);
  if (ends[3] > record.length) return undefined;
  return {
    head,
    text: record.subarray(RfEventCodec.size, ends[0]),
    text2: record.subarray(ends[0], ends[1]),
    program: record.subarray(ends[1], ends[2]),
    args: record.subarray(ends[2], ends[3]),
  };
}

function endsOf(head: RfEvent): [number, number, number, number] {
  const text = RfEventCodec.size + head.textLen;
  const text2 = text + head.text2Len;
  const program = text2 + head.programLen;
  return [text, text2, program, program + head.argsLen];
}

export function isViolation(event: KernelEvent): boolean {
  return event.head.kind === RfEventKind.EVENT_VIOLATION;
}
