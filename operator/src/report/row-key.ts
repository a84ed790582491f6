// What makes violations alike. The key of a row is for one node and knows the pod's owner; the id of a result is for the
// cluster and knows the workload at the top (POLICYREPORT.md 3.5). The policy's generation is in neither.

import { hashText } from './digest.js';
import type { ViolationRow } from './objects.gen.js';

/** The part of a row that tells it from others. */
export type RowIdentity = Pick<ViolationRow, 'uid' | 'rule' | 'mode' | 'action' | 'kind' | 'class'> &
  Partial<Pick<ViolationRow, 'container' | 'binary' | 'object'>>;

const SEPARATOR = '\u0000';

function keyOf(row: RowIdentity, whose: string): string {
  const { uid, rule, mode, action, kind, container = '', binary = '', object = '' } = row;
  return hashText([uid, rule, whose, container, mode, action, kind, row.class, binary, object].join(SEPARATOR));
}

/** @param ownerUid of the pod's controller, or of the pod where it has none; empty for processes of the host */
export function rowKey(row: RowIdentity, ownerUid: string): string {
  return keyOf(row, ownerUid);
}

/** @param workloadUid of the workload that the pod's owner belongs to, or of the Node */
export function resultId(row: RowIdentity, workloadUid: string): string {
  return keyOf(row, workloadUid);
}

/** At least this many characters in a row look like they were made up. */
const RANDOM_RUN = /(?<=[-._])(?=[A-Za-z0-9]*\d)(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{6,}(?=$|[-._])/g;
const TEMPORARY = /^(?:\/tmp|\/var\/tmp|\/dev\/shm|\/run)\//;
const HEX_RUN = /(?<![0-9A-Fa-f])[0-9A-Fa-f]{16,}(?![0-9A-Fa-f])/g;

/**
 * The name of an object without what changes by chance, so that one program that does one thing is one row: process ids
 * below /proc, long hexadecimal numbers, random parts of temporary names.
 */
export function normalizeTarget(path: string): string {
  if (path.startsWith('/proc/')) return path.replace(/(?<=\/)\d+(?=\/|$)/g, '*');
  const shortened = path.replace(HEX_RUN, '*');
  if (!TEMPORARY.test(path)) return shortened;
  return shortened
    .split('/')
    .map((part) => part.replace(/(?<=^tmp)[A-Za-z0-9_]{6,}$/, '*').replace(RANDOM_RUN, '*'))
    .join('/');
}
