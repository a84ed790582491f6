import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeState } from './remove-state.js';
import { STATE_FILES, StateDirectory } from './state.js';

const OBJECT = { uid: 'u1', kind: 'RuntimePolicy', namespace: 'n', name: 'p', generation: 1, file: 'f', text: 't' };

describe('state that is removed', () => {
  let top: string;
  let path: string;

  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'ringfence-state-'));
    path = join(top, 'state');
  });
  afterEach(() => {
    rmSync(top, { recursive: true, force: true });
  });

  it('is all that an agent writes, damaged and unfinished files too', async () => {
    const state = new StateDirectory(path);
    await state.load();
    await state.saveObject(OBJECT);
    await state.saveRegistry({ nextKey: 1, rules: {}, generations: {} });
    await state.savePause({ since: 'a', until: 'b' });
    await state.saveCluster({ pods: [], namespaces: {}, nodeLabels: {}, emergency: false });
    await state.saveCounts({});
    for (const name of Object.values(STATE_FILES)) writeFileSync(join(path, name), '{}');
    writeFileSync(join(path, 'objects', 'u2.json.damaged'), '');
    const { removed, left } = removeState(path);
    expect(left).toEqual([]);
    expect(removed).toContain(join(path, 'cluster.json'));
    expect(existsSync(path)).toBe(false);
  });

  it('leaves what is not its own, and says so', () => {
    mkdirSync(path);
    writeFileSync(join(path, 'registry.json'), '');
    writeFileSync(join(path, 'notes.txt'), '');
    expect(removeState(path)).toEqual({
      removed: [join(path, 'registry.json')],
      left: [`${join(path, 'notes.txt')}: not made by ringfence`],
    });
    expect(existsSync(path)).toBe(true);
  });

  it('may be none', () => {
    expect(removeState(path)).toEqual({ removed: [], left: [] });
  });
});
