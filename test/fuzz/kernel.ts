// The matcher of the kernel under test-run: the engine's object with its test program alone, and maps of its own. Nothing
// is attached or pinned, so that it can run beside an engine that enforces.

import { RfInodeKeyCodec, RfNodeCodec } from '../../operator/src/abi/abi.gen.js';
import type { MapOp } from '../../operator/src/encode/ops.js';
import { builtFile, native } from '../../operator/src/kernel/native.js';
import type { NativeMap, NativeObject, NativeProgram } from '../../operator/src/kernel/native.js';
import type { Matcher } from './compare.js';

const PROGRAM = 'test_match';
const OBJECT = 'bpf/engine.bpf.o';
const NODE = Uint8Array.of(0, 0, 0, 0);

export class KernelMatcher implements Matcher {
  readonly #object: NativeObject;
  readonly #program: NativeProgram;
  readonly #maps = new Map<string, NativeMap>();

  constructor() {
    const { BpfObject } = native();
    this.#object = new BpfObject(builtFile(OBJECT));
    for (const { name } of this.#object.programs()) this.#object.setAutoload(name, name === PROGRAM);
    this.#object.load();
    this.#program = this.#object.program(PROGRAM);
  }

  apply(ops: readonly MapOp[]): void {
    for (const op of ops) this.#apply(op);
  }

  run(context: Uint8Array): Uint8Array {
    const { returnValue, context: after } = this.#program.testRun(context);
    if (returnValue !== 0) throw new Error(`${PROGRAM} returned ${returnValue}: it found no working memory`);
    return after;
  }

  #map(name: string): NativeMap {
    const map = this.#maps.get(name) ?? this.#object.map(name);
    this.#maps.set(name, map);
    return map;
  }

  #apply(op: MapOp): void {
    if (op.kind === 'set-cgroup-ruleset') {
      const node = RfNodeCodec.decode(this.#map('node').lookup(NODE) ?? new Uint8Array(RfNodeCodec.size));
      this.#map('node').update(NODE, RfNodeCodec.encode({ ...node, cgroupRuleset: op.ruleset }));
    } else if (op.kind === 'keep-inodes-of') {
      this.#keepInodes(op.rulesets);
    } else if (op.kind === 'write') {
      this.#map(op.map).updateBatch(op.keys, op.values, op.count);
    } else {
      this.#delete(op.map, op.keys, op.count);
    }
  }

  #keepInodes(rulesets: ReadonlySet<number>): void {
    const inodes = this.#map('inodes');
    const keys: Uint8Array[] = [];
    for (let key = inodes.nextKey(undefined); key !== undefined; key = inodes.nextKey(key)) keys.push(key);
    for (const key of keys) {
      if (!rulesets.has(RfInodeKeyCodec.decode(key).ruleset)) inodes.delete(key);
    }
  }

  #delete(map: string, keys: Uint8Array, count: number): void {
    const size = keys.length / count;
    for (let at = 0; at < keys.length; at += size) this.#map(map).delete(keys.subarray(at, at + size));
  }
}
