// The parts of an agent, put together: each knows only what it is given here.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readApplied } from '../encode/adopt.js';
import type { AttributionContext } from '../event/attribute.js';
import { redactArguments } from '../event/redact.js';
import { LineSink } from '../report/sinks/line-sink.js';
import { systemClock } from '../source/clock.js';
import { PolicySource } from '../source/policy-source.js';
import type { Registry } from '../source/registry.js';
import type { SavedState, StateDirectory } from '../source/state.js';
import type { CgroupIndex } from '../workload/cgroups.js';
import { Agent } from './agent.js';
import { BootClock } from './boot-clock.js';
import { Catalog } from './catalog.js';
import { readCommandLine } from './command-line.js';
import { ClusterLink } from './cluster-link.js';
import { CounterBook, readSavedCounters } from './counter-book.js';
import type { EnginePort } from './engine-port.js';
import { EventLog } from './event-log.js';
import { EventPipe } from './event-pipe.js';
import { FaultBoard } from './fault-board.js';
import { FolderFeed } from './folder-feed.js';
import { applyOps, capacityOf, readerOf, readProgram } from './kernel-maps.js';
import type { RuleCounter } from './kernel-maps.js';
import { NameResolver } from './name-resolver.js';
import { readBootId } from './boot-id.js';
import { monitorsSinceBoot } from './node-mode.js';
import type { AgentOptions } from './options.js';
import { Persister } from './persist.js';
import { Reconciler } from './reconcile.js';
import { AgentServer, SOCKET_NAME } from './server.js';
import { StatusBoard } from './status-board.js';

export interface Ground {
  readonly options: AgentOptions;
  readonly kernel: EnginePort;
  readonly index: CgroupIndex;
  readonly state: StateDirectory;
  readonly saved: SavedState;
  readonly registry: Registry;
}

export interface Assembly {
  readonly agent: Agent;
  readonly sink: LineSink;
  readonly pipe: EventPipe;
  readonly persister: Persister;
  readonly folder: FolderFeed | undefined;
  readonly link: ClusterLink | undefined;
  readonly server: AgentServer;
}

export function assembleAgent(ground: Ground): Assembly {
  const { options, kernel, index, state, saved, registry } = ground;
  const clock = systemClock;
  const { log, node } = options;
  const faults = new FaultBoard(log);
  const catalog = new Catalog(registry, index);
  const reconciler = reconcilerOf(ground);
  const counters: CounterBook = counterBook(ground, (taken) => link?.takenOut(taken));
  const events = new EventLog();
  const sink = new LineSink({ ...options.events, onFault: (fault) => agent.setFault('events', fault) });
  const bootClock = new BootClock(clock, () => kernel.bootTimeNs());
  const pipe = new EventPipe({
    context: contextOf(ground, catalog, bootClock),
    onLine: (line) => {
      sink.write(line);
      events.add(line);
    },
    onViolation: (event) => link?.observe(event),
    onHeld: (event) => link?.held(event),
    onCgroup: (id, path) => agent.takeCgroup(id, path),
    onCgroupGone: (id) => agent.takeCgroupGone(id),
    onMoved: () => kernel.seedTasks(),
  });
  const onFault = (fault: Parameters<Agent['setFault']>[1]): void => agent.setFault('state', fault);
  const persister = new Persister({ state, registry, clock, onFault }, saved.objects);
  const shared = { clock, log, faults, onChange: () => agent.reconcile() };
  const folder = folderFeed(ground, shared);
  const link: ClusterLink | undefined = ClusterLink.of(ground, {
    ...shared,
    reconciler,
    counters,
    catalog,
    bootClock,
    facts: () => agent.facts(),
    policy: (uid) => agent.policyInForce(uid),
    workedIn: () => agent.workedIn(),
    onEmergency: (on) => agent.setEmergency(on),
  });
  const watched = { bootClock, kernel, faults, state, persister, reconciler, index, catalog, counters, pipe, sink };
  const agent: Agent = new Agent(
    {
      ...{ node, clock, log },
      ...watched,
      feeds: [folder, link?.policies].filter((feed) => feed !== undefined),
      ...(link && { cluster: link }),
      board: new StatusBoard(registry),
      events,
      resolver: new NameResolver(kernel, index.mount, (text, fields) => log.warn(text, fields)),
      monitorsSinceBoot: monitorsSinceBoot(readCommandLine()),
    },
    saved.pause,
  );
  const server = new AgentServer(join(options.runDir, SOCKET_NAME), agent);
  return { agent, sink, pipe, persister, folder, link, server };
}

function contextOf({ options, kernel }: Ground, catalog: Catalog, bootClock: BootClock): AttributionContext {
  return {
    node: options.node,
    bootOffsetNs: () => bootClock.offsetNs(),
    rule: (key) => catalog.rule(key),
    workload: (id) => catalog.workload(id),
    program: (key) => readProgram(kernel, key),
    redact: (args) => redactArguments(args, options.redaction),
  };
}

function reconcilerOf({ kernel, registry, options }: Ground): Reconciler {
  const port = { reader: readerOf(kernel), apply: (ops: Parameters<typeof applyOps>[1]) => applyOps(kernel, ops) };
  const context = { digest, ruleKey: (uid: string, rule: string) => registry.ruleKey(uid, rule) };
  const applied = readApplied(port.reader, digest, capacityOf(kernel));
  return new Reconciler(port, applied, context, options.protectedUnits);
}

function counterBook(
  { kernel, saved, state, index }: Ground,
  onTakenOut: (taken: readonly RuleCounter[]) => void,
): CounterBook {
  const bootID = readBootId();
  return new CounterBook({
    maps: kernel,
    bootID,
    bootNs: () => kernel.bootTimeNs(),
    saved: kernel.adopted ? readSavedCounters(saved.counters, bootID) : undefined,
    save: (counters) => state.saveCounters(counters),
    isGone: (workload) => index.all().get(workload)?.gone ?? !index.all().has(workload),
    onTakenOut,
  });
}

type Shared = Omit<ConstructorParameters<typeof FolderFeed>[0], 'path' | 'source'>;

function folderFeed({ options, registry }: Ground, shared: Shared): FolderFeed | undefined {
  if (options.policies === undefined) return undefined;
  const source = new PolicySource((uid, hash) => registry.generation(uid, hash));
  return new FolderFeed({ ...shared, path: options.policies, source });
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
