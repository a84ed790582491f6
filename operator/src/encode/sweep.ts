// What nothing in the kernel refers to any more -> changes that take it away.

import { RfObjectKeyCodec, RfTemplateKeyCodec } from '../abi/abi.gen.js';
import { type Applied, referredRulesets } from './applied.js';
import type { Change } from './diff.js';
import { Batch, u32Key } from './ops.js';

/** Rulesets that nothing points at: pages, and those of templates. */
export function idleRulesets(applied: Applied): Set<number> {
  const referred = referredRulesets(applied);
  const held = [...applied.pages.values()].map(({ ruleset }) => ruleset);
  const matched = [...applied.templates.values()].map(({ key }) => key.ruleset);
  return new Set([...held, ...matched].filter((ruleset) => !referred.has(ruleset)));
}

/**
 * To be made when every program that ran while the pointers changed has ended, and with workloads read after that.
 * @param only rulesets that may go; all that nothing points at if absent
 */
export function sweepEntries(applied: Applied, only?: ReadonlySet<number>): Change {
  const idle = [...idleRulesets(applied)];
  const going = new Set(only === undefined ? idle : idle.filter((ruleset) => only.has(ruleset)));
  const stale = [...applied.templates].filter(([, { key }]) => going.has(key.ruleset));
  const gone = [...applied.pages].filter(([, { ruleset }]) => going.has(ruleset));
  if (stale.length + gone.length === 0) return { ops: [], applied, problems: [] };
  const batches = { templates: new Batch('templates'), rulesets: new Batch('rulesets'), objects: new Batch('objects') };
  const [words, items] = [applied.words.clone(), applied.items.clone()];
  for (const [, { key }] of stale) batches.templates.add(RfTemplateKeyCodec.encode(key));
  for (const [, page] of gone) {
    batches.rulesets.add(u32Key(page.ruleset));
    batches.objects.add(page.keys, undefined, page.keys.length / RfObjectKeyCodec.size);
    words.release(page.words);
    items.release(page.items);
  }
  const pages = new Map([...applied.pages].filter(([, { ruleset }]) => !going.has(ruleset)));
  const shapeIds = new Set([...pages.values()].flatMap(({ shapes }) => shapes));
  return {
    ops: [
      ...batches.templates.delete(),
      { kind: 'keep-inodes-of', rulesets: new Set([...pages.values()].map(({ ruleset }) => ruleset)) },
      ...batches.rulesets.delete(),
      ...batches.objects.delete(),
    ],
    applied: {
      ...applied,
      pages,
      shapes: new Map([...applied.shapes].filter(([, id]) => shapeIds.has(id))),
      words,
      items,
      templates: new Map([...applied.templates].filter(([, { key }]) => !going.has(key.ruleset))),
    },
    problems: [],
  };
}
