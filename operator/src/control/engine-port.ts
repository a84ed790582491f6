// The engine as the loops use it: adopted from an agent before, or loaded. Guarantees come from what is read back.

import { join } from 'node:path';
import { RfResolveCodec } from '../abi/abi.gen.js';
import { KernelFault } from '../errors.js';
import { adoptEngine, bootTimeNs, builtFile, loadEngine } from '../kernel/index.js';
import type { AttachedProgram, BackendName, Engine, MapHandle, ProbeReport } from '../kernel/index.js';
import type { Backends } from '../report/guarantee.js';
import type { AgentKernel } from './agent-kernel.js';
import { backendsOf, heldTable } from './held.js';

const SEED_PROGRAM = 'task_seed';
const RESOLVE_PROGRAM = 'name_resolve';

export class EnginePort implements AgentKernel {
  constructor(
    readonly engine: Engine,
    readonly report: ProbeReport,
    readonly backend: BackendName,
    /** An agent before left it behind: it decides already. */
    readonly adopted: boolean,
  ) {}

  get release(): string {
    return this.report.release;
  }

  map(name: string): MapHandle {
    return this.engine.map(name);
  }

  backends(): Backends {
    return backendsOf(heldTable(this.engine.attached(), this.report.programs, this.backend));
  }

  programs(): readonly AttachedProgram[] {
    return this.engine.attached();
  }

  seedTasks(): void {
    this.engine.runIterator(SEED_PROGRAM);
  }

  resolveName(workload: bigint, fd: number): void {
    this.engine.testRun(RESOLVE_PROGRAM, RfResolveCodec.encode({ workload, fd, miss: 0 }));
  }

  bootTimeNs(): bigint {
    return bootTimeNs();
  }
}

/** `wanted` may only lower what the kernel offers. */
export function chooseBackendName(offered: BackendName, wanted: BackendName | undefined): BackendName {
  if (wanted === 'lsm' && offered !== 'lsm') {
    throw new KernelFault('KERNEL_NO_BACKEND', 'use the LSM backend', { hint: `this kernel offers ${offered}` });
  }
  return wanted ?? offered;
}

/** A set that was loaded decides nothing until its maps are filled and it is committed. */
export function openEngine(runDir: string, report: ProbeReport, backend: BackendName): EnginePort {
  const options = { dir: join(runDir, 'bpf'), objectPath: builtFile('bpf/engine.bpf.o'), backend, commit: false };
  const adopted = adoptEngine(options);
  if (adopted !== undefined) return new EnginePort(adopted, report, backend, true);
  const { engine, reusedMaps } = loadEngine(options);
  return new EnginePort(engine, report, backend, reusedMaps.length > 0);
}
