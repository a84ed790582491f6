// Policies of a workload -> its pages. Layers are encoded once for each set of policies, and from plan to plan only those that
// have changed; the content of a page is made again where the kernel turns out not to hold it.

import type { Layer } from '../compile/ir.js';
import type { EffectivePolicy } from '../encode/pack.js';
import type { Page } from '../encode/page.js';
import type { EncodeProblem } from '../encode/problem.js';
import { encodeLayer, joinLayers } from '../encode/ruleset.js';
import type { EncodeContext } from '../encode/ruleset.js';
import { isDoubtful, selectionKey, selectionMiss } from '../workload/select.js';
import type { WorkloadIdentity } from '../workload/select.js';

const LAYERS: readonly Layer[] = ['cluster', 'node', 'namespace', 'host'];

type PageName = Pick<Page, 'id' | 'policies'>;

interface KnownLayer {
  readonly policies: readonly EffectivePolicy[];
  readonly pages: readonly PageName[];
  readonly problems: readonly EncodeProblem[];
}

/** What the policies of one identity come to. */
export interface Assembled {
  readonly policies: readonly EffectivePolicy[];
  readonly pages: readonly string[];
}

/** Layers of this plan and the one before, by the versions of their policies. */
export class LayerMemory {
  #now = new Map<string, KnownLayer>();
  #before = new Map<string, KnownLayer>();

  /** A new plan begins: what the last one did not use is forgotten. */
  turn(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  layer(key: string, encode: () => KnownLayer): KnownLayer {
    const known = this.#now.get(key) ?? this.#before.get(key) ?? encode();
    this.#now.set(key, known);
    return known;
  }

  withPage(id: string): KnownLayer | undefined {
    return [...this.#now.values()].find(({ pages }) => pages.some((page) => page.id === id));
  }
}

function versionOf({ policy, refused, doubtful }: EffectivePolicy): string {
  return `${policy.uid}@${policy.generation}${policy.mode[0] ?? ''}${doubtful ? '?' : ''}${[...refused].join()}`;
}

export class PageBook {
  readonly problems: EncodeProblem[] = [];
  readonly #policies: readonly EffectivePolicy[];
  readonly #context: EncodeContext;
  readonly #memory: LayerMemory;
  readonly #assembled = new Map<string, Assembled>();
  readonly #fresh = new Map<string, Page>();
  readonly #told = new Set<KnownLayer>();
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
    const known = this.#fresh.get(id);
    const layer = known ? undefined : this.#memory.withPage(id);
    if (layer !== undefined) this.#encodeLayer(layer.policies);
    return known ?? this.#fresh.get(id);
  }

  assemble(identity: WorkloadIdentity): Assembled {
    const key = selectionKey(identity);
    const known = this.#assembled.get(key);
    if (known !== undefined) return known;
    const selected = this.#near(identity).filter(({ policy }) => selectionMiss(policy.scope, identity) === undefined);
    const policies = selected.map((one) =>
      isDoubtful(one.policy.scope, identity) ? { ...one, doubtful: true as const } : one,
    );
    const layers = LAYERS.map((layer) => this.#layer(policies.filter(({ policy }) => policy.layer === layer)));
    const joined = joinLayers(layers);
    this.problems.push(...joined.problems);
    const assembled = { policies, pages: joined.pages.map(({ id }) => id) };
    this.#assembled.set(key, assembled);
    return assembled;
  }

  /** What was assembled for the identity, without working it out. */
  known(identity: WorkloadIdentity): Assembled | undefined {
    return this.#assembled.get(selectionKey(identity));
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

  #layer(policies: readonly EffectivePolicy[]): readonly PageName[] {
    if (policies.length === 0) return [];
    const layer = this.#memory.layer(policies.map(versionOf).join(), () => this.#encodeLayer(policies));
    if (!this.#told.has(layer)) this.problems.push(...layer.problems);
    this.#told.add(layer);
    return layer.pages;
  }

  #encodeLayer(policies: readonly EffectivePolicy[]): KnownLayer {
    const { pages, problems } = encodeLayer(policies, this.#context);
    for (const page of pages) this.#fresh.set(page.id, page);
    return { policies, pages: pages.map(({ id, policies: uids }) => ({ id, policies: uids })), problems };
  }
}
