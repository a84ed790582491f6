// The agent's reconciler on the kernel's maps, in this process: what an agent does to the kernel, without the rest of it. The agent
// itself must not be running. A driver that is thrown away in the middle of a change is an agent that was killed there.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compilePolicy } from '../../../operator/src/compile/compile.js';
import type { PolicyIR } from '../../../operator/src/compile/ir.js';
import { applyOps, capacityOf, readerOf } from '../../../operator/src/control/kernel-maps.js';
import { backendsOf, heldTable } from '../../../operator/src/control/held.js';
import { Reconciler, type Outcome } from '../../../operator/src/control/reconcile.js';
import { readApplied } from '../../../operator/src/encode/adopt.js';
import type { MapOp } from '../../../operator/src/encode/ops.js';
import { adoptEngine, builtFile, ENGINE_PROGRAMS, type Engine } from '../../../operator/src/kernel/index.js';
import { validatePolicyFile } from '../../../operator/src/policy/validate.js';
import { fileUid } from '../../../operator/src/source/identity.js';
import { Registry, emptyRegistry } from '../../../operator/src/source/registry.js';
import type { Cgroup } from '../../../operator/src/workload/cgroups.js';
import { CgroupIndex } from '../../../operator/src/workload/cgroups.js';
import { nameWorkloads, type NamedWorkload } from '../../../operator/src/workload/identify.js';
import type { PolicyObject } from './agent.js';
import type { Backend } from './cases.js';
import { cgroupMount } from './workloads.js';

/** Thrown where a driver is to die. */
export class Killed extends Error {}

export interface WantedPolicies {
  readonly policies: readonly PolicyIR[];
  readonly named: readonly NamedWorkload[];
}

/** What an agent would take from files with these objects. */
export function wantedOf(objects: readonly PolicyObject[]): WantedPolicies {
  const read = validatePolicyFile(objects.map((object) => JSON.stringify(object)).join('\n---\n'), 'driver.yaml');
  const bad = read.issues.filter(({ level }) => level === 'error');
  if (bad.length > 0) throw new Error(JSON.stringify(bad));
  const policies = read.policies.map((policy) => {
    const { namespace, name } = policy.metadata;
    return compilePolicy(policy, { uid: fileUid(policy.kind, namespace, name), generation: 1, source: 'File' });
  });
  return { policies, named: nameWorkloads(read.workloads.flatMap(({ items }) => items)) };
}

/** The objects of a policy folder. */
export function objectsOf(folder: string): PolicyObject[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as PolicyObject);
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export function openPinned(runFolder: string, backend: Backend): Engine {
  const objectPath = builtFile('bpf/engine.bpf.o');
  const engine = adoptEngine({ dir: join(runFolder, 'bpf'), objectPath, backend, commit: false });
  if (engine === undefined) throw new Error('nothing to adopt');
  return engine;
}

function firstU32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** One by one, as a process that is killed may leave them. */
function single(op: MapOp, keySize: number): MapOp[] {
  if (op.kind !== 'delete') return [op];
  return Array.from({ length: op.count }, (_, index) => ({
    ...op,
    keys: op.keys.subarray(index * keySize, (index + 1) * keySize),
    count: 1,
  }));
}

export class Driver {
  /** Changes made so far. */
  made = 0;
  readonly #engine: Engine;
  readonly #reconciler: Reconciler;
  readonly #backends;

  private constructor(
    engine: Engine,
    backend: Backend,
    registry: Registry,
    private readonly world: { readonly cgroups: ReadonlyMap<bigint, Cgroup>; readonly lastChange: number },
  ) {
    this.#engine = engine;
    const absent = ENGINE_PROGRAMS.map(({ name, hook }) => ({ name, hook, state: 'absent' as const }));
    this.#backends = backendsOf(heldTable(engine.attached(), absent, backend));
    const port = { reader: readerOf(engine), apply: (ops: readonly MapOp[]) => this.#apply(ops) };
    const context = { digest, ruleKey: (uid: string, rule: string) => registry.ruleKey(uid, rule) };
    this.#reconciler = new Reconciler(port, readApplied(port.reader, digest, capacityOf(engine)), context, []);
  }

  /** `lastChange`: the number of changes after which it dies. */
  static async open(
    place: { readonly runFolder: string; readonly stateFolder: string },
    backend: Backend,
    lastChange = Infinity,
  ): Promise<Driver> {
    const index = new CgroupIndex(cgroupMount());
    await index.rescan();
    const known = JSON.parse(readFileSync(join(place.stateFolder, 'registry.json'), 'utf8')) as object;
    const registry = new Registry({ ...emptyRegistry(), ...known });
    return new Driver(openPinned(place.runFolder, backend), backend, registry, { cgroups: index.all(), lastChange });
  }

  /** @throws Killed */
  apply({ policies, named }: WantedPolicies): Outcome {
    const { cgroups } = this.world;
    const outcome = this.#reconciler.reconcile({ policies, named, cgroups, backends: this.#backends });
    if (outcome.failed.size > 0) throw new Error(`not applied: ${[...outcome.failed.values()].join('; ')}`);
    if (outcome.ops > 0) this.#engine.runIterator('task_seed');
    return outcome;
  }

  /** @throws Killed */
  sweep(): void {
    this.#reconciler.sweep();
  }

  /** Entries of the maps that policies fill, by map. What operations have left under a ruleset in use is theirs. */
  entries(): Record<string, number> {
    const maps = ['objects', 'rulesets', 'templates'];
    const sizes = maps.map((name) => [name, [...this.#engine.map(name).entries()].length] as const);
    const rulesets = new Set([...this.#engine.map('rulesets').entries()].map(([key]) => firstU32(key)));
    const stray = [...this.#engine.map('inodes').entries()].filter(([key]) => !rulesets.has(firstU32(key)));
    const { words, items, shapes } = readApplied(readerOf(this.#engine), digest, capacityOf(this.#engine));
    return {
      ...Object.fromEntries(sizes),
      strayInodes: stray.length,
      freeWords: words.free,
      freeItems: items.free,
      shapes: shapes.size,
    };
  }

  close(): void {
    this.#engine.close();
  }

  #apply(ops: readonly MapOp[]): void {
    for (const op of ops.flatMap((one) => single(one, 'map' in one ? this.#engine.map(one.map).keySize : 0))) {
      if (this.made >= this.world.lastChange) throw new Killed(`after ${String(this.made)} changes`);
      applyOps(this.#engine, [op]);
      this.made += 1;
    }
  }
}
