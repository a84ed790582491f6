// What is wanted x what the kernel holds -> ordered changes of the maps. First everything that nothing refers to yet,
// then the pointers: one update of an entry of `workloads` is the flip for every hook. What nothing refers to any more is
// taken away by sweepEntries (sweep.ts), after every program that could be using it has ended.

import { RfTemplateKeyCodec, RfWorkloadCodec } from '../abi/abi.gen.js';
import type { RfWorkload } from '../abi/abi.gen.js';
import { type Applied, type AppliedTemplate, GENERATION_MARK, templateName } from './applied.js';
import { Batch, type MapOp, u64Key } from './ops.js';
import type { Page } from './page.js';
import { Placement } from './place-page.js';
import { type WantedHandler, deleteHandlers, diffPods, encodeHandlers, writeHandlers } from './pods.js';
import type { EncodeProblem } from './problem.js';

export interface WantedWorkload {
  /** Cgroup id; 0 in templates: the cgroup itself. */
  readonly owner: bigint;
  /** Mask of RfWorkloadFlag. */
  readonly flags: number;
  /** Page ids, layer after layer. */
  readonly pages: readonly string[];
}

export interface Wanted {
  /** Content of a page that the kernel may not hold yet. */
  readonly page: (id: string) => Page | undefined;
  /** By cgroup id. */
  readonly workloads: ReadonlyMap<bigint, WantedWorkload>;
  /** Page of the cgroup ruleset, and what its combinations become; absent: new cgroups are not looked at. */
  readonly cgroups?: {
    readonly page: string;
    readonly templates: readonly { readonly sum: bigint; readonly workload: WantedWorkload }[];
  };
  /** By pod key: what its next container becomes. */
  readonly pods?: ReadonlyMap<string, WantedWorkload>;
  /** Pages that containers will have which do not exist yet: these are written and stay. */
  readonly ahead?: readonly (readonly string[])[];
  /** By cgroup id of the container. */
  readonly handlers?: ReadonlyMap<bigint, readonly WantedHandler[]>;
}

/** With problems there are no ops and `applied` is what it was. */
export interface Change {
  readonly ops: readonly MapOp[];
  readonly applied: Applied;
  readonly problems: readonly EncodeProblem[];
}

function wantedPages(wanted: Wanted): Set<string> {
  const workloads = [
    ...wanted.workloads.values(),
    ...(wanted.pods?.values() ?? []),
    ...(wanted.cgroups?.templates ?? []).map(({ workload }) => workload),
  ];
  const pages = new Set([...workloads.map(({ pages: ids }) => ids), ...(wanted.ahead ?? [])].flat());
  if (wanted.cgroups !== undefined) pages.add(wanted.cgroups.page);
  return pages;
}

function placed(wanted: Wanted, applied: Applied): Placement {
  const placement = new Placement(applied);
  for (const id of wantedPages(wanted)) {
    if (placement.pages.has(id)) continue;
    const page = wanted.page(id);
    if (page === undefined) throw new Error(`page ${id} is wanted and its content is not known`);
    placement.add(page);
    if (placement.full !== undefined) break;
  }
  return placement;
}

/** Equal sets of rulesets have one generation, so that verdicts cached for one workload serve the others. */
class Generations {
  next: number;
  readonly #known = new Map<string, number>();

  constructor(applied: Applied) {
    this.next = applied.nextGeneration;
    const templates = [...applied.templates.values()].map(({ workload }) => workload);
    for (const { pages, pageCount, generation } of [
      ...templates,
      ...applied.pods.values(),
      ...applied.workloads.values(),
    ]) {
      this.#known.set(pages.slice(0, pageCount).join(), generation);
    }
  }

  of(rulesets: readonly number[]): number {
    const name = rulesets.join();
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const generation = this.next++;
    this.#known.set(name, generation);
    return generation;
  }
}

function encodeWorkload(wanted: WantedWorkload, placement: Placement, generations: Generations): RfWorkload {
  const pages = wanted.pages.flatMap((id) => placement.pages.get(id) ?? []);
  const rulesets = pages.map(({ ruleset }) => ruleset);
  return {
    owner: wanted.owner,
    generation: generations.of(rulesets),
    flags: wanted.flags,
    classes: pages.reduce((mask, { classes }) => mask | classes, 0),
    pageCount: rulesets.length,
    pages: rulesets,
  };
}

function sameWorkload(a: RfWorkload, b: RfWorkload | undefined): boolean {
  return (
    a.owner === b?.owner &&
    a.generation === b.generation &&
    a.flags === b.flags &&
    a.classes === b.classes &&
    a.pages.slice(0, a.pageCount).join() === b.pages.slice(0, b.pageCount).join()
  );
}

function diffTemplates(wanted: readonly AppliedTemplate[], applied: Applied, ruleset: number): MapOp[] {
  const written = new Batch('templates');
  for (const { key, workload } of wanted) {
    const known = applied.templates.get(templateName(key));
    if (sameWorkload(workload, known?.workload)) continue;
    written.add(RfTemplateKeyCodec.encode(key), RfWorkloadCodec.encode(workload));
  }
  const flip: MapOp[] = ruleset === applied.cgroupRuleset ? [] : [{ kind: 'set-cgroup-ruleset', ruleset }];
  return [...written.write(), ...flip];
}

function diffWorkloads(wanted: ReadonlyMap<bigint, RfWorkload>, applied: Applied): MapOp[] {
  const written = new Batch('workloads');
  const deleted = new Batch('workloads');
  for (const [cgroup, workload] of wanted) {
    if (sameWorkload(workload, applied.workloads.get(cgroup))) continue;
    written.add(u64Key(cgroup), RfWorkloadCodec.encode(workload));
  }
  for (const cgroup of applied.workloads.keys()) {
    if (!wanted.has(cgroup)) deleted.add(u64Key(cgroup));
  }
  return [...written.write(), ...deleted.delete()];
}

/** Written before the numbers are used: an agent that dies in between does not give them out again. */
function markGeneration(generations: Generations, applied: Applied): MapOp[] {
  if (generations.next === applied.nextGeneration) return [];
  const marked = new Batch('workloads');
  const mark = { owner: 0n, generation: generations.next - 1, flags: 0, classes: 0, pageCount: 0, pages: [] };
  marked.add(u64Key(GENERATION_MARK), RfWorkloadCodec.encode(mark));
  return marked.write();
}

function fullProblem(map: string): EncodeProblem {
  return { code: 'KERNEL_MAP_FULL', policies: [], expected: `room in the map ${map}`, got: 'none for these policies' };
}

function overfull(wanted: Wanted, applied: Applied, placement: Placement): string | undefined {
  if (placement.full !== undefined) return placement.full;
  if (wanted.workloads.size >= applied.capacity.workloads) return 'workloads';
  if ((wanted.pods?.size ?? 0) > applied.capacity.pods) return 'pods';
  const templates = (wanted.cgroups?.templates.length ?? 0) + applied.templates.size;
  return templates > applied.capacity.templates ? 'templates' : undefined;
}

/** A handler that finds no room is an entry like any other. */
function fittingHandlers(wanted: Wanted, { capacity }: Applied): ReturnType<typeof encodeHandlers> {
  return new Map([...encodeHandlers(wanted.handlers)].slice(0, capacity.handlers));
}

function rulesetsOf(pages: readonly (readonly string[])[], placement: Placement): Set<number> {
  return new Set(pages.flat().flatMap((id) => placement.pages.get(id)?.ruleset ?? []));
}

export function diffEntries(wanted: Wanted, applied: Applied): Change {
  const placement = placed(wanted, applied);
  const full = overfull(wanted, applied, placement);
  if (full !== undefined) return { ops: [], applied, problems: [fullProblem(full)] };
  const generations = new Generations(applied);
  const encoded = <K>(list: Iterable<readonly [K, WantedWorkload]>): Map<K, RfWorkload> =>
    new Map([...list].map(([key, workload]) => [key, encodeWorkload(workload, placement, generations)]));
  const cgroupRuleset = placement.pages.get(wanted.cgroups?.page ?? '')?.ruleset ?? 0;
  const combinations = encoded((wanted.cgroups?.templates ?? []).map(({ sum, workload }) => [sum, workload] as const));
  const templates = [...combinations].map(([combination, workload]) => ({
    key: { ruleset: cgroupRuleset, combination },
    workload,
  }));
  const [workloads, pods] = [encoded(wanted.workloads), encoded(wanted.pods ?? [])];
  const handlers = fittingHandlers(wanted, applied);
  const ops = [
    ...placement.ops(),
    ...markGeneration(generations, applied),
    ...diffPods(pods, applied.pods, sameWorkload),
    ...deleteHandlers(handlers, applied.handlers),
    ...writeHandlers(handlers, applied.handlers),
    ...diffTemplates(templates, applied, cgroupRuleset),
    ...diffWorkloads(workloads, applied),
  ];
  const next: Applied = {
    ...applied,
    ...placement.numbers(),
    workloads,
    pods,
    handlers,
    ahead: rulesetsOf(wanted.ahead ?? [], placement),
    templates: new Map([...applied.templates, ...templates.map((entry) => [templateName(entry.key), entry] as const)]),
    cgroupRuleset,
    nextGeneration: generations.next,
  };
  return { ops, applied: next, problems: [] };
}

/** One new entry of `pods`, out of pages that the kernel holds; undefined where it lacks one. */
export function announcePod(applied: Applied, key: string, wanted: WantedWorkload): Change | undefined {
  const placement = new Placement(applied);
  if (!wanted.pages.every((id) => placement.pages.has(id)) || applied.pods.size >= applied.capacity.pods)
    return undefined;
  const generations = new Generations(applied);
  const own = new Map([[key, encodeWorkload(wanted, placement, generations)]]);
  const ops = [...markGeneration(generations, applied), ...diffPods(own, new Map(), sameWorkload)];
  const pods = new Map([...applied.pods, ...own]);
  return { ops, applied: { ...applied, pods, nextGeneration: generations.next }, problems: [] };
}

/** One cgroup becomes what is wanted of it, out of pages that the kernel holds; undefined where it lacks one. */
export function bindWorkload(
  applied: Applied,
  cgroup: bigint,
  wanted: WantedWorkload,
  handlers: readonly WantedHandler[] = [],
): Change | undefined {
  const placement = new Placement(applied);
  if (!wanted.pages.every((id) => placement.pages.has(id))) return undefined;
  const generations = new Generations(applied);
  const workload = encodeWorkload(wanted, placement, generations);
  const own = encodeHandlers(new Map([[cgroup, handlers]]));
  const workloads = new Map([...applied.workloads, [cgroup, workload] as const]);
  if (workloads.size >= applied.capacity.workloads) return undefined;
  const ops = [
    ...markGeneration(generations, applied),
    ...writeHandlers(own, applied.handlers),
    ...diffWorkloads(new Map([[cgroup, workload]]), {
      ...applied,
      workloads: new Map([...applied.workloads].filter(([id]) => id === cgroup)),
    }),
  ];
  const next = {
    ...applied,
    workloads,
    handlers: new Map([...applied.handlers, ...own]),
    nextGeneration: generations.next,
  };
  return { ops, applied: next, problems: [] };
}

/**
 * The change was not made whole. Its pages may lack entries, so that nothing may be put on them; sweepEntries takes them
 * away. Read workloads and templates again (refreshApplied) before the next change.
 */
export function abandonChange(before: Applied, change: Change): Applied {
  const pages = [...change.applied.pages].map(
    ([id, page]) => [before.pages.has(id) ? id : `abandoned ${page.ruleset}`, page] as const,
  );
  return { ...change.applied, pages: new Map(pages) };
}
