// What an agent keeps in the kernel, to be compared before and after.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { listIds } from '../../../operator/src/kernel/index.js';
import type { Backend } from './cases.js';
import { openPinned } from './driver.js';

/** Maps of which some grow with what is counted and seen, not with what is wanted. */
const MAPS = [
  'objects',
  'shapes',
  'pattern_words',
  'pattern_items',
  'rulesets',
  'workloads',
  'templates',
  'inodes',
  'node',
  'stats',
];

export interface Kept {
  /** Links and programs of the set in force: an agent that adopts it changes neither. */
  readonly attached: readonly string[];
  readonly pins: readonly string[];
  readonly memoryBytes: number;
}

export function keptBy(runFolder: string, backend: Backend): Kept {
  const engine = openPinned(runFolder, backend);
  try {
    return {
      attached: engine
        .attached()
        .map(({ name, programId, linkId }) => `${name} ${String(programId)} ${String(linkId)}`),
      pins: readdirSync(join(runFolder, 'bpf'), { recursive: true }).map(String).sort(),
      memoryBytes: MAPS.reduce((sum, name) => sum + engine.map(name).memoryBytes(), 0),
    };
  } finally {
    engine.close();
  }
}

/** Ids of every BPF object of the machine. */
export function allIds(): Readonly<Record<string, readonly number[]>> {
  return { programs: listIds('program'), links: listIds('link'), maps: listIds('map') };
}
