// Policies of a workload -> its pages. Which pages a set of policies has, and each page, is worked out once and kept from plan to
// plan; the content of a page is made again where the kernel turns out not to hold it.

import type { Layer } from '../compile/ir.js';
import { packApart, packRules, shapeProblems } from '../encode/pack.js';
import type { EffectivePolicy, LayerRule } from '../encode/pack.js';
import type { Page } from '../encode/page.js';
import type { EncodeProblem } from '../encode/problem.js';
import { encodePage, joinLayers } from '../encode/ruleset.js';
import type { EncodeContext } from '../encode/ruleset.js';
import { isDoubtful, selectionKey, selectionMiss } from '../workload/select.js';
import type { WorkloadIdentity } from '../workload/select.js';
import { PlanMemory } from './plan-memory.js';

const LAYERS: readonly Layer[] = ['cluster', 'node', 'namespace', 'host'];

export type PageName = Pick<Page, 'id' | 'policies'>;

interface KnownPage {
  readonly key: string;
  readonly rules: readonly LayerRule[];
  /** Absent with problems. */
  readonly name?: PageName;
  readonly problems: readonly EncodeProblem[];
}

/** With problems it has no pages. */
interface KnownLayer {
  readonly pages: readonly KnownPage[];
  readonly problems: readonly EncodeProblem[];
}

/** What the policies of one identity come to. */
export interface Assembled {
  readonly policies: readonly EffectivePolicy[];
  readonly pages: readonly string[];
  readonly named: readonly PageName[];
}

/** Layers and pages of this plan and the one before, by the versions of their policies. */
export class LayerMemory {
  readonly layers = new PlanMemory<KnownLayer>();
  readonly pages = new PlanMemory<KnownPage>();

  /** A new plan begins: what the last one did not use is forgotten. */
  turn(): void {
    this.layers.turn();
    this.pages.turn();
  }
}

function versionOf({ policy, refused, doubtful }: EffectivePolicy): string {
  return `${policy.uid}@${policy.generation}${policy.mode[0] ?? ''}${doubtful ? '?' : ''}${[...refused].join()}`;
}

/** A policy with many exceptions may be spread over several pages. */
function pageKey(rules: readonly LayerRule[]): string {
  const counts = new Map<EffectivePolicy, string[]>();
  for (const { of, rule } of rules) {
    const names = counts.get(of);
    if (names === undefined) counts.set(of, [rule.name]);
    else names.push(rule.name);
  }
  const isWhole = ([of, names]: [EffectivePolicy, string[]]): boolean => names.length === of.policy.rules.length;
  return [...counts].map((part) => versionOf(part[0]) + (isWhole(part) ? '' : `/${part[1].join('/')}`)).join();
}

export class PageBook {
  readonly problems: EncodeProblem[] = [];
  readonly #policies: readonly EffectivePolicy[];
  readonly #context: EncodeContext;
  readonly #memory: LayerMemory;
  readonly #assembled = new Map<string, Assembled>();
  readonly #fresh = new Map<string, Page>();
  readonly #told = new Set<EncodeProblem>();
  readonly #byNamespace = new Map<string, EffectivePolicy[]>();

  constructor(policies: readonly EffectivePolicy[], context: EncodeContext, memory: LayerMemory) {
    this.#policies = policies;
    this.#context = context;
    this.#memory = memory;
  }

  add(page: Page): void {
    this.#fresh.set(page.id, page);
  }

  /** Its content; the kernel may not hold it yet. */
  page(id: string): Page | undefined {
    const known = this.#fresh.get(id) ?? this.#again(id);
    if (known !== undefined) this.#fresh.set(id, known);
    return known;
  }

  assemble(identity: WorkloadIdentity): Assembled {
    const key = selectionKey(identity);
    const known = this.#assembled.get(key);
    if (known !== undefined) return known;
    const selected = this.#near(identity).filter(({ policy }) => selectionMiss(policy.scope, identity) === undefined);
    const policies = selected.map((one) =>
      isDoubtful(one.policy.scope, identity) ? { ...one, doubtful: true as const } : one,
    );
    const named = this.#pages(policies);
    const assembled = { policies, pages: named.map(({ id }) => id), named };
    this.#assembled.set(key, assembled);
    return assembled;
  }

  /** What was assembled for the identity, without working it out. */
  known(identity: WorkloadIdentity): Assembled | undefined {
    return this.#assembled.get(selectionKey(identity));
  }

  /** Pages that are shared widely, or fewer where a workload cannot have so many. */
  #pages(policies: readonly EffectivePolicy[]): readonly PageName[] {
    const layers = LAYERS.map((layer) => policies.filter(({ policy }) => policy.layer === layer));
    const apart = joinLayers(layers.map((layer) => this.#layer('apart', layer)));
    if (apart.problems.length === 0) return apart.pages;
    const packed = joinLayers(layers.map((layer) => this.#layer('packed', layer)));
    this.problems.push(...packed.problems);
    return packed.pages;
  }

  /** Policies that can be about it at all: those of other namespaces are many. */
  #near(identity: WorkloadIdentity): readonly EffectivePolicy[] {
    const namespace = identity.kind === 'Pod' ? identity.namespace : '';
    const known = this.#byNamespace.get(namespace);
    if (known !== undefined) return known;
    const near = this.#policies.filter(({ policy: { scope } }) => {
      return scope.scope === 'Host' || scope.namespace === undefined || scope.namespace === namespace;
    });
    this.#byNamespace.set(namespace, near);
    return near;
  }

  #layer(packing: 'apart' | 'packed', policies: readonly EffectivePolicy[]): readonly PageName[] {
    if (policies.length === 0) return [];
    const pack = packing === 'apart' ? packApart : packRules;
    const key = `${packing} ${policies.map(versionOf).join()}`;
    const layer = this.#memory.layers.get(key, () => this.#encodeLayer(policies, pack(policies)));
    for (const page of layer.pages) this.#memory.pages.get(page.key, () => page);
    this.#tell(layer.problems);
    return layer.pages.flatMap(({ name }) => name ?? []);
  }

  #encodeLayer(policies: readonly EffectivePolicy[], packed: readonly LayerRule[][]): KnownLayer {
    const shapes = shapeProblems(policies);
    if (shapes.length > 0) return { pages: [], problems: shapes };
    const pages = packed.map((rules) => {
      const key = pageKey(rules);
      return this.#memory.pages.get(key, () => this.#encodePage(key, rules));
    });
    const problems = pages.flatMap((page) => page.problems);
    return problems.length > 0 ? { pages: [], problems } : { pages, problems };
  }

  #encodePage(key: string, rules: readonly LayerRule[]): KnownPage {
    const { page, problems } = encodePage(rules, this.#context);
    if (page === undefined) return { key, rules, problems };
    this.add(page);
    return { key, rules, name: { id: page.id, policies: page.policies }, problems };
  }

  #again(id: string): Page | undefined {
    const known = this.#memory.pages.find(({ name }) => name?.id === id);
    return known && encodePage(known.rules, this.#context).page;
  }

  #tell(problems: readonly EncodeProblem[]): void {
    for (const problem of problems) {
      if (this.#told.has(problem)) continue;
      this.#told.add(problem);
      this.problems.push(problem);
    }
  }
}
