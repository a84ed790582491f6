// The maps of a running engine -> what is applied. An agent that starts finds in them what the one before it wrote,
// perhaps not to the end, and recognises the pages it wants itself by their content.

import {
  RfHandlerCodec,
  RfHandlerKeyCodec,
  RfItemCodec,
  RfNodeCodec,
  RfObjectCodec,
  RfObjectKeyCodec,
  RfObjectKeyOffset,
  RfObjectOffset,
  RfPodKeyCodec,
  RfRulesetCodec,
  RfRulesetOffset,
  RfShapeCodec,
  RfTable,
  RfTemplateKeyCodec,
  RfWorkloadCodec,
} from '../abi/abi.gen.js';
import type { RfWorkload } from '../abi/abi.gen.js';
import {
  type Applied,
  type AppliedPage,
  type Capacity,
  type EncodedMap,
  GENERATION_MARK,
  emptyApplied,
  referredRulesets,
  templateName,
} from './applied.js';
import { u32Key } from './ops.js';
import { type Digest, type PageBytes, WORD_SIZE, bytesText, pageId, shapeIdOffset } from './page.js';
import { type AppliedHandler, handlerName, podKeyText } from './pods.js';
import type { Run } from './runs.js';

/** Read side of the maps. */
export interface MapReader {
  readonly lookup: (map: EncodedMap | 'node', key: Uint8Array) => Uint8Array | undefined;
  readonly entries: (map: EncodedMap) => Iterable<readonly [Uint8Array, Uint8Array]>;
}

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

interface ReadPage {
  readonly bytes: PageBytes;
  readonly applied: AppliedPage;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function packed(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(parts.length * size);
  parts.forEach((part, index) => whole.set(part.subarray(0, size), index * size));
  return whole;
}

/** The run that all pairs of first index and length lie in. */
function hull(runs: readonly Run[]): Run {
  const used = runs.filter(({ length }) => length > 0);
  if (used.length === 0) return { at: 0, length: 0 };
  const at = used.reduce((least, run) => Math.min(least, run.at), Infinity);
  return { at, length: used.reduce((most, run) => Math.max(most, run.at + run.length), 0) - at };
}

function runOf(value: Uint8Array, field: 'words' | 'more'): Run {
  const view = viewOf(value);
  const length = view.getUint16(field === 'words' ? RfObjectOffset.wordCount : RfObjectOffset.moreCount, true);
  return { at: view.getUint32(RfObjectOffset[field], true), length };
}

function readRun(reader: MapReader, map: EncodedMap, run: Run, size: number): Uint8Array {
  const empty = new Uint8Array(size);
  const values = Array.from({ length: run.length }, (_, index) => reader.lookup(map, u32Key(run.at + index)) ?? empty);
  return packed(values, size);
}

/** The entry as the page has it: without the numbers of the node. */
function unplaced({ key, value }: Entry, page: AppliedPage): Entry {
  const own = { key: key.slice(), value: value.slice() };
  const [keyView, valueView] = [viewOf(own.key), viewOf(own.value)];
  keyView.setUint32(RfObjectKeyOffset.ruleset, 0, true);
  const table = keyView.getUint32(RfObjectKeyOffset.table, true);
  if (table >= RfTable.SHAPE) {
    const index = page.shapes.indexOf(table - RfTable.SHAPE);
    keyView.setUint32(RfObjectKeyOffset.table, index === -1 ? table : RfTable.SHAPE + index, true);
  }
  const [words, more] = [runOf(value, 'words'), runOf(value, 'more')];
  if (words.length > 0) valueView.setUint32(RfObjectOffset.words, words.at - page.words.at, true);
  if (more.length > 0) valueView.setUint32(RfObjectOffset.more, more.at - page.items.at, true);
  return own;
}

function compareKeys({ key: a }: Entry, { key: b }: Entry): number {
  const [keyA, keyB] = [RfObjectKeyCodec.decode(a), RfObjectKeyCodec.decode(b)];
  if (keyA.table !== keyB.table) return keyA.table - keyB.table;
  return keyA.hash < keyB.hash ? -1 : 1;
}

function shapeIdsOf(ruleset: Uint8Array): number[] {
  const view = viewOf(ruleset);
  const count = view.getUint8(RfRulesetOffset.shapeCount);
  return Array.from({ length: count }, (_, index) => view.getUint16(shapeIdOffset(index), true));
}

function readPage(reader: MapReader, id: number, ruleset: Uint8Array, entries: readonly Entry[]): ReadPage {
  const shapes = shapeIdsOf(ruleset);
  const applied: AppliedPage = {
    ruleset: id,
    classes: viewOf(ruleset).getUint32(RfRulesetOffset.classes, true),
    keys: packed(
      entries.map(({ key }) => key),
      RfObjectKeyCodec.size,
    ),
    shapes,
    words: hull(entries.map(({ value }) => runOf(value, 'words'))),
    items: hull(entries.map(({ value }) => runOf(value, 'more'))),
  };
  const own = entries.map((entry) => unplaced(entry, applied)).sort(compareKeys);
  const bare = ruleset.slice();
  shapes.forEach((_, index) => viewOf(bare).setUint16(shapeIdOffset(index), 0, true));
  const empty = new Uint8Array(RfShapeCodec.size);
  const bytes: PageBytes = {
    ruleset: bare,
    shapes: shapes.map((shape) => reader.lookup('shapes', u32Key(shape)) ?? empty),
    keys: packed(
      own.map(({ key }) => key),
      RfObjectKeyCodec.size,
    ),
    values: packed(
      own.map(({ value }) => value),
      RfObjectCodec.size,
    ),
    words: readRun(reader, 'pattern_words', applied.words, WORD_SIZE),
    items: readRun(reader, 'pattern_items', applied.items, RfItemCodec.size),
  };
  return { bytes, applied };
}

function entriesByRuleset(reader: MapReader): Map<number, Entry[]> {
  const byRuleset = new Map<number, Entry[]>();
  for (const [key, value] of reader.entries('objects')) {
    const ruleset = viewOf(key).getUint32(RfObjectKeyOffset.ruleset, true);
    const entries = byRuleset.get(ruleset);
    if (entries === undefined) byRuleset.set(ruleset, [{ key, value }]);
    else entries.push({ key, value });
  }
  return byRuleset;
}

/** Content that was written by halves, or twice, or that overlaps: no wanted page has such an id, so it is swept. */
const LEFTOVER = 'leftover';

function adoptPages(reader: MapReader, digest: Digest, empty: Applied): Applied {
  const pages = new Map<string, AppliedPage>();
  const shapes = new Map<string, number>();
  const [words, items] = [empty.words.clone(), empty.items.clone()];
  const byRuleset = entriesByRuleset(reader);
  const rulesets = new Map(
    [...reader.entries('rulesets')].map(([key, value]) => [viewOf(key).getUint32(0, true), value]),
  );
  const missing = [...byRuleset.keys()].filter((id) => !rulesets.has(id));
  const absent = missing.map((id) => [id, new Uint8Array(RfRulesetCodec.size)] as const);
  let highest = 0;
  for (const [id, ruleset] of [...rulesets, ...absent]) {
    highest = Math.max(highest, id);
    const { bytes, applied } = readPage(reader, id, ruleset, byRuleset.get(id) ?? []);
    bytes.shapes.forEach((shape, index) => shapes.set(bytesText(shape), applied.shapes[index] ?? 0));
    const hasWords = words.claim(applied.words);
    const hasItems = items.claim(applied.items);
    const page = {
      ...applied,
      words: hasWords ? applied.words : { at: 0, length: 0 },
      items: hasItems ? applied.items : { at: 0, length: 0 },
    };
    const name = pageId(bytes, digest);
    const whole = hasWords && hasItems && rulesets.has(id) && !pages.has(name);
    pages.set(whole ? name : `${LEFTOVER} ${id}`, page);
  }
  return { ...empty, pages, shapes, words, items, nextRuleset: highest + 1 };
}

function readWorkloads(reader: MapReader): { workloads: Map<bigint, RfWorkload>; mark: number } {
  const workloads = new Map<bigint, RfWorkload>();
  for (const [key, value] of reader.entries('workloads')) {
    workloads.set(viewOf(key).getBigUint64(0, true), RfWorkloadCodec.decode(value));
  }
  const mark = workloads.get(GENERATION_MARK)?.generation ?? 0;
  workloads.delete(GENERATION_MARK);
  return { workloads, mark };
}

function readPods(reader: MapReader): Map<string, RfWorkload> {
  const entries = [...reader.entries('pods')];
  return new Map(entries.map(([key, value]) => [podKeyText(RfPodKeyCodec.decode(key)), RfWorkloadCodec.decode(value)]));
}

function readHandlers(reader: MapReader): Map<string, AppliedHandler> {
  const entries = [...reader.entries('handlers')].map(([key, value]) => ({
    key: RfHandlerKeyCodec.decode(key),
    value: RfHandlerCodec.decode(value),
  }));
  return new Map(entries.map((entry) => [handlerName(entry.key), entry]));
}

/** The same with what the kernel or an unfinished change has made of workloads and templates meanwhile. */
export function refreshApplied(applied: Applied, reader: MapReader): Applied {
  const { workloads, mark } = readWorkloads(reader);
  const templates = [...reader.entries('templates')].map(([key, value]) => ({
    key: RfTemplateKeyCodec.decode(key),
    workload: RfWorkloadCodec.decode(value),
  }));
  const pods = readPods(reader);
  const generations = [...workloads.values(), ...pods.values(), ...templates.map(({ workload }) => workload)];
  const highest = generations.reduce((most, { generation }) => Math.max(most, generation), mark);
  const node = reader.lookup('node', u32Key(0));
  return {
    ...applied,
    workloads,
    pods,
    templates: new Map(templates.map((template) => [templateName(template.key), template])),
    cgroupRuleset: node === undefined ? 0 : RfNodeCodec.decode(node).cgroupRuleset,
    nextGeneration: Math.max(applied.nextGeneration, highest + 1),
  };
}

/** The same after a change that failed half way: all that the agent alone writes may differ from what it meant. */
export function recoverApplied(applied: Applied, reader: MapReader): Applied {
  return { ...refreshApplied(applied, reader), handlers: readHandlers(reader) };
}

function holds(wanted: ReadonlyMap<unknown, RfWorkload>, found: ReadonlyMap<unknown, RfWorkload>): boolean {
  return [...wanted].every(([key, { generation, pages, pageCount }]) => {
    const kept = found.get(key);
    return (
      kept?.generation === generation && kept.pages.slice(0, kept.pageCount).join() === pages.slice(0, pageCount).join()
    );
  });
}

/** Whether the kernel has what is applied: each pointer, and each ruleset that one points at. */
export function holdsAll(applied: Applied, reader: MapReader): boolean {
  const found = refreshApplied(applied, reader);
  if (found.cgroupRuleset !== applied.cgroupRuleset) return false;
  if (!holds(applied.workloads, found.workloads) || !holds(applied.pods, found.pods)) return false;
  const rulesets = [...referredRulesets(applied)].filter((ruleset) => ruleset !== 0);
  return rulesets.every((ruleset) => reader.lookup('rulesets', u32Key(ruleset)) !== undefined);
}

export function readApplied(reader: MapReader, digest: Digest, capacity: Capacity): Applied {
  return recoverApplied(adoptPages(reader, digest, emptyApplied(capacity)), reader);
}
