import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RfAction, RfRulesetCodec, RfWorkloadCodec } from '../abi/abi.gen.js';
import type { HookName, PolicyIR } from '../compile/ir.js';
import { emptyApplied } from '../encode/applied.js';
import type { Capacity } from '../encode/applied.js';
import { u32Key, u64Key } from '../encode/ops.js';
import { KernelFault } from '../errors.js';
import type { MapHandle } from '../kernel/index.js';
import { patternOf } from '../policy/pattern.js';
import type { Backend } from '../report/guarantee.js';
import type { Cgroup } from '../workload/cgroups.js';
import { nameWorkloads } from '../workload/identify.js';
import { applyOps, readerOf } from './kernel-maps.js';
import { Reconciler } from './reconcile.js';
import type { Outcome } from './reconcile.js';

/** A hash map of the kernel, in memory. */
class MemoryMap implements MapHandle {
  readonly #entries = new Map<string, [Uint8Array, Uint8Array]>();
  isBroken = false;

  constructor(
    readonly keySize: number,
    readonly maxEntries: number,
  ) {}

  readonly valueSize = 0;

  memoryBytes(): number {
    return 0;
  }

  lookup(key: Uint8Array): Uint8Array | undefined {
    return this.#entries.get(String(key))?.[1];
  }

  lookupPerCpu(): Uint8Array[] {
    return [];
  }

  update(key: Uint8Array, value: Uint8Array): void {
    if (this.isBroken) throw new KernelFault('KERNEL_MAP_FAILED', 'update map', { errno: 'ENOMEM' });
    this.#entries.set(String(key), [key.slice(), value.slice()]);
  }

  updateBatch(keys: Uint8Array, values: Uint8Array, count: number): void {
    const [keyBytes, valueBytes] = [keys.length / count, values.length / count];
    for (let index = 0; index < count; index += 1) {
      this.update(
        keys.subarray(index * keyBytes, (index + 1) * keyBytes),
        values.subarray(index * valueBytes, (index + 1) * valueBytes),
      );
    }
  }

  delete(key: Uint8Array): boolean {
    return this.#entries.delete(String(key));
  }

  entries(): Iterable<[Uint8Array, Uint8Array]> {
    return [...this.#entries.values()];
  }

  get size(): number {
    return this.#entries.size;
  }
}

const CAPACITY: Capacity = {
  objects: 1000,
  shapes: 100,
  pattern_words: 1000,
  pattern_items: 1000,
  rulesets: 100,
  workloads: 100,
  templates: 100,
  pods: 100,
  handlers: 100,
};
const KEY_SIZES: Readonly<Record<string, number>> = { objects: 16, workloads: 8, templates: 16, inodes: 24 };
const LSM: Backend = { hook: 'lsm', denies: true, signals: true };

class Node {
  readonly #maps = new Map<string, MemoryMap>();
  readonly cgroups = new Map<bigint, Cgroup>([
    [1n, { id: 1n, path: '/' }],
    [2n, { id: 2n, path: '/web', parent: 1n }],
  ]);
  backends = new Map<HookName, Backend>([['file-read', LSM]]);
  readonly reconciler: Reconciler;

  constructor(capacity: Capacity = CAPACITY) {
    const maps = { map: (name: string) => this.map(name) };
    const context = {
      digest: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex'),
      ruleKey: () => 1,
    };
    const kernel = { reader: readerOf(maps), apply: (ops: Parameters<typeof applyOps>[1]) => applyOps(maps, ops) };
    this.reconciler = new Reconciler(kernel, emptyApplied(capacity), context, []);
  }

  map(name: string): MemoryMap {
    const known = this.#maps.get(name) ?? new MemoryMap(KEY_SIZES[name] ?? 4, 1000);
    this.#maps.set(name, known);
    return known;
  }

  run(...policies: PolicyIR[]): Outcome {
    const item = {
      name: 'web',
      pod: 'web',
      container: 'web',
      namespace: 'default',
      cgroup: '/web',
      containerType: 'App',
    };
    const named = nameWorkloads([item as Parameters<typeof nameWorkloads>[0][0]]);
    return this.reconciler.reconcile({ policies, named, cgroups: this.cgroups, backends: this.backends });
  }

  /** Actions of the rules that the workload's first ruleset holds. */
  actions(): number[] {
    const entry = this.map('workloads').lookup(u64Key(2n));
    if (entry === undefined) return [];
    const { pages, pageCount } = RfWorkloadCodec.decode(entry);
    return pages.slice(0, pageCount).flatMap((page) => {
      const ruleset = RfRulesetCodec.decode(this.map('rulesets').lookup(u32Key(page)) ?? new Uint8Array(0));
      return ruleset.rules.slice(0, ruleset.ruleCount).map(({ action }) => action);
    });
  }
}

function policy(name: string, change: Partial<PolicyIR['rules'][0]> = {}): PolicyIR {
  return {
    uid: name,
    kind: 'RuntimePolicy',
    namespace: 'default',
    name,
    generation: 1,
    source: 'File',
    mode: 'Enforce',
    layer: 'namespace',
    scope: { scope: 'Pods', namespace: 'default', podSelector: { matchLabels: {}, matchExpressions: [] } },
    mainProcess: 'Kill',
    unresolved: 'Block',
    rules: [
      {
        name: 'r',
        kind: 'paths',
        list: 'deny',
        governs: ['file-read'],
        items: [{ hooks: ['file-read'], path: patternOf('/etc/shadow') }],
        except: [],
        action: 'Kill',
        minimumGuarantee: 'Observe',
        severity: 'High',
        category: 'File',
        tags: [],
        ...change,
      },
    ],
  };
}

function deep(name: string, depths: readonly number[]): PolicyIR {
  return policy(name, {
    items: depths.map((depth) => ({ hooks: ['file-read'], path: patternOf(`${'/d'.repeat(depth)}/**`) })),
  });
}

describe('Reconciler', () => {
  it('changes nothing when it runs again', () => {
    const node = new Node();
    const one = policy('a');
    expect(node.run(one).ops).toBeGreaterThan(0);
    expect(node.run(one).ops).toBe(0);
    expect(node.actions()).toEqual([RfAction.KILL]);
  });

  it('takes a policy out of force, keeps the entry of its workload, and sweeps what it left', () => {
    const node = new Node();
    node.run(policy('a'));
    node.run();
    expect(node.actions()).toEqual([]);
    expect(node.map('workloads').lookup(u64Key(2n))).toBeDefined();
    expect(node.reconciler.sweep()).toBeGreaterThan(0);
    expect([node.map('rulesets').size, node.map('objects').size]).toEqual([1, 1]);
  });

  it('only reports a rule below its minimum guarantee, and enforces it when the kernel can', () => {
    const node = new Node();
    const wanting = policy('a', { minimumGuarantee: 'Prevent' });
    node.backends = new Map([['file-read', { hook: 'tp', denies: false, signals: true }]]);
    node.run(wanting);
    expect(node.actions()).toEqual([RfAction.AUDIT]);
    node.backends = new Map([['file-read', LSM]]);
    node.run(wanting);
    expect(node.actions()).toEqual([RfAction.KILL]);
  });

  it('keeps what is in force when a newcomer does not fit, and names the newcomer', () => {
    const node = new Node();
    const old = deep('old', [1, 2, 3, 4, 5, 6]);
    node.run(old);
    const outcome = node.run(old, deep('new', [7, 8, 9]));
    expect([...outcome.inForce.keys()]).toEqual(['old']);
    expect(outcome.failed.get('new')).toContain('AGENT_TOO_MANY_SHAPES');
    expect(node.actions()).toHaveLength(1);
  });

  it('keeps the version in force when its successor does not fit', () => {
    const node = new Node();
    const before = deep('a', [1]);
    node.run(before);
    const outcome = node.run({ ...deep('a', [1, 2, 3, 4, 5, 6, 7, 8, 9]), generation: 2 });
    expect(outcome.inForce.get('a')).toBe(before);
    expect([...outcome.failed.keys()]).toEqual(['a']);
  });

  it('puts nothing in force of a set that the maps have no room for', () => {
    const node = new Node({ ...CAPACITY, rulesets: 1 });
    const outcome = node.run(policy('a'));
    expect(outcome.failed.get('a')).toContain('KERNEL_MAP_FULL');
    expect(node.actions()).toEqual([]);
  });

  it('leaves the old rules in force when the kernel fails in the middle, and recovers', () => {
    const node = new Node();
    const one = policy('a');
    node.run(one);
    node.map('rulesets').isBroken = true;
    expect(() => node.run(one, policy('b', { action: 'Block' }))).toThrow(KernelFault);
    expect(node.actions()).toEqual([RfAction.KILL]);
    node.map('rulesets').isBroken = false;
    expect(node.run(one, policy('b', { action: 'Block' })).inForce.size).toBe(2);
    expect(node.actions()).toEqual([RfAction.KILL, RfAction.BLOCK]);
  });

  it('keeps the entry of a cgroup that is gone: tasks moved out of it still belong to it', () => {
    const node = new Node();
    const one = policy('a');
    node.run(one);
    node.cgroups.delete(2n);
    node.run(one);
    expect(node.actions()).toEqual([RfAction.KILL]);
  });
});
