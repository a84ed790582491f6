// An Event of events.k8s.io/v1: what it says, under which name, and which occurrences are one.
import { createHash } from 'node:crypto';
import { microTime } from './clock.js';
import type { KubeObject } from './types.js';

export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
}

export interface EventRecord {
  /** The object that the Event is shown with. */
  readonly regarding: EventSubject;
  readonly related?: EventSubject | undefined;
  readonly type: 'Normal' | 'Warning';
  /** One word, `ProcessKilled`. */
  readonly reason: string;
  /** What was done, one word. */
  readonly action: string;
  /** For people. What varies from one occurrence to the next does not belong here: it would be another Event. */
  readonly note: string;
}

export interface EventSeries {
  readonly count: number;
  readonly lastObservedTime: string;
}

export interface EventObject extends KubeObject {
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly type: string;
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly regarding: EventSubject;
  readonly related?: EventSubject;
  readonly series?: EventSeries;
}

/** The API server's own limits: 1 KiB for the note, 128 characters for the others, 253 for the name. */
const NOTE_MAX_BYTES = 1024;
const WORD_MAX = 128;
const SUBJECT_NAME_MAX = 253 - 17;

/** Events on objects without a namespace live there; the API server demands it. */
const CLUSTER_EVENTS = 'default';

export function eventNamespace({ regarding }: EventRecord): string {
  return regarding.namespace ?? CLUSTER_EVENTS;
}

/** The same for occurrences that are shown as one Event. */
export function eventKey(record: EventRecord): string {
  const { regarding, related, type, reason, action, note } = record;
  const subjects = [regarding, related].map((subject) => [
    subject?.kind,
    subject?.namespace,
    subject?.name,
    subject?.uid,
  ]);
  return JSON.stringify([subjects, type, reason, action, note]);
}

/** At most `max` bytes, cut between characters. */
function cut(text: string, max: number): string {
  if (Buffer.byteLength(text) <= max) return text;
  const dots = '...';
  let kept = Buffer.from(text)
    .subarray(0, max - dots.length)
    .toString('utf8');
  kept = kept.replace(/\uFFFD+$/, '');
  return kept + dots;
}

export function eventObject(record: EventRecord, by: Reporter, wallMs: number): EventObject {
  const { regarding, related, type, reason, action, note } = record;
  const time = microTime(wallMs);
  const hash = createHash('sha256')
    .update(`${eventKey(record)}\0${by.instance}\0${time}`)
    .digest('hex')
    .slice(0, 16);
  const subject = regarding.name
    .toLowerCase()
    .slice(0, SUBJECT_NAME_MAX)
    .replace(/[^a-z0-9]+$/, '');
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${subject}.${hash}`, namespace: eventNamespace(record) },
    eventTime: time,
    reportingController: by.controller,
    reportingInstance: by.instance.slice(0, WORD_MAX),
    type,
    reason: reason.slice(0, WORD_MAX),
    action: action.slice(0, WORD_MAX),
    note: cut(note, NOTE_MAX_BYTES),
    regarding,
    ...(related === undefined ? {} : { related }),
  };
}

export interface Reporter {
  /** `ringfence.io/agent`. */
  readonly controller: string;
  /** The node or pod that speaks. */
  readonly instance: string;
}
