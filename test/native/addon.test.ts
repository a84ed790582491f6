// The addon against this kernel: maps, programs, links, iterators, the ring buffer, what is refused and what leaks.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtFile, native } from '../../operator/src/kernel/native.js';
import type { NativeMap, NativeObject } from '../../operator/src/kernel/native.js';
import { compileTestObject, firstU64, u32, u64, waitFor } from './object.js';

const addon = native();
let path = '';

beforeAll(() => {
  path = compileTestObject('probe');
});

function loaded(adjust: (object: NativeObject) => void = () => undefined): NativeObject {
  const object = new addon.BpfObject(path);
  adjust(object);
  object.load();
  return object;
}

function thrown(action: () => unknown): Record<string, unknown> {
  try {
    action();
  } catch (error) {
    return error as Record<string, unknown>;
  }
  throw new Error('expected an error');
}

const openFds = (): number => readdirSync('/proc/self/fd').length;

describe('object', () => {
  it('lists maps and programs, optional ones not chosen', () => {
    const object = new addon.BpfObject(path);
    expect(object.maps().map((map) => map.name)).toEqual(
      expect.arrayContaining(['objects', 'stats', 'events', '.rodata']),
    );
    expect(object.programs().find((program) => program.name === 'open_seen')).toMatchObject({
      section: 'lsm/file_open',
      autoload: false,
    });
    object.close();
  });

  it('sets read-only variables by name before load, and the kernel has them', () => {
    const object = loaded((one) => one.setReadOnlyVariable('only_tgid', u32(0xabcd)));
    expect(object.map('.rodata').readVariable('only_tgid')).toEqual(u32(0xabcd));
    expect(object.map('.rodata').readVariable('rf_layout_hash')).toEqual(u64(0x1122334455667788n));
    expect(object.map('.rodata').readVariable('no_such')).toBeUndefined();
    object.close();
  });

  it('sizes maps and leaves maps and programs out', () => {
    const object = loaded((one) => {
      one.setMaxEntries('objects', 77);
      one.setAutoload('tasks', false);
    });
    expect(object.map('objects').info()).toMatchObject({ name: 'objects', keySize: 8, valueSize: 8, maxEntries: 77 });
    expect(thrown(() => object.program('tasks'))['errno']).toBeDefined();
    object.close();
  });

  it('a rejected program gives errno, attempt and the verifier log', () => {
    const error = thrown(() => loaded((one) => one.setAutoload('rejected', true)));
    expect(error).toMatchObject({ errno: 'EACCES', attempt: `load object ${path}` });
    expect(error['verifierLog']).toContain('invalid bpf_context access');
    expect(error['message']).not.toContain('invalid bpf_context access');
  });

  it.each([
    ['a missing file', () => new addon.BpfObject('/nonexistent.o'), 'ENOENT'],
    ['a file that is no object', () => new addon.BpfObject('/proc/self/status'), undefined],
    ['an unknown map', () => new addon.BpfObject(path).map('nope'), 'ENOENT'],
    ['an unknown program', () => new addon.BpfObject(path).setAutoload('nope', true), 'ENOENT'],
    ['an unknown variable', () => new addon.BpfObject(path).setReadOnlyVariable('nope', u32(1)), 'ENOENT'],
    ['a map before load', () => new addon.BpfObject(path).map('objects'), undefined],
  ])('%s is an error with an errno', (_, action, errno) => {
    const error = thrown(action);
    expect(typeof error['errno']).toBe('string');
    if (errno !== undefined) expect(error['errno']).toBe(errno);
  });

  it('refuses adjusting after load and use after close', () => {
    const object = loaded();
    expect(thrown(() => object.setMaxEntries('objects', 5))['errno']).toBe('EBUSY');
    object.close();
    object.close();
    expect(thrown(() => object.maps())['errno']).toBe('EBADF');
  });
});

describe('arguments', () => {
  it.each([
    ['a number for a path', () => new (addon.BpfObject as unknown as new (path: number) => unknown)(5)],
    ['no path', () => new (addon.BpfObject as unknown as new () => unknown)()],
    ['a NUL in a path', () => new addon.BpfObject('/tmp/a\0b')],
    ['a handle made by hand', () => new (addon.BpfMap as unknown as new () => unknown)()],
    ['a key of the wrong size', () => loaded().map('objects').lookup(u32(1))],
    [
      'a key that is not bytes',
      () =>
        loaded()
          .map('objects')
          .lookup([1] as unknown as Uint8Array),
    ],
    ['a value of the wrong size', () => loaded().map('objects').update(u64(1n), u32(1))],
    ['a batch shorter than its count', () => loaded().map('objects').updateBatch(u64(1n), u64(1n), 2)],
    ['a negative count', () => loaded().map('objects').updateBatch(u64(1n), u64(1n), -1)],
    ['an object that is not a map', () => new addon.RingReader({} as NativeMap, () => undefined)],
    ['a reader without a function', () => new addon.RingReader(loaded().map('events'), 5 as unknown as () => void)],
    ['a batch limit of 0', () => new addon.RingReader(loaded().map('events'), () => undefined, { batchRecords: 0 })],
  ])('%s is a TypeError', (_, action) => {
    expect(action).toThrow(TypeError);
  });

  it('a ring reader on a map that is no ring is an error, not a crash', () => {
    expect(thrown(() => new addon.RingReader(loaded().map('objects'), () => undefined))['errno']).toBe('EINVAL');
  });
});

describe('map', () => {
  it('updates, looks up and deletes', () => {
    const map = loaded().map('objects');
    expect(map.lookup(u64(1n))).toBeUndefined();
    map.update(u64(1n), u64(11n));
    map.update(u64(1n), u64(12n));
    expect(map.lookup(u64(1n))).toEqual(u64(12n));
    expect(map.delete(u64(1n))).toBe(true);
    expect(map.delete(u64(1n))).toBe(false);
  });

  it('writes and reads in batches, every entry once', () => {
    const map = loaded().map('objects');
    const keys = BigUint64Array.from({ length: 1000 }, (_, index) => BigInt(index));
    const values = keys.map((key) => key * 7n);
    map.updateBatch(new Uint8Array(keys.buffer), new Uint8Array(values.buffer), 1000);
    const seen = new Map<bigint, bigint>();
    let cursor: Uint8Array | undefined;
    do {
      const batch = map.readBatch(cursor, 64);
      for (let index = 0; index < batch.count; index++) {
        seen.set(firstU64(batch.keys.subarray(index * 8)), firstU64(batch.values.subarray(index * 8)));
      }
      cursor = batch.cursor;
    } while (cursor !== undefined);
    expect(seen.size).toBe(1000);
    expect([...seen].every(([key, value]) => value === key * 7n)).toBe(true);
  });

  it('walks keys one by one', () => {
    const map = loaded().map('objects');
    for (const key of [3n, 4n, 5n]) map.update(u64(key), u64(0n));
    const keys: bigint[] = [];
    for (let key = map.nextKey(undefined); key !== undefined; key = map.nextKey(key)) keys.push(firstU64(key));
    expect(keys.sort()).toEqual([3n, 4n, 5n]);
  });

  it('a full map says so, and how far a batch came', () => {
    const map = loaded((one) => one.setMaxEntries('objects', 4)).map('objects');
    const keys = u64(1n, 2n, 3n, 4n, 5n, 6n);
    const error = thrown(() => map.updateBatch(keys, keys, 6));
    expect(error['errno']).toBe('E2BIG');
    expect(error['attempt']).toContain('after 4 of 6');
  });

  it('a per-CPU value has a part for each possible CPU', () => {
    const map = loaded().map('stats');
    expect(map.lookup(u32(0))?.length).toBe(8 * addon.possibleCpus());
    expect(map.info().valueBytes).toBe(8 * addon.possibleCpus());
  });

  it('tells the kernel memory it uses', () => {
    expect(loaded().map('events').info().memoryBytes).toBeGreaterThan(256 * 1024);
  });
});

describe('program and link', () => {
  it('a tracepoint program fires while its link is held, and not after', () => {
    const object = loaded();
    const counted = (): bigint => {
      const value = object.map('stats').lookup(u32(0)) ?? new Uint8Array(8);
      return Array.from({ length: value.length / 8 }, (_, cpu) => firstU64(value.subarray(cpu * 8))).reduce(
        (a, b) => a + b,
      );
    };
    const link = object.program('exec_seen').attach();
    spawnSync('/bin/true');
    const during = counted();
    expect(during).toBeGreaterThan(0n);
    expect(link.info().programId).toBe(object.program('exec_seen').info().id);
    expect(addon.listIds('link')).toContain(link.info().id);
    const { id } = link.info();
    link.close();
    expect(addon.listIds('link')).not.toContain(id);
    const after = counted();
    spawnSync('/bin/true');
    expect(counted()).toBe(after);
  });

  it('test-run returns what the program returned and left in its context', () => {
    const run = loaded()
      .program('test_send')
      .testRun(u32(3, 100, 8, 0));
    expect(run.returnValue).toBe(7);
    expect(run.context).toEqual(u32(3, 100, 8, 3));
  });

  it('an iterator visits every task', () => {
    const object = loaded();
    object.program('tasks').attach().readIterator();
    const value = object.map('stats').lookup(u32(2)) ?? new Uint8Array(8);
    expect(firstU64(value) + firstU64(value.subarray(8))).toBeGreaterThan(10n);
  });
});

describe('kernel types', () => {
  const types = new addon.KernelTypes();

  it('tells hooks that exist from those that do not', () => {
    expect(types.targetId('tp_btf/sched_process_exec')).toBeGreaterThan(0);
    expect(types.targetId('lsm/file_open')).toBeGreaterThan(0);
    expect(types.targetId('lsm/no_such_hook')).toBe(0);
    expect(types.targetArity('lsm/file_open')).toBe(1);
    expect(thrown(() => types.targetId('kprobe/x'))['errno']).toBe('EINVAL');
  });

  it('tries programs without attaching them', () => {
    const before = openFds();
    expect(types.tryProgram('tp_btf/sched_process_exec')).toBeUndefined();
    expect(types.tryProgram('syscall')).toBeUndefined();
    expect(types.tryProgram('lsm/no_such_hook')).toMatchObject({ errno: 'ENOENT' });
    expect(openFds()).toBe(before);
  });

  it('finds the offset of a member', () => {
    expect(types.memberOffset('task_struct', 'pid')).toBeGreaterThan(0);
    expect(types.memberOffset('task_struct', 'no_such_member')).toBeUndefined();
    expect(types.memberOffset('no_such_struct', 'x')).toBeUndefined();
    expect(types.memberOffset('x', 'y', 'no_such_module')).toBeUndefined();
  });
});

describe('ring buffer', () => {
  interface Received {
    numbers: bigint[];
    batches: number[];
    sizes: Set<number>;
  }

  function receive(map: NativeMap, into: Received, limits = {}): { close(): void } {
    return new addon.RingReader(
      map,
      (data, sizes) => {
        into.batches.push(sizes.length);
        let at = 0;
        for (const size of sizes) {
          into.numbers.push(firstU64(data.subarray(at)));
          into.sizes.add(size);
          at += Math.ceil(size / 8) * 8;
        }
      },
      limits,
    );
  }

  const nothing = (): Received => ({ numbers: [], batches: [], sizes: new Set() });

  it('delivers every record once, in order, in bounded batches', async () => {
    const object = loaded();
    const got = nothing();
    const reader = receive(object.map('events'), got);
    const program = object.program('test_send');
    for (let round = 0; round < 50; round++) {
      program.testRun(u32(1000, round * 1000, round % 2 ? 24 : 8, 0));
      await waitFor(() => got.numbers.length === (round + 1) * 1000);
    }
    reader.close();
    expect(got.numbers).toEqual(Array.from({ length: 50_000 }, (_, index) => BigInt(index)));
    expect(Math.max(...got.batches)).toBeLessThanOrEqual(256);
    expect(got.sizes).toEqual(new Set([8, 24]));
  });

  it('delivers a single record soon', async () => {
    const object = loaded();
    const got = nothing();
    const reader = receive(object.map('events'), got);
    object.program('test_send').testRun(u32(1, 42, 8, 0));
    await waitFor(() => got.numbers.length === 1, 500);
    reader.close();
  });

  it('leaves records in the ring while JavaScript is busy, and the kernel counts what did not fit', async () => {
    const object = loaded();
    const got = nothing();
    const reader = receive(object.map('events'), got, { batchRecords: 16, batchesWaiting: 2 });
    const program = object.program('test_send');
    let sent = 0;
    for (let round = 0; round < 40; round++) {
      const { context } = program.testRun(u32(1000, sent, 8, 0));
      sent += new DataView(context.buffer).getUint32(12, true);
    }
    expect(sent).toBeLessThan(40_000);
    await waitFor(() => got.numbers.length === sent);
    reader.close();
    expect(got.numbers).toEqual(Array.from({ length: sent }, (_, index) => BigInt(index)));
  });

  it('leaves the event loop its turns however many records wait', async () => {
    const object = loaded();
    const program = object.program('test_send');
    let [batches, since, most] = [0, 0, 0];
    const turn = (): void => {
      most = Math.max(most, since);
      since = 0;
      if (batches < 2000) setImmediate(turn);
    };
    const reader = new addon.RingReader(object.map('events'), () => {
      batches += 1;
      since += 1;
      program.testRun(u32(512, 0, 8, 0));
    });
    turn();
    program.testRun(u32(512, 0, 8, 0));
    await waitFor(() => batches >= 2000, 20_000);
    reader.close();
    expect(most).toBeLessThanOrEqual(8);
  });

  it('delivers nothing after close, and closing twice is harmless', async () => {
    const object = loaded();
    const got = nothing();
    const reader = receive(object.map('events'), got);
    object.program('test_send').testRun(u32(500, 0, 8, 0));
    reader.close();
    reader.close();
    const before = got.numbers.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(got.numbers.length).toBe(before);
  });

  it.each([
    ['ends by itself with a reader active', '', 0],
    ['exits from inside the callback', 'onRecords = () => process.exit(3);', 3],
    ['exits at once', 'process.exit(4);', 4],
  ])('a process %s', (_, code, status) => {
    const script = `
      const n = require(${JSON.stringify(builtFile('Release/ringfence.node'))});
      let onRecords = () => {};
      const o = new n.BpfObject(${JSON.stringify(path)});
      o.load();
      const r = new n.RingReader(o.map('events'), () => onRecords());
      o.program('test_send').testRun(new Uint8Array(Uint32Array.of(2000, 0, 8, 0).buffer));
      ${code}
      setTimeout(() => {}, 50);`;
    const child = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 20_000 });
    expect({ status: child.status, signal: child.signal, stderr: child.stderr }).toEqual({
      status,
      signal: null,
      stderr: '',
    });
  });

  it('a worker thread can end with a reader active', () => {
    const script = `
      const { Worker } = require('node:worker_threads');
      const w = new Worker(\`
        const n = require(${JSON.stringify(builtFile('Release/ringfence.node'))});
        const o = new n.BpfObject(${JSON.stringify(path)});
        o.load();
        globalThis.r = new n.RingReader(o.map('events'), () => {});
        o.program('test_send').testRun(new Uint8Array(Uint32Array.of(2000, 0, 8, 0).buffer));
        setTimeout(() => {}, 20);\`, { eval: true });
      w.on('exit', (c) => process.exit(c === 0 ? 6 : 1));`;
    const child = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 20_000 });
    expect({ status: child.status, signal: child.signal, stderr: child.stderr }).toEqual({
      status: 6,
      signal: null,
      stderr: '',
    });
  });
});

describe('leaks', () => {
  it('100 times load, attach, read, close leave no descriptor, no kernel object and no memory', async () => {
    const ids: number[] = [];
    const cycle = (): void => {
      const object = loaded();
      ids.push(object.program('exec_seen').info().id);
      const handles = [
        object.map('objects'),
        object.map('events'),
        object.program('exec_seen'),
        object.program('exec_seen').attach(),
        new addon.RingReader(object.map('events'), () => undefined),
      ];
      for (const handle of handles) handle.close();
      object.close();
    };
    const collect = (globalThis as { gc?: () => void }).gc;
    expect(collect).toBeDefined();
    // Handles that were not closed are released after they were collected, in a later turn.
    const settle = async (): Promise<void> => {
      for (let turn = 0; turn < 4; turn++) {
        collect?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    for (let round = 0; round < 20; round++) cycle();
    await settle();
    const before = { fds: openFds(), rss: process.memoryUsage().rss };
    for (let round = 0; round < 100; round++) cycle();
    await settle();
    expect(openFds()).toBeLessThanOrEqual(before.fds);
    await waitFor(() => !addon.listIds('program').some((id) => ids.includes(id)));
    expect(process.memoryUsage().rss - before.rss).toBeLessThan(16 * 1024 * 1024);
  });
});
