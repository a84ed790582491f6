// The life of a set in the kernel: loaded by the loader process, adopted, replaced, removed; all of it or nothing.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../operator/src/errors.js';
import { adoptEngine, loadEngine } from '../../operator/src/kernel/engine.js';
import type { Engine, LoadOptions } from '../../operator/src/kernel/engine.js';
import { lockRunDirectory } from '../../operator/src/kernel/lock.js';
import { cgroup2Root, memoryCgroup1Root, readMounts } from '../../operator/src/kernel/mounts.js';
import { builtFile, native } from '../../operator/src/kernel/native.js';
import { engineSet, makeSet, mountPins, stagingSet } from '../../operator/src/kernel/pins.js';
import { probeKernel, requireBackend } from '../../operator/src/kernel/probe.js';
import { uninstall } from '../../operator/src/kernel/uninstall.js';
import { compileTestObject, firstU64, TEST_LAYOUT, TEST_PROGRAMS, u32, u64, waitFor } from './object.js';

const runDir = `/run/ringfence-test-${process.pid}`;
const dir = join(runDir, 'bpf');
let objectPath = '';
let otherBuild = '';
let otherLayout = '';
let engines: Engine[] = [];

beforeAll(() => {
  objectPath = compileTestObject('probe');
  otherBuild = compileTestObject('other-build', '-DOTHER_BUILD');
  otherLayout = compileTestObject('other-layout', '-DOTHER_LAYOUT');
});

beforeEach(() => {
  engines = [];
});

afterEach(() => {
  for (const engine of engines) engine.close();
  expect(uninstall(dir).left).toEqual([]);
  expect(existsSync(runDir)).toBe(false);
});

function options(extra: Partial<LoadOptions> = {}): LoadOptions {
  return { dir, objectPath, backend: 'tracepoint', programs: TEST_PROGRAMS, layoutHash: TEST_LAYOUT, ...extra };
}

function load(extra: Partial<LoadOptions> = {}): Engine {
  const { engine } = loadEngine(options(extra));
  engines.push(engine);
  return engine;
}

function adopt(extra: Partial<LoadOptions> = {}): Engine | undefined {
  const engine = adoptEngine(options(extra));
  if (engine !== undefined) engines.push(engine);
  return engine;
}

function fault(action: () => unknown): Fault {
  try {
    action();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('expected a fault');
}

const isMountPoint = (): boolean => readMounts().some((mount) => mount.point === dir);
const kernelPins = ['maps.debug', 'progs.debug'];
const sets = (): string[] => readdirSync(dir).filter((name) => !kernelPins.includes(name));

describe('load', () => {
  it('attaches and pins the programs of the backend and no others', () => {
    const engine = load();
    expect(engine.backend).toBe('tracepoint');
    expect(engine.attached()).toEqual([
      {
        name: 'exec_seen',
        hook: 'tp_btf/sched_process_exec',
        programId: expect.any(Number) as number,
        linkId: expect.any(Number) as number,
      },
    ]);
    expect(native().listIds('link')).toContain(engine.attached()[0]?.linkId);
    expect(readdirSync(join(engineSet(dir), 'programs')).sort()).toEqual(['exec_seen', 'tasks', 'test_send']);
    expect(readdirSync(join(engineSet(dir), 'maps')).sort()).toEqual(['events', 'objects', 'rodata', 'stats']);
  });

  it('pins into a file system of its own that only root can enter', () => {
    load();
    expect(native().isBpffs(dir)).toBe(true);
    const mount = readMounts().find((one) => one.point === dir);
    expect(mount).toMatchObject({ type: 'bpf', source: 'ringfence' });
    expect(mount?.superOptions).toContain('mode=700');
    const mode = (path: string): number => statSync(path).mode & 0o777;
    expect([engineSet(dir), join(engineSet(dir), 'links')].map(mode)).toEqual([0o700, 0o700]);
    expect(mode(join(engineSet(dir), 'links', 'exec_seen'))).toBe(0o600);
  });

  it('makes the maps outside the cgroup of the agent, so that their memory is not charged to it', () => {
    const mounts = readMounts();
    const first = memoryCgroup1Root(mounts);
    const cgroup = join(first ?? cgroup2Root(mounts) ?? '', `ringfence-test-${process.pid}`);
    const usage = (): number => {
      const file = join(cgroup, first === undefined ? 'memory.current' : 'memory.usage_in_bytes');
      return Number(readFileSync(file, 'utf8'));
    };
    mkdirSync(cgroup);
    try {
      const wanted = JSON.stringify(options({ mapEntries: { objects: 4 * 1024 * 1024 } }));
      const script = `
        require('node:fs').writeFileSync(${JSON.stringify(join(cgroup, 'cgroup.procs'))}, String(process.pid));
        import(${JSON.stringify(builtFile('operator/src/kernel/engine.js'))}).then(({ loadEngine }) => loadEngine(${wanted}));`;
      expect(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stderr).toBe('');
      const bytes =
        adopt({ mapEntries: { objects: 4 * 1024 * 1024 } })
          ?.map('objects')
          .memoryBytes() ?? 0;
      expect(bytes).toBeGreaterThan(48 * 1024 * 1024);
      expect(usage()).toBeLessThan(bytes / 2);
    } finally {
      rmdirSync(cgroup);
    }
  });

  it('hands over variables and map sizes', () => {
    const engine = load({ variables: { only_tgid: 1n }, mapEntries: { objects: 99 } });
    expect(engine.map('objects').maxEntries).toBe(99);
    spawnSync('/bin/true');
    expect(engine.map('stats').lookupPerCpu(u32(0)).map(firstU64)).toEqual(
      Array.from({ length: native().possibleCpus() }, () => 0n),
    );
  });

  it('goes on without the agent: the program counts after every handle is closed', () => {
    const engine = load();
    const total = (one: Engine): bigint =>
      one
        .map('stats')
        .lookupPerCpu(u32(0))
        .map(firstU64)
        .reduce((a, b) => a + b);
    const before = total(engine);
    engine.close();
    spawnSync('/bin/true');
    expect(total(adopt() as Engine)).toBeGreaterThan(before);
  });
});

describe('a load that fails leaves nothing behind', () => {
  const programs = (state: 'ok' | 'rejected'): LoadOptions['programs'] =>
    state === 'ok'
      ? TEST_PROGRAMS
      : [
          ...TEST_PROGRAMS,
          {
            name: 'rejected',
            hook: 'tp_btf/sched_process_fork',
            backends: ['tracepoint'],
            classes: [],
            denies: false,
            signals: false,
            absent: 'fatal',
          },
        ];

  it.each([
    ['a missing object', { objectPath: '/nonexistent.o' }, 'KERNEL_OBJECT_MISSING'],
    ['a program that the verifier rejects', { programs: programs('rejected') }, 'KERNEL_LOAD_REJECTED'],
    ['an object of another layout', { layoutHash: '00000000deadbeef' }, 'KERNEL_LAYOUT_MISMATCH'],
    [
      'a backend that this kernel refuses or an object has not',
      { backend: 'lsm' as const, programs: [{ ...TEST_PROGRAMS[3], hook: 'lsm/no_such' }] as LoadOptions['programs'] },
      'KERNEL_NO_BACKEND',
    ],
    ['a map that does not exist', { mapEntries: { nope: 5 } }, 'KERNEL_LOAD_REJECTED'],
  ])('%s', (_, extra, code) => {
    const error = fault(() => load(extra as Partial<LoadOptions>));
    expect(error.code).toBe(code);
    expect(isMountPoint()).toBe(false);
  });

  it('a mount point that cannot be made is a fault with its errno', () => {
    const error = fault(() => loadEngine(options({ dir: '/proc/self/status/bpf' })));
    expect(error).toMatchObject({ code: 'KERNEL_NO_BPFFS', errno: 'ENOTDIR' });
  });

  it('the verifier log is a property that names the program, not message text', () => {
    const error = fault(() => load({ programs: programs('rejected') as never }));
    expect(error.attempt).toBe('load program rejected');
    expect(error.errno).toBe('EACCES');
    expect(error.properties['verifierLog']).toContain('invalid bpf_context access');
    expect(error.message).not.toContain('invalid bpf_context access');
  });

  it('the set in force stays in force', () => {
    const engine = load();
    const before = engine.attached();
    fault(() => load({ programs: programs('rejected') as never }));
    expect(engine.attached()).toEqual(before);
    expect(sets()).toEqual(['engine']);
  });
});

describe('adopt', () => {
  it('takes over the set with its content', () => {
    load().map('objects').update(u64(5n), u64(6n));
    const before = engines[0]?.attached();
    const adopted = adopt();
    expect(adopted?.attached()).toEqual(before);
    expect(adopted?.map('objects').lookup(u64(5n))).toEqual(u64(6n));
  });

  it('finds nothing on a clean machine', () => {
    expect(adopt()).toBeUndefined();
  });

  it.each([
    ['of another build', () => ({ objectPath: otherBuild })],
    ['of another layout', () => ({ objectPath: otherLayout, layoutHash: '99aabbccddeeff00' })],
    ['with other variables', () => ({ variables: { only_tgid: 7n } })],
    ['with other sizes', () => ({ mapEntries: { objects: 5 } })],
  ])('refuses a set %s', (_, extra) => {
    load();
    expect(adopt(extra())).toBeUndefined();
    expect(adopt()).toBeDefined();
  });

  it('refuses a set with a program that is no longer attached', () => {
    load();
    rmSync(join(engineSet(dir), 'links', 'exec_seen'));
    expect(adopt()).toBeUndefined();
  });

  it('removes what a crashed loader left, attached programs included', () => {
    load();
    const gone = spawnSync('/bin/true').pid;
    const stale = stagingSet(dir, gone);
    makeSet(stale);
    const { BpfObject } = native();
    const object = new BpfObject(objectPath);
    object.load();
    const link = object.program('exec_seen').attach();
    link.pin(join(stale, 'links', 'exec_seen'));
    const { id } = link.info();
    link.close();
    object.close();
    expect(native().listIds('link')).toContain(id);
    adopt();
    expect(sets()).toEqual(['engine']);
    expect(native().listIds('link')).not.toContain(id);
  });
});

describe('replace', () => {
  it('another build keeps the maps of the same layout, and old and new are never both absent', () => {
    const old = load();
    old.map('objects').update(u64(5n), u64(6n));
    const { linkId } = old.attached()[0] ?? { linkId: 0 };
    const { engine, reusedMaps } = loadEngine(options({ objectPath: otherBuild }));
    engines.push(engine);
    expect([...reusedMaps].sort()).toEqual(['events', 'objects', 'stats']);
    expect(engine.map('objects').lookup(u64(5n))).toEqual(u64(6n));
    old.close();
    expect(native().listIds('link')).not.toContain(linkId);
    expect(sets()).toEqual(['engine']);
    expect(adopt({ objectPath: otherBuild })).toBeDefined();
  });

  it('a map whose size changes is made anew', () => {
    load();
    const { engine, reusedMaps } = loadEngine(options({ mapEntries: { objects: 50 } }));
    engines.push(engine);
    expect([...reusedMaps].sort()).toEqual(['events', 'stats']);
    expect(engine.map('objects').maxEntries).toBe(50);
  });

  it('another layout shares nothing, is filled beside the old set and then takes its place', () => {
    const old = load();
    old.map('objects').update(u64(5n), u64(6n));
    const before = old.attached();
    const extra = { objectPath: otherLayout, layoutHash: '99aabbccddeeff00' };
    const { engine, reusedMaps } = loadEngine(options({ ...extra, commit: false }));
    engines.push(engine);
    expect(reusedMaps).toEqual([]);
    expect(old.attached()).toEqual(before);
    engine.map('objects').update(u64(7n), u64(8n));
    engine.commit();
    engine.commit();
    expect(sets()).toEqual(['engine']);
    const adopted = adopt(extra);
    expect(adopted?.map('objects').lookup(u64(7n))).toEqual(u64(8n));
    expect(adopted?.map('objects').lookup(u64(5n))).toBeUndefined();
  });

  it('30 times adopt and replace leave one set and no kernel objects', () => {
    load();
    const mine: number[] = [];
    for (let round = 0; round < 30; round++) {
      const { engine } = loadEngine(options(round % 2 ? {} : { objectPath: otherBuild }));
      mine.push(...engine.attached().map((program) => program.linkId));
      engine.close();
    }
    const alive = new Set(native().listIds('link'));
    expect(mine.filter((id) => alive.has(id))).toEqual([mine.at(-1)]);
    expect(sets()).toEqual(['engine']);
  });
});

describe('engine', () => {
  it('reads maps entry by entry, more than one batch of them', () => {
    const map = load().map('objects');
    const keys = BigUint64Array.from({ length: 3000 }, (_, index) => BigInt(index));
    map.updateBatch(new Uint8Array(keys.buffer), new Uint8Array(keys.buffer), keys.length);
    const seen = new Set([...map.entries()].map(([key, value]) => `${firstU64(key)}=${firstU64(value)}`));
    expect(seen.size).toBe(3000);
    expect(seen.has('2999=2999')).toBe(true);
  });

  it('a full map is a fault that says so', () => {
    const map = load({ mapEntries: { objects: 2 } }).map('objects');
    map.update(u64(1n), u64(1n));
    map.update(u64(2n), u64(2n));
    expect(fault(() => map.update(u64(3n), u64(3n))).code).toBe('KERNEL_MAP_FULL');
  });

  it('delivers events until it is told to stop', async () => {
    const engine = load();
    const got: bigint[] = [];
    engine.startEvents((records) => got.push(...records.map(firstU64)));
    engine.testRun('test_send', u32(700, 0, 24, 0));
    await waitFor(() => got.length === 700);
    expect(got).toEqual(Array.from({ length: 700 }, (_, index) => BigInt(index)));
    engine.stopEvents();
    engine.testRun('test_send', u32(5, 0, 24, 0));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(got.length).toBe(700);
  });

  it('runs programs and iterators by name, and says which it has not', () => {
    const engine = load();
    expect(engine.testRun('test_send', u32(2, 0, 8, 0))).toEqual(u32(2, 0, 8, 2));
    engine.runIterator('tasks');
    expect(
      engine
        .map('stats')
        .lookupPerCpu(u32(2))
        .map(firstU64)
        .reduce((a, b) => a + b),
    ).toBeGreaterThan(10n);
    expect(fault(() => engine.testRun('nope', u32(1))).code).toBe('KERNEL_TEST_RUN_FAILED');
    expect(fault(() => engine.map('nope')).code).toBe('KERNEL_ADOPT_FAILED');
  });
});

describe('lock', () => {
  it('one agent a run folder, until it releases or ends', () => {
    const lock = lockRunDirectory(runDir);
    expect(fault(() => lockRunDirectory(runDir)).code).toBe('AGENT_ALREADY_RUNNING');
    expect(fault(() => uninstall(dir)).code).toBe('AGENT_ALREADY_RUNNING');
    lock.release();
    lockRunDirectory(runDir).release();
  });
});

describe('uninstall', () => {
  it('says what it removed and ends enforcement with the links, first', async () => {
    const engine = load();
    const ids = engine.attached();
    engine.close();
    const { removed, left } = uninstall(dir);
    expect(left).toEqual([]);
    expect(removed[0]).toBe(join(engineSet(dir), 'links', 'exec_seen'));
    expect(removed).toEqual(expect.arrayContaining([`mount ${dir}`, dir, runDir]));
    expect(native().listIds('link')).not.toContain(ids[0]?.linkId);
    // The kernel frees a program after a grace period.
    await waitFor(
      () =>
        !native()
          .listIds('program')
          .includes(ids[0]?.programId ?? 0),
    );
  });

  it('twice is harmless', () => {
    load().close();
    uninstall(dir);
    expect(uninstall(dir)).toEqual({ removed: [], left: [] });
  });

  it('leaves what is not ours and says so', () => {
    load().close();
    mkdirSync(join(dir, 'foreign'));
    writeFileSync(join(runDir, 'agent.sock'), '');
    const { left } = uninstall(dir);
    expect(left).toEqual([`${join(dir, 'foreign')}: not made by ringfence`]);
    expect(isMountPoint()).toBe(true);
    expect(existsSync(join(runDir, 'agent.sock'))).toBe(true);
    rmSync(join(dir, 'foreign'), { recursive: true });
    rmSync(join(runDir, 'agent.sock'));
  });

  it('removes a mount without a set', () => {
    mountPins(dir);
    expect(uninstall(dir).left).toEqual([]);
    expect(isMountPoint()).toBe(false);
  });
});

describe('probe', () => {
  it('names each program with what the kernel said, and a backend', () => {
    const report = probeKernel();
    expect(report).toMatchObject({ btf: true, root: true });
    expect(report.programs.find((program) => program.name === 'task_fork')).toEqual({
      name: 'task_fork',
      hook: 'tp_btf/sched_process_fork',
      state: 'ok',
    });
    for (const program of report.programs) expect(program.errno === undefined).toBe(program.state !== 'refused');
    expect(['lsm', 'tracepoint']).toContain(requireBackend(report));
  });

  it('a machine that lacks something gets the fault of what it lacks', () => {
    const report = probeKernel();
    expect(fault(() => requireBackend({ ...report, root: false })).code).toBe('KERNEL_NOT_ROOT');
    expect(fault(() => requireBackend({ ...report, btf: false })).code).toBe('KERNEL_NO_BTF');
    expect(fault(() => requireBackend({ ...report, cgroup2: undefined })).code).toBe('KERNEL_NO_CGROUP2');
    expect(fault(() => requireBackend({ ...report, backend: undefined })).code).toBe('KERNEL_NO_BACKEND');
  });
});
