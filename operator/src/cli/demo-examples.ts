// The example policies, rule by rule, with what this kernel can promise for each.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPolicies } from '../control/offline.js';
import type { KernelOffer } from '../control/offline.js';
import { SourceFault } from '../errors.js';
import { standRule } from '../report/guarantee.js';
import { renderTable } from '../report/table.js';

/** From build/operator/src/cli and from operator/src/cli alike. */
function examplesFolder(): string | undefined {
  const places = ['../../../../examples', '../../../examples'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  return places.find((place) => existsSync(place));
}

/** @throws SourceFault where the product was installed without its examples */
export function demoPolicies(): string {
  const folder = examplesFolder();
  if (folder !== undefined) return join(folder, 'demo');
  throw new SourceFault('SOURCE_UNREADABLE', 'find the policies of the demonstration', {
    hint: 'run it from a checkout',
  });
}

export async function exampleGuarantees({ backends }: KernelOffer): Promise<string[]> {
  const folder = examplesFolder();
  if (folder === undefined) return ['the examples are not part of this installation'];
  const rows: string[][] = [];
  for (const name of readdirSync(folder).sort()) {
    const files = readdirSync(join(folder, name)).filter((file) => file.endsWith('.yaml') && file !== 'expect.yaml');
    const { policies } = await readPolicies(files.map((file) => join(folder, name, file)));
    for (const policy of policies) {
      for (const rule of policy.rules) {
        const { effect, guarantee, refused } = standRule(rule, backends);
        rows.push([name, policy.name, rule.name, rule.action, refused ? 'Report' : effect, guarantee]);
      }
    }
  }
  return renderTable(['EXAMPLE', 'POLICY', 'RULE', 'ACTION', 'EFFECT', 'GUARANTEE'], rows);
}
