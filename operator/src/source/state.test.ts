import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Registry, emptyRegistry } from './registry.js';
import { StateDirectory } from './state.js';
import type { StoredObject } from './state.js';

let path = '';

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'rf-state-'));
});

afterEach(async () => {
  await rm(path, { recursive: true, force: true });
});

const OBJECT: StoredObject = {
  uid: 'u1',
  kind: 'RuntimePolicy',
  namespace: 'shop',
  name: 'p',
  generation: 3,
  file: 'a.yaml',
  text: 'kind: RuntimePolicy\n',
};

describe('StateDirectory', () => {
  it('writes a file that is saved again before it is written', async () => {
    const state = new StateDirectory(path);
    await Promise.all([1, 2, 3].map((count) => state.saveCounts({ count })));
    expect((await new StateDirectory(path).load()).counts).toMatchObject({ count: 3 });
  });

  it('gives back after a restart what was saved', async () => {
    const state = new StateDirectory(path);
    const registry = new Registry(emptyRegistry());
    registry.ruleKey('u1', 'r');
    await state.saveObject(OBJECT);
    await state.saveRegistry(registry.data());
    await state.savePause({ since: 's', until: 'u' });
    const loaded = await new StateDirectory(path).load();
    expect(loaded.objects).toMatchObject([OBJECT]);
    expect(loaded.registry.rules).toEqual({ 'u1/r': 1 });
    expect(loaded.pause).toMatchObject({ until: 'u' });
    expect(loaded.faults).toEqual([]);
  });

  it('forgets what was removed', async () => {
    const state = new StateDirectory(path);
    await state.saveObject(OBJECT);
    await state.savePause({ since: 's', until: 'u' });
    await state.removeObject('u1');
    await state.savePause(undefined);
    expect(await state.load()).toMatchObject({ objects: [], pause: undefined });
  });

  it('sets a damaged file aside and uses the rest', async () => {
    const state = new StateDirectory(path);
    await state.saveObject(OBJECT);
    await writeFile(join(path, 'objects/u2.json'), '{"format":1,"uid":');
    await writeFile(join(path, 'registry.json'), '{"format":1}');
    const loaded = await state.load();
    expect(loaded.objects.map((object) => object.uid)).toEqual(['u1']);
    expect(loaded.faults.map((fault) => fault.code)).toEqual(['SOURCE_STATE_CORRUPT', 'SOURCE_STATE_CORRUPT']);
    expect(await readdir(join(path, 'objects'))).toContain('u2.json.damaged');
  });

  it('names the fault when it cannot be written and leaves nothing half', async () => {
    await writeFile(join(path, 'file'), '');
    const state = new StateDirectory(join(path, 'file'));
    await expect(state.saveObject(OBJECT)).rejects.toMatchObject({ code: 'SOURCE_STATE_UNWRITABLE', errno: 'ENOTDIR' });
    expect((await state.load()).faults.map((fault) => fault.code)).toContain('SOURCE_STATE_UNWRITABLE');
  });
});

describe('Registry', () => {
  it('never gives one key to two rules, also when keys of the kernel are unknown to it', () => {
    const registry = new Registry(emptyRegistry());
    const first = registry.ruleKey('u', 'a');
    registry.reserve(40);
    expect([registry.ruleKey('u', 'a'), registry.ruleKey('u', 'b')]).toEqual([first, 41]);
  });

  it('counts a generation when content changes and goes on after a removal', () => {
    const registry = new Registry(emptyRegistry());
    expect([registry.generation('u', 'x'), registry.generation('u', 'x'), registry.generation('u', 'y')]).toEqual([
      1, 1, 2,
    ]);
    const later = new Registry(registry.data());
    expect([later.generation('u', 'y'), later.generation('u', 'x')]).toEqual([2, 3]);
  });
});
