// Takes away what an agent keeps on disk. What is not its own stays and is named, and with it the folder.

import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isUnfinished } from './atomic-file.js';
import { STATE_FILES } from './state.js';

export interface RemovedState {
  readonly removed: readonly string[];
  readonly left: readonly string[];
}

const FILES: ReadonlySet<string> = new Set(Object.values(STATE_FILES));

export function removeState(path: string): RemovedState {
  const objects = join(path, 'objects');
  const inner = removeFolder(objects, (name) => name.endsWith('.json'));
  const outer = removeFolder(path, (name) => FILES.has(name));
  return { removed: [...inner.removed, ...outer.removed], left: [...inner.left, ...outer.left] };
}

function removeFolder(folder: string, isOurs: (name: string) => boolean): RemovedState {
  if (!existsSync(folder)) return { removed: [], left: [] };
  const removed: string[] = [];
  const left: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const isKnown = isUnfinished(entry.name) || isOurs(entry.name.replace(/\.damaged$/, ''));
    if (entry.isFile() && isKnown) {
      rmSync(path);
      removed.push(path);
    } else {
      left.push(`${path}: not made by ringfence`);
    }
  }
  if (left.length > 0) return { removed, left };
  rmdirSync(folder);
  return { removed: [...removed, folder], left };
}
