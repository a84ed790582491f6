// From nothing to a running agent: lock, probe, engine, state, first application, socket, folder. Whatever fails is a
// coded fault; what was enforced before stays enforced.

import { AgentFault } from '../errors.js';
import { lockRunDirectory, probeKernel, requireBackend } from '../kernel/index.js';
import { Registry } from '../source/registry.js';
import { StateDirectory } from '../source/state.js';
import { CgroupIndex, cgroup2Mount } from '../workload/cgroups.js';
import type { Agent } from './agent.js';
import { assembleAgent } from './assemble.js';
import type { Assembly } from './assemble.js';
import { chooseBackendName, openEngine } from './engine-port.js';
import { highestSavedRule, readSavedCounters } from './counter-book.js';
import type { EnginePort } from './engine-port.js';
import { readCounters, updateNode } from './kernel-maps.js';
import { readBootId } from './boot-id.js';
import type { AgentOptions } from './options.js';
import { readStartCs } from './start-time.js';

export interface RunningAgent {
  readonly agent: Agent;
  /** Ends the process's part; the kernel goes on enforcing. */
  stop(): Promise<void>;
}

/** @throws Fault */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { log, runDir } = options;
  const report = probeKernel();
  const backend = chooseBackendName(requireBackend(report), options.backend);
  const index = new CgroupIndex(await cgroup2Mount());
  const scopeCgroup = await findScope(index, options.confine);
  const lock = lockRunDirectory(runDir);
  try {
    const kernel = openEngine(runDir, report, backend);
    log.info('engine ready', {
      backend,
      kernel: report.release,
      adopted: kernel.adopted,
      programs: kernel.programs().length,
    });
    return await new Starter({ ...options, scopeCgroup }, kernel, index).start(() => lock.release());
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Id of the cgroup to confine to; 0 for everything. */
async function findScope(index: CgroupIndex, confine: string | undefined): Promise<bigint> {
  if (confine === undefined) return 0n;
  const found = await index.idOf(confine);
  if (found !== undefined) return found;
  const hint = 'make the cgroup first; the path is from the cgroup v2 root';
  throw new AgentFault('AGENT_OPTION_INVALID', 'find the cgroup to confine to', { object: confine, hint });
}

interface StarterOptions extends AgentOptions {
  readonly scopeCgroup: bigint;
}

class Starter {
  readonly #options: StarterOptions;
  readonly #kernel: EnginePort;
  readonly #index: CgroupIndex;

  constructor(options: StarterOptions, kernel: EnginePort, index: CgroupIndex) {
    this.#options = options;
    this.#kernel = kernel;
    this.#index = index;
  }

  async start(release: () => void): Promise<RunningAgent> {
    const { stateDir } = this.#options;
    const [kernel, index] = [this.#kernel, this.#index];
    const state = new StateDirectory(stateDir);
    const saved = await state.load();
    const registry = new Registry(saved.registry);
    const taken = readSavedCounters(saved.counters, readBootId());
    registry.reserve(
      readCounters(kernel).reduce((highest, { rule }) => Math.max(highest, rule), highestSavedRule(taken)),
    );
    this.#writeSwitches();
    const assembly = assembleAgent({ options: this.#options, kernel, index, state, saved, registry });
    const { agent, folder, link } = assembly;
    for (const fault of saved.faults) agent.setFault(fault.object ?? 'state', fault);
    link?.restore(saved);
    await agent.begin();
    folder?.restore(saved.objects);
    // What an agent before left in the kernel is newer than the disk, or the same: nothing may be taken back for a moment.
    if (kernel.adopted) await folder?.takeOver(saved.faults.length === 0 && saved.objects.length > 0);
    await this.#enforce(assembly);
    return { agent, stop: () => this.#stop(assembly, release) };
  }

  /** Puts into force what is known, then listens for what changes. */
  async #enforce({ agent, pipe, folder, link, server }: Assembly): Promise<void> {
    const { engine } = this.#kernel;
    agent.reconcile();
    engine.commit();
    engine.startEvents((records) => pipe.take(records));
    await server.listen();
    await folder?.start();
    agent.watch();
    agent.prune();
    await link?.start();
  }

  async #stop({ agent, sink, persister, folder, link, server }: Assembly, release: () => void): Promise<void> {
    folder?.stop();
    await link?.stop();
    agent.stop();
    await server.close();
    this.#kernel.engine.stopEvents();
    await sink.close();
    await persister.flush();
    updateNode(this.#kernel, { agentTgid: 0, agentStartCs: 0n });
    this.#kernel.engine.close();
    release();
  }

  #writeSwitches(): void {
    const { scopeCgroup, eventRate, eventBurst } = this.#options;
    const ovlUpperOff = this.#kernel.report.overlayUpperOffset;
    const agent = { agentTgid: process.pid, agentStartCs: readStartCs() };
    updateNode(this.#kernel, { scopeCgroup, eventRate, eventBurst, ovlUpperOff, ...agent });
  }
}
