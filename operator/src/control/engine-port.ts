// The engine as the loops use it: adopted from an agent before, or loaded. Guarantees come from what is read back.

import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RfResolveCodec, RfRootCodec } from '../abi/abi.gen.js';
import { KernelFault } from '../errors.js';
import { adoptEngine, bootTimeNs, builtFile, loadEngine, openPaths } from '../kernel/index.js';
import type { AttachedProgram, BackendName, Engine, MapHandle, PathOpener, ProbeReport } from '../kernel/index.js';
import type { Backends } from '../report/guarantee.js';
import { rootMount } from '../workload/mountinfo.js';
import type { AgentKernel } from './agent-kernel.js';
import { backendsOf, heldTable } from './held.js';

const SEED_PROGRAM = 'task_seed';
const RESOLVE_PROGRAM = 'name_resolve';
const ROOT_PROGRAM = 'root_learn';

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

  openPaths(paths: readonly Uint8Array[]): PathOpener {
    return openPaths(paths);
  }

  resolveName(workload: bigint, fd: number): void {
    this.engine.testRun(RESOLVE_PROGRAM, RfResolveCodec.encode({ workload, fd, miss: 0 }));
  }

  /**
   * The folder is a root of the node besides PID 1's: of a container runtime that has its own. Tasks of a container's cgroup
   * whose root it is are Setup.
   */
  learnRoot(folder: string): void {
    const fd = openSync(folder, O_DIRECTORY_PATH);
    try {
      this.engine.testRun(ROOT_PROGRAM, RfRootCodec.encode({ fd, learned: 0 }));
    } finally {
      closeSync(fd);
    }
  }

  bootTimeNs(): bigint {
    return bootTimeNs();
  }
}

/** Node names O_DIRECTORY and not O_PATH: the folder need not be readable. */
const O_DIRECTORY_PATH = constants.O_DIRECTORY | 0o10000000;

/** `wanted` may only lower what the kernel offers. */
export function chooseBackendName(offered: BackendName, wanted: BackendName | undefined): BackendName {
  if (wanted === 'lsm' && offered !== 'lsm') {
    throw new KernelFault('KERNEL_NO_BACKEND', 'use the LSM backend', { hint: `this kernel offers ${offered}` });
  }
  return wanted ?? offered;
}

/** Also where PID 1 may not be looked into. */
function hasRootOfInit(): boolean {
  const [init, own] = ['/proc/1/mountinfo', '/proc/self/mountinfo'].map((path) =>
    rootMount(readFileSync(path, 'utf8')),
  );
  return init !== undefined && init === own;
}

/**
 * Before any container can be made known: without a root that is known the runtime's own code would pass for the container's. The
 * iterator tells the kernel the root of PID 1 where it is seen; a node that is a container itself has another, and only where
 * the agent may look.
 */
function learnNodeRoot(port: EnginePort): void {
  port.seedTasks();
  try {
    port.learnRoot(hasRootOfInit() ? '/' : '/proc/1/root');
  } catch (error) {
    if (error instanceof KernelFault) throw error;
  }
}

/** A set that was loaded decides nothing until its maps are filled and it is committed. */
export function openEngine(runDir: string, report: ProbeReport, backend: BackendName): EnginePort {
  const options = { dir: join(runDir, 'bpf'), objectPath: builtFile('bpf/engine.bpf.o'), backend, commit: false };
  const adopted = adoptEngine(options);
  const { engine, reusedMaps } = adopted === undefined ? loadEngine(options) : { engine: adopted, reusedMaps: [] };
  const port = new EnginePort(engine, report, backend, adopted !== undefined || reusedMaps.length > 0);
  learnNodeRoot(port);
  return port;
}
