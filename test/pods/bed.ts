// Pods without a cluster: the engine in this process, cgroups under the kubelet's names, and containers made by test/pods/runtime.c.
// Policies are written for model workloads; a pod becomes what its model is, as the agent would make it.
import { createHash } from 'node:crypto';
import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  RfEventKind,
  RfHash,
  RfHandlerCodec,
  RfHandlerKeyCodec,
  RfPodKeyCodec,
  RfSession,
  RfWorkloadCodec,
  RfWorkloadFlag,
} from '../../operator/src/abi/abi.gen.js';
import type { RfWorkload } from '../../operator/src/abi/abi.gen.js';
import { chooseBackendName, openEngine, type EnginePort } from '../../operator/src/control/engine-port.js';
import { applyOps, capacityOf, readerOf, readStats, updateNode } from '../../operator/src/control/kernel-maps.js';
import { Reconciler } from '../../operator/src/control/reconcile.js';
import { readApplied } from '../../operator/src/encode/adopt.js';
import type { MapOp } from '../../operator/src/encode/ops.js';
import { u64Key } from '../../operator/src/encode/ops.js';
import { containerKeyText, podKeyOf } from '../../operator/src/encode/pods.js';
import { decodeEvent } from '../../operator/src/event/decode.js';
import type { KernelEvent } from '../../operator/src/event/types.js';
import { probeKernel, uninstall } from '../../operator/src/kernel/index.js';
import { Registry, emptyRegistry } from '../../operator/src/source/registry.js';
import { CgroupIndex } from '../../operator/src/workload/cgroups.js';
import type { PolicyObject } from '../kernel/harness/agent.js';
import type { Backend } from '../kernel/harness/cases.js';
import { wantedOf } from '../kernel/harness/driver.js';
import { TestCgroups, cgroupMount } from '../kernel/harness/workloads.js';

const { WORKLOAD_CONTAINER, WORKLOAD_UNNAMED } = RfWorkloadFlag;
const RUN_FOLDER = `/run/rf-pods-${process.pid}`;
const TEXT_BYTES = 1960;
/** Ten milliseconds each; a machine may have a lot else to do. */
const SETTLE_TRIES = 3000;

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const U64 = 64;
const constant = (hi: number, lo: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);

/** As enum rf_table has it, of a text by itself. */
function hashOf(bytes: Uint8Array, len: number): bigint {
  const view = new DataView(bytes.buffer);
  let hash = constant(RfHash.SEED_HI, RfHash.SEED_LO);
  for (let at = 0; at < len; at += 8) {
    hash = BigInt.asUintN(U64, (hash ^ view.getBigUint64(at, true)) * constant(RfHash.MUL_HI, RfHash.MUL_LO));
    hash ^= hash >> 29n;
  }
  return hash;
}

export const SESSION_NAMES = ['Main', 'Exec', 'Probe', 'Lifecycle', 'Host'] as const;

export class PodBed {
  readonly cgroups = new TestCgroups(`rf-pods-${process.pid}`);
  readonly seen: KernelEvent[] = [];
  readonly #registry = new Registry(emptyRegistry());
  readonly #made: string[] = [];
  #settled = 0;

  private constructor(
    readonly backend: Backend,
    readonly kernel: EnginePort,
  ) {}

  /** `confined`: only tasks of the bed's own cgroups become subjects. */
  static async open(
    backend: Backend,
    confined: boolean,
    objects: (cgroups: TestCgroups) => readonly PolicyObject[],
  ): Promise<PodBed> {
    mkdirSync(RUN_FOLDER, { recursive: true });
    const report = probeKernel();
    const bed = new PodBed(backend, openEngine(RUN_FOLDER, report, chooseBackendName(backend, backend)));
    const scope = statSync(bed.path('/'), { bigint: true }).ino;
    updateNode(bed.kernel, { scopeCgroup: confined ? scope : 0n });
    bed.kernel.engine.startEvents((records) => {
      for (const record of records) bed.seen.push(...[decodeEvent(record) ?? []].flat());
    });
    await bed.#apply(objects(bed.cgroups));
    return bed;
  }

  async #apply(objects: readonly PolicyObject[]): Promise<void> {
    const { engine } = this.kernel;
    const index = new CgroupIndex(cgroupMount());
    await index.rescan();
    const port = { reader: readerOf(engine), apply: (ops: readonly MapOp[]) => applyOps(engine, ops) };
    const context = { digest, ruleKey: (uid: string, rule: string) => this.#registry.ruleKey(uid, rule) };
    const reconciler = new Reconciler(port, readApplied(port.reader, digest, capacityOf(engine)), context, []);
    const backends = this.kernel.backends();
    const outcome = reconciler.reconcile({ ...wantedOf(objects), cgroups: index.all(), backends });
    if (outcome.failed.size > 0) throw new Error([...outcome.failed.values()].join('; '));
  }

  /** Folder of a cgroup below the bed's own, by its path from there. */
  path(path: string): string {
    return join(cgroupMount(), this.cgroups.top, path);
  }

  /** Makes it and what it stands in; its id. */
  cgroup(path: string): bigint {
    const folder = this.path(path);
    mkdirSync(folder, { recursive: true });
    return statSync(folder, { bigint: true }).ino;
  }

  /** A cgroup at the top of the tree, which others on the machine see. */
  topCgroup(path: string): bigint {
    const folder = join(cgroupMount(), path);
    mkdirSync(folder, { recursive: true });
    for (let at = path; at !== '/'; at = dirname(at)) this.#made.push(join(cgroupMount(), at));
    return statSync(folder, { bigint: true }).ino;
  }

  removeCgroup(path: string): void {
    rmdirSync(this.path(path));
  }

  workload(id: bigint): RfWorkload | undefined {
    const bytes = this.kernel.map('workloads').lookup(u64Key(id));
    return bytes === undefined ? undefined : RfWorkloadCodec.decode(bytes);
  }

  /** What a model's policies have become; without a name: nothing selects it. */
  model(name: string | undefined): RfWorkload {
    const none = { owner: 0n, generation: 0, flags: 0, classes: 0, pageCount: 0, pages: [] };
    if (name === undefined) return none;
    const known = this.workload(statSync(this.cgroups.folder(name), { bigint: true }).ino);
    if (known === undefined || known.pageCount === 0) throw new Error(`${name} has no policies`);
    return known;
  }

  /** `flags` besides CONTAINER. */
  pod(uid: string, model: string | undefined, flags = 0): void {
    const digits = uid.replaceAll(/[-_]/g, '');
    const key = { hi: BigInt(`0x${digits.slice(0, 16)}`), lo: BigInt(`0x${digits.slice(16)}`) };
    const value = { ...this.model(model), owner: 0n, flags: WORKLOAD_CONTAINER | flags };
    this.kernel.map('pods').update(RfPodKeyCodec.encode(key), RfWorkloadCodec.encode(value));
  }

  /** The agent has heard of a container whose cgroup is not there yet. */
  announce(uid: string, cgroupName: string, model: string | undefined, flags = 0): void {
    const { hi, lo } = podKeyOf(containerKeyText(uid.replaceAll(/[-_]/g, ''), cgroupName));
    const value = { ...this.model(model), owner: 0n, flags: WORKLOAD_CONTAINER | flags };
    this.kernel.map('pods').update(RfPodKeyCodec.encode({ hi, lo }), RfWorkloadCodec.encode(value));
  }

  /** The agent has learned what a container is: its entry changes, atomically. */
  name(id: bigint, model: string | undefined, flags = 0): void {
    const value = { ...this.model(model), owner: id, flags: WORKLOAD_CONTAINER | flags };
    const keys = u64Key(id);
    applyOps(this.kernel, [{ kind: 'write', map: 'workloads', keys, values: RfWorkloadCodec.encode(value), count: 1 }]);
  }

  handler(container: bigint, session: 'Probe' | 'Lifecycle', command: readonly string[]): void {
    const text = command.map((argument) => `${argument}\0`).join('');
    const bytes = Uint8Array.from({ length: TEXT_BYTES }, (_, at) => text.charCodeAt(at) || 0);
    const key = { workload: container, hash: hashOf(bytes, text.length) };
    const which = session === 'Probe' ? RfSession.PROBE : RfSession.LIFECYCLE;
    const value = { len: text.length, session: which, text: bytes };
    this.kernel.map('handlers').update(RfHandlerKeyCodec.encode(key), RfHandlerCodec.encode(value));
  }

  /** An agent that lives holds for the time given. */
  hold(ms: number): void {
    updateNode(this.kernel, { hold: 1, leaseUntilNs: this.kernel.bootTimeNs() + BigInt(ms) * 1_000_000n });
  }

  holdOff(): void {
    updateNode(this.kernel, { hold: 0 });
  }

  /** Waits until all that the kernel has told so far is here: the ring buffer keeps its order. */
  async settled(): Promise<void> {
    const path = `settled-${(this.#settled += 1)}`;
    const mark = this.cgroup(path);
    for (let tries = 0; this.eventsOf(mark, RfEventKind.EVENT_CGROUP).length === 0; tries += 1) {
      if (tries > SETTLE_TRIES) throw new Error('the kernel tells nothing any more');
      await sleep(10);
    }
    this.removeCgroup(path);
  }

  stat(name: string): number {
    return readStats(this.kernel)[name] ?? 0;
  }

  /** Violations of a workload so far, in the order they happened. */
  violations(workload: bigint): KernelEvent[] {
    return this.eventsOf(workload, RfEventKind.EVENT_VIOLATION);
  }

  eventsOf(workload: bigint, kind: number): KernelEvent[] {
    return this.seen.filter(({ head }) => head.kind === kind && head.workload === workload);
  }

  async close(): Promise<void> {
    // what a case that failed has left
    writeFileSync(join(this.path('/'), 'cgroup.kill'), '1');
    await sleep(500);
    this.kernel.engine.close();
    uninstall(join(RUN_FOLDER, 'bpf'));
    for (const folder of this.#made.sort((a, b) => b.length - a.length)) {
      try {
        rmdirSync(folder);
      } catch {
        // shared with the machine, or removed already
      }
    }
    this.cgroups.remove();
  }
}

export const UNNAMED = WORKLOAD_UNNAMED;

/** Bytes of an event as text. */
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
