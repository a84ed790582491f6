// What the kernel holds, as far as the agent writes it: page id -> the numbers it was given, cgroup id -> workload,
// combination and pod -> template. A value: diffEntries and sweepEntries return the next one, and readApplied makes it from the
// maps of an engine that an earlier agent filled.

import type { RfTemplateKey, RfWorkload } from '../abi/abi.gen.js';
import type { AppliedHandler } from './pods.js';
import { type Run, RunPool } from './runs.js';

export type EncodedMap =
  | 'objects'
  | 'shapes'
  | 'pattern_words'
  | 'pattern_items'
  | 'rulesets'
  | 'workloads'
  | 'templates'
  | 'pods'
  | 'handlers';

/** Entries that the maps have at most. */
export type Capacity = Readonly<Record<EncodedMap, number>>;

export interface AppliedPage {
  readonly ruleset: number;
  readonly classes: number;
  /** Its encoded keys of `objects`. */
  readonly keys: Uint8Array;
  /** Shape ids in the order of the page. */
  readonly shapes: readonly number[];
  readonly words: Run;
  readonly items: Run;
}

export interface AppliedTemplate {
  readonly key: RfTemplateKey;
  readonly workload: RfWorkload;
}

export interface Applied {
  readonly capacity: Capacity;
  /** By page id; pages that nothing refers to any more included, until they are swept. */
  readonly pages: ReadonlyMap<string, AppliedPage>;
  /** Bytes of the shape as text -> shape id. */
  readonly shapes: ReadonlyMap<string, number>;
  readonly words: RunPool;
  readonly items: RunPool;
  /** By cgroup id. */
  readonly workloads: ReadonlyMap<bigint, RfWorkload>;
  /** By templateName. */
  readonly templates: ReadonlyMap<string, AppliedTemplate>;
  /** By pod key. */
  readonly pods: ReadonlyMap<string, RfWorkload>;
  /** By handlerName. */
  readonly handlers: ReadonlyMap<string, AppliedHandler>;
  /** Rulesets of containers that do not exist yet. */
  readonly ahead: ReadonlySet<number>;
  /** rf_node.cgroup_ruleset. */
  readonly cgroupRuleset: number;
  readonly nextRuleset: number;
  readonly nextGeneration: number;
}

/**
 * No cgroup has this id: the entry of `workloads` under it keeps the highest generation ever given, since a number given
 * twice would make verdicts valid again that were cached under the first.
 */
export const GENERATION_MARK = 0n;

export function templateName({ ruleset, combination }: RfTemplateKey): string {
  return `${ruleset}/${combination}`;
}

export function emptyApplied(capacity: Capacity): Applied {
  return {
    capacity,
    pages: new Map(),
    shapes: new Map(),
    words: RunPool.ofCapacity(capacity.pattern_words),
    items: RunPool.ofCapacity(capacity.pattern_items),
    workloads: new Map(),
    templates: new Map(),
    pods: new Map(),
    handlers: new Map(),
    ahead: new Set(),
    cgroupRuleset: 0,
    nextRuleset: 1,
    nextGeneration: 1,
  };
}

/** Rulesets that something in the kernel points at, or soon will. */
export function referredRulesets(applied: Applied): Set<number> {
  const referred = new Set<number>([applied.cgroupRuleset, ...applied.ahead]);
  const templates = [...applied.templates.values()].filter(({ key }) => key.ruleset === applied.cgroupRuleset);
  const workloads = [applied.workloads.values(), applied.pods.values(), templates.map(({ workload }) => workload)];
  for (const { pages, pageCount } of workloads.flatMap((list) => [...list])) {
    for (const ruleset of pages.slice(0, pageCount)) referred.add(ruleset);
  }
  return referred;
}
