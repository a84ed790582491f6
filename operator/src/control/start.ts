// From nothing to a running agent: lock, probe, engine, state, first application, socket, folder. Whatever fails is a
// coded fault; what was enforced before stays enforced.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readApplied } from '../encode/adopt.js';
import { AgentFault } from '../errors.js';
import { redactArguments } from '../event/redact.js';
import type { Redaction } from '../event/redact.js';
import { lockRunDirectory, probeKernel, requireBackend } from '../kernel/index.js';
import type { BackendName } from '../kernel/index.js';
import type { Log } from '../log.js';
import { LineSink } from '../report/sinks/line-sink.js';
import type { Target } from '../report/sinks/target.js';
import { systemClock } from '../source/clock.js';
import { PolicyFolder } from '../source/folder.js';
import { PolicySource } from '../source/policy-source.js';
import { Registry } from '../source/registry.js';
import { StateDirectory } from '../source/state.js';
import type { SavedState } from '../source/state.js';
import { FolderWatcher } from '../source/watcher.js';
import { CgroupIndex, cgroup2Mount } from '../workload/cgroups.js';
import { Agent } from './agent.js';
import { BootClock } from './boot-clock.js';
import { Catalog } from './catalog.js';
import { readCommandLine } from './command-line.js';
import { chooseBackendName, openEngine } from './engine-port.js';
import type { EnginePort } from './engine-port.js';
import { EventLog } from './event-log.js';
import { EventPipe } from './event-pipe.js';
import { applyOps, capacityOf, readCounters, readerOf, readProgram, updateNode } from './kernel-maps.js';
import { NameResolver } from './name-resolver.js';
import { monitorsSinceBoot } from './node-mode.js';
import { Persister } from './persist.js';
import { Reconciler } from './reconcile.js';
import { AgentServer, SOCKET_NAME } from './server.js';
import { readStartCs } from './start-time.js';
import { StatusBoard } from './status-board.js';

export interface AgentOptions {
  readonly policies: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly node: string;
  readonly backend?: BackendName;
  /** Path from the cgroup v2 root; only tasks below it can become subjects. */
  readonly confine?: string;
  readonly eventRate: number;
  readonly eventBurst: number;
  readonly protectedUnits: readonly string[];
  readonly events: { readonly target: Target; readonly name: string };
  readonly redaction: Redaction;
  readonly log: Log;
}

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
    const { stateDir, runDir, policies, log } = this.#options;
    const state = new StateDirectory(stateDir);
    const saved = await state.load();
    const registry = new Registry(saved.registry);
    registry.reserve(readCounters(this.#kernel).reduce((highest, { rule }) => Math.max(highest, rule), 0));
    this.#writeSwitches();
    const source = new PolicySource((uid, hash) => registry.generation(uid, hash));
    const { agent, sink, pipe, persister } = this.#assemble({ state, saved, registry, source });
    for (const fault of saved.faults) agent.setFault(fault.object ?? 'state', fault);
    await agent.begin();
    agent.restore(source.restore(saved.objects).objects);
    const server = new AgentServer(join(runDir, SOCKET_NAME), agent);
    const folder = new PolicyFolder(policies);
    // What an agent before left in the kernel is newer than the disk, or the same: nothing may be taken back for a moment.
    if (this.#kernel.adopted) await this.#takeOver(agent, folder, saved);
    agent.reconcile();
    this.#kernel.engine.commit();
    this.#kernel.engine.startEvents((records) => pipe.take(records));
    await server.listen();
    const watcher = new FolderWatcher({
      folder,
      clock: systemClock,
      onScan: (scan) => {
        agent.takeScan(scan);
        agent.reconcile();
      },
      onFault: (error) => log.error('policy folder could not be read', { reason: String(error) }),
    });
    await watcher.start();
    agent.watch();
    return {
      agent,
      stop: async () => {
        watcher.stop();
        agent.stop();
        await server.close();
        this.#kernel.engine.stopEvents();
        await sink.close();
        await persister.flush();
        updateNode(this.#kernel, { agentTgid: 0, agentStartCs: 0n });
        this.#kernel.engine.close();
        release();
      },
    };
  }

  async #takeOver(agent: Agent, folder: PolicyFolder, saved: SavedState): Promise<void> {
    const scan = await folder.scan();
    agent.takeScan(scan);
    const remembers = saved.faults.length === 0 && saved.objects.length > 0;
    if (scan.faults.length > 0 && !remembers) agent.hold();
  }

  #assemble({ state, saved, registry, source }: Saved) {
    const { node, log, redaction, protectedUnits, events: output } = this.#options;
    const kernel = this.#kernel;
    const clock = systemClock;
    const catalog = new Catalog(registry, this.#index);
    const events = new EventLog();
    const bootClock = new BootClock(clock, () => kernel.bootTimeNs());
    const sink = new LineSink({ ...output, onFault: (fault) => agent.setFault('events', fault) });
    const persister = new Persister(
      { state, registry, clock, onFault: (fault) => agent.setFault('state', fault) },
      saved.objects,
    );
    const port = { reader: readerOf(kernel), apply: (ops: Parameters<typeof applyOps>[1]) => applyOps(kernel, ops) };
    const context = { digest, ruleKey: (uid: string, rule: string) => registry.ruleKey(uid, rule) };
    const applied = readApplied(port.reader, digest, capacityOf(kernel));
    const reconciler = new Reconciler(port, applied, context, protectedUnits);
    const pipe: EventPipe = new EventPipe({
      context: {
        node,
        bootOffsetNs: () => bootClock.offsetNs(),
        rule: (key) => catalog.rule(key),
        workload: (id) => catalog.workload(id),
        program: (key) => readProgram(kernel, key),
        redact: (args) => redactArguments(args, redaction),
      },
      onLine: (line) => {
        sink.write(line);
        events.add(line);
      },
      onCgroup: (id, path) => agent.takeCgroup(id, path),
      onCgroupGone: (id) => agent.takeCgroupGone(id),
      onMoved: () => kernel.seedTasks(),
    });
    const board = new StatusBoard(registry);
    const resolver = new NameResolver(kernel, this.#index.mount);
    const parts = {
      node,
      clock,
      log,
      kernel,
      source,
      state,
      persister,
      reconciler,
      index: this.#index,
      catalog,
      board,
      resolver,
    };
    const agent: Agent = new Agent(
      { ...parts, bootClock, pipe, sink, events, monitorsSinceBoot: monitorsSinceBoot(readCommandLine()) },
      saved.pause,
    );
    return { agent, sink, pipe, persister };
  }

  #writeSwitches(): void {
    const { scopeCgroup, eventRate, eventBurst } = this.#options;
    const ovlUpperOff = this.#kernel.report.overlayUpperOffset;
    const agent = { agentTgid: process.pid, agentStartCs: readStartCs() };
    updateNode(this.#kernel, { scopeCgroup, eventRate, eventBurst, ovlUpperOff, ...agent });
  }
}

interface Saved {
  readonly state: StateDirectory;
  readonly saved: SavedState;
  readonly registry: Registry;
  readonly source: PolicySource;
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
