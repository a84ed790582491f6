// Violations of one node, gathered into rows of what is alike. Rows outlive the agent: the next one begins with those that
// were published. Counts are exact as far as the kernel's counters are: what its rate limit hid from the samples is
// settled from the counters.

import { normalizeTarget, rowKey } from './row-key.js';
import type { RowIdentity } from './row-key.js';
import type { PodOwner, RowPod, RowSample, ViolationRow } from './objects.gen.js';

export const ROWS_MAX = 128;
const PODS_MAX = 5;
/** Names kept to tell a pod that was counted from one that was not. */
const POD_UIDS_MAX = 256;
const TEXT_MAX = 1024;
const SAMPLE_MAX = 256;
const IMAGE_MAX = 512;

/** One rule violated by one operation. */
export interface Hit extends RowIdentity {
  readonly generation: number;
  readonly hook: string;
  readonly time: string;
  readonly namespace?: string;
  readonly owner?: PodOwner;
  readonly pod?: RowPod;
  readonly containerType?: ViolationRow['containerType'];
  readonly session?: ViolationRow['session'];
  readonly unresolved?: boolean;
  readonly sample?: Omit<RowSample, 'time' | 'pod' | 'object'>;
  /** Name of the kernel's counter that counted it: the rule on one cgroup. */
  readonly counter: string;
}

interface Row {
  readonly row: ViolationRow;
  readonly podUids: Set<string>;
}

interface Counter {
  /** Samples seen and settled so far. */
  counted: number;
  /** Row of the last sample. */
  last?: string;
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 3)}...`;
}

export class ViolationRows {
  readonly #rows = new Map<string, Row>();
  readonly #counters = new Map<string, Counter>();
  #evicted = 0;

  /** @param published rows of the agent before this one */
  constructor(published: readonly ViolationRow[] = []) {
    for (const row of published) {
      this.#rows.set(row.key, { row, podUids: new Set((row.pods ?? []).map(({ uid }) => uid)) });
    }
  }

  /** Rows that left for want of room since this agent began. */
  get evicted(): number {
    return this.#evicted;
  }

  /**
   * What the counter stood at when this agent began to look: violations before that are in the rows that were published,
   * or never had a sample.
   */
  begin(counter: string, exact: number): void {
    this.#counters.set(counter, { counted: exact });
  }

  observe(hit: Hit): void {
    const counter = this.#counters.get(hit.counter) ?? { counted: 0 };
    this.#counters.set(hit.counter, counter);
    counter.counted += 1;
    counter.last = this.#add(hit);
  }

  /** Brings rows up to the exact count: what no sample told goes to the row of the counter's last sample. */
  settle(name: string, exact: number): void {
    const counter = this.#counters.get(name);
    if (counter?.last === undefined || exact <= counter.counted) return;
    const held = this.#rows.get(counter.last);
    if (held === undefined) return;
    const row = { ...held.row, count: held.row.count + exact - counter.counted };
    counter.counted = exact;
    this.#rows.set(row.key, { ...held, row });
  }

  /** The counter is gone with its rule or cgroup. */
  forget(counter: string): void {
    this.#counters.delete(counter);
  }

  /** Rows of policies that are no more. */
  drop(isGone: (policyUid: string) => boolean): void {
    for (const [key, { row }] of this.#rows) if (isGone(row.uid)) this.#rows.delete(key);
  }

  keys(): Iterable<string> {
    return this.#rows.keys();
  }

  /** Newest last. */
  list(): ViolationRow[] {
    return [...this.#rows.values()]
      .map(({ row }) => row)
      .sort((a, b) => (a.last < b.last ? -1 : Number(a.last > b.last)));
  }

  #add(hit: Hit): string {
    const identity = { ...hit, ...texts(hit) };
    const key = rowKey(identity, hit.owner?.uid ?? '');
    const held = this.#rows.get(key);
    if (held === undefined) this.#makeRoom();
    const podUids = held?.podUids ?? new Set<string>();
    const told = { ...describe(identity, key, held?.row), sample: sampleOf(hit) };
    this.#rows.set(key, { row: { ...told, ...podsOf(held?.row, newPod(hit.pod, podUids)) }, podUids });
    return key;
  }

  #makeRoom(): void {
    if (this.#rows.size < ROWS_MAX) return;
    const [idlest] = this.list();
    if (idlest === undefined) return;
    this.#rows.delete(idlest.key);
    this.#evicted += 1;
  }
}

/** The pod, if it was not counted. Beyond a bound nobody remembers, and pods are no longer counted. */
function newPod(pod: RowPod | undefined, counted: Set<string>): RowPod | undefined {
  if (pod === undefined || counted.has(pod.uid) || counted.size >= POD_UIDS_MAX) return undefined;
  counted.add(pod.uid);
  return pod;
}

function texts({ binary, object }: Hit): Partial<Pick<ViolationRow, 'binary' | 'object'>> {
  return {
    ...(binary === undefined ? {} : { binary: cut(binary, TEXT_MAX) }),
    ...(object === undefined ? {} : { object: cut(normalizeTarget(object), TEXT_MAX) }),
  };
}

function describe(hit: Hit, key: string, before: ViolationRow | undefined): ViolationRow {
  const { uid, rule, generation, mode, action, kind, hook, time } = hit;
  return {
    key,
    uid,
    rule,
    generation,
    mode,
    action,
    kind,
    class: hit.class,
    hook,
    ...whereabouts(hit),
    count: (before?.count ?? 0) + 1,
    first: before?.first ?? time,
    last: before !== undefined && before.last > time ? before.last : time,
  };
}

function whereabouts(hit: Hit): Partial<ViolationRow> {
  const { namespace, owner, container, containerType, session, binary, object, unresolved } = hit;
  const all = { namespace, owner, container, containerType, session, binary, object, unresolved };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function sampleOf(hit: Hit): RowSample {
  const { arguments: args, parent, image, user } = hit.sample ?? {};
  return {
    time: hit.time,
    ...(hit.pod === undefined ? {} : { pod: hit.pod.name }),
    ...(hit.object === undefined ? {} : { object: cut(hit.object, TEXT_MAX) }),
    ...(args === undefined ? {} : { arguments: cut(args, SAMPLE_MAX) }),
    ...(parent === undefined ? {} : { parent: cut(parent, SAMPLE_MAX) }),
    ...(image === undefined ? {} : { image: cut(image, IMAGE_MAX) }),
    ...(user === undefined ? {} : { user }),
  };
}

function podsOf(before: ViolationRow | undefined, added: RowPod | undefined): Partial<ViolationRow> {
  const pods = before?.pods ?? [];
  const count = (before?.podCount ?? 0) + Number(added !== undefined);
  if (count === 0) return {};
  return { pods: added === undefined || pods.length >= PODS_MAX ? pods : [...pods, added], podCount: count };
}
