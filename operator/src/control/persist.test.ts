import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../errors.js';
import type { Clock } from '../source/clock.js';
import type { GoodObject } from '../source/merge.js';
import { emptyRegistry, Registry } from '../source/registry.js';
import { StateDirectory } from '../source/state.js';
import { Persister } from './persist.js';

let path = '';
let retries: (() => void)[] = [];
let faults: (string | undefined)[] = [];
const clock: Clock = {
  now: () => 0,
  after: (_, then) => {
    retries.push(then);
    return () => undefined;
  },
};

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'rf-persist-'));
  [retries, faults] = [[], []];
});

afterEach(async () => {
  await rm(path, { recursive: true, force: true });
});

function good(uid: string, generation: number): [string, GoodObject] {
  return [
    uid,
    {
      uid,
      generation,
      kind: 'RuntimePolicy',
      namespace: '',
      name: uid,
      source: 'File',
      file: 'f',
      text: `v${generation}`,
    },
  ];
}

function persister(folder: string): Persister {
  const onFault = (fault: Fault | undefined): void => void faults.push(fault?.code);
  return new Persister(
    { state: new StateDirectory(folder), registry: new Registry(emptyRegistry()), clock, onFault },
    [],
  );
}

describe('Persister', () => {
  it('writes what changed, removes what went, and keeps the last good version of what failed', async () => {
    const one = persister(path);
    one.keep(new Map([good('a', 1), good('b', 1), good('c', 1)]), new Set());
    await one.flush();
    one.keep(new Map([good('a', 2)]), new Set(['c']));
    await one.flush();
    const { objects } = await new StateDirectory(path).load();
    expect(objects.map(({ uid, text }) => `${uid} ${text}`)).toEqual(['a v2', 'c v1']);
  });

  it('says once that the disk refuses, tries again, and says when it is over', async () => {
    const folder = join(path, 'state');
    await writeFile(folder, 'in the way');
    const one = persister(folder);
    one.keep(new Map([good('a', 1)]), new Set());
    await one.flush();
    retries.shift()?.();
    await one.flush();
    expect(faults).toEqual(['SOURCE_STATE_UNWRITABLE']);
    await rm(folder);
    retries.shift()?.();
    await one.flush();
    expect(faults).toEqual(['SOURCE_STATE_UNWRITABLE', undefined]);
    expect(await readdir(join(folder, 'objects'))).toEqual(['a.json']);
  });
});
