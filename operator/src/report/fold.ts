// Node states -> the status of one policy (POLICY.md section 10).

import type { KernelStatus, PodCounts, PolicyStatus, RuleStatus } from '../policy/schema.gen.js';
import { judgeFold } from './fold-conditions.js';
import { clusterFindings } from './fold-findings.js';
import { describeFindings, fitStatus, listProblems } from './fold-lists.js';
import { foldNodes, holders } from './fold-nodes.js';
import type { FoldInput, Folded, NodeAnswer, NodeStanding, RuleAnswer } from './fold-nodes.js';
import { lowestEffect, lowestOffer } from './guarantee.js';
import type { Effect, Offer } from './guarantee.js';

export function foldStatus(input: FoldInput): PolicyStatus {
  return foldPolicy(input).status;
}

/** The status, and what it was made of. */
export function foldPolicy(input: FoldInput): { readonly status: PolicyStatus; readonly folded: Folded } {
  const folded = foldNodes(input);
  return { status: statusOf(folded), folded };
}

function statusOf(folded: Folded): PolicyStatus {
  const { input } = folded;
  const conditions = judgeFold(folded);
  const guarantee = guaranteeOf(folded);
  return fitStatus(
    {
      observedGeneration: input.policy.generation,
      conditions,
      ...(guarantee === undefined ? {} : { guarantee }),
      nodes: folded.nodes,
      pods: countPods(folded),
      violations: input.counts.violations,
      rules: foldRules(folded),
      kernels: foldKernels(folded),
      problems: [],
      findings: [],
    },
    listProblems(folded),
    [...describeFindings(input.policy.issues), ...clusterFindings(folded)],
  );
}

/** Rules that only audit promise nothing and are left out. */
function guaranteeOf(folded: Folded): Offer | undefined {
  const offers = holders(folded).flatMap(({ rules }) => offersOf(rules));
  return offers.length === 0 ? undefined : lowestOffer(offers);
}

function offersOf(rules: readonly RuleAnswer[]): Offer[] {
  return rules.filter(({ rule }) => rule.action !== 'Audit').map(({ standing }) => standing.guarantee);
}

function countPods(folded: Folded): PodCounts {
  const { uid } = folded.input.policy;
  const selectedOn = ({ node }: NodeAnswer): number => node.state.selected?.[uid] ?? 0;
  const matched = sum(folded.answers.map(selectedOn));
  const { podsWithoutAgent } = folded.input;
  return {
    matched: matched + podsWithoutAgent,
    protected: sum(folded.answers.filter(({ standing }) => PROTECTS.has(standing)).map(selectedOn)),
    predating: sum(folded.answers.map(({ node }) => node.state.predating?.[uid] ?? 0)),
    withoutAgent: podsWithoutAgent,
  };
}

const PROTECTS: ReadonlySet<NodeStanding> = new Set(['enforced', 'degraded']);

function foldRules(folded: Folded): RuleStatus[] {
  const { policy, counts } = folded.input;
  const holding = holders(folded);
  return (policy.ir?.rules ?? []).map((rule, index) => {
    const answers = holding.flatMap(({ rules, standing }) => {
      const answer = rules[index];
      return answer === undefined ? [] : [{ ...answer.standing, monitored: standing === 'monitored' }];
    });
    const effects = answers.map(({ effect, refused, monitored }): Effect =>
      refused || monitored ? reported(effect) : effect,
    );
    const { violations, departed } = counts.rules.get(rule.name) ?? { violations: 0, departed: 0 };
    return {
      name: rule.name,
      ...(answers.length === 0
        ? {}
        : { effect: lowestEffect(effects), guarantee: lowestOffer(answers.map(({ guarantee }) => guarantee)) }),
      nodes: answers.filter(({ refused }) => !refused).length,
      violations,
      ...(departed > 0 ? { departed } : {}),
    };
  });
}

/** What is left of an effect where the node does not interfere. */
function reported(effect: Effect): Effect {
  return effect === 'None' ? 'None' : 'Report';
}

const KERNELS_MAX = 8;

function foldKernels(folded: Folded): KernelStatus[] {
  const kernels = new Map<string, { nodes: number; offers: Offer[] }>();
  for (const { node, rules } of holders(folded)) {
    const release = node.state.kernel?.release ?? 'unknown';
    const kernel = kernels.get(release) ?? { nodes: 0, offers: [] };
    kernels.set(release, kernel);
    kernel.nodes += 1;
    kernel.offers.push(...offersOf(rules));
  }
  return [...kernels]
    .map(([release, { nodes, offers }]) => ({
      release,
      nodes,
      ...(offers.length > 0 && { guarantee: lowestOffer(offers) }),
    }))
    .sort((a, b) => b.nodes - a.nodes || (a.release < b.release ? -1 : 1))
    .slice(0, KERNELS_MAX);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
