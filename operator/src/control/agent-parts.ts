// What an agent is made of, and what it says of itself.

import type { PolicyIR } from '../compile/ir.js';
import type { Backends } from '../report/guarantee.js';
import type { LineSink } from '../report/sinks/line-sink.js';
import type { Clock } from '../source/clock.js';
import type { ObjectState } from '../source/merge.js';
import type { StateDirectory } from '../source/state.js';
import type { Log } from '../log.js';
import type { CgroupIndex } from '../workload/cgroups.js';
import type { PodTable } from '../workload/pod-table.js';
import type { Labels } from '../workload/select.js';
import type { AgentKernel } from './agent-kernel.js';
import type { BootClock } from './boot-clock.js';
import type { Catalog } from './catalog.js';
import type { ContainerBinder } from './container-binder.js';
import type { CounterBook } from './counter-book.js';
import type { EventLog } from './event-log.js';
import type { EventPipe } from './event-pipe.js';
import type { FaultBoard } from './fault-board.js';
import type { NameResolver } from './name-resolver.js';
import type { NodeMode } from './node-mode.js';
import type { Persister } from './persist.js';
import type { PolicyFeed } from './policy-feed.js';
import type { Outcome, Reconciler } from './reconcile.js';
import type { PolicyReport, StatusBoard } from './status-board.js';

export interface AgentParts {
  readonly node: string;
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly log: Log;
  readonly kernel: AgentKernel;
  readonly faults: FaultBoard;
  readonly feeds: readonly PolicyFeed[];
  /** Absent without a cluster. */
  readonly cluster?: AgentCluster;
  readonly state: StateDirectory;
  readonly persister: Persister;
  readonly reconciler: Reconciler;
  readonly index: CgroupIndex;
  readonly catalog: Catalog;
  readonly counters: CounterBook;
  readonly board: StatusBoard;
  readonly pipe: EventPipe;
  readonly sink: LineSink;
  readonly events: EventLog;
  readonly resolver: NameResolver;
  readonly monitorsSinceBoot: boolean;
}

/** What a cluster adds to a node. */
export interface AgentCluster {
  readonly pods: PodTable;
  readonly binder: ContainerBinder;
  /** Labels of this node. */
  nodeLabels(): Labels;
  /** The policy comes from the disk, and the node may not live with it. */
  isUnconfirmed(policy: PolicyIR): boolean;
  /** What the node holds, or why not, is another than before. */
  stateChanged(): void;
  /** The kernel holds what the last plan wants. */
  planned(): void;
}

/** Of the last plan that the kernel took, and of what it was made from. */
export interface WorkedIn {
  readonly objects: ReadonlyMap<string, ObjectState>;
  readonly outcome: Outcome;
}

/** What an agent can say of its node. */
export interface AgentFacts {
  readonly mode: NodeMode;
  readonly backends: Backends;
  /** Worked in by the last reconciliation. */
  readonly objects: ReadonlyMap<string, ObjectState>;
  readonly outcome: Outcome;
  readonly paused: ReadonlySet<string>;
  /** In Monitor until the API server confirms them. */
  readonly unconfirmed: ReadonlySet<string>;
  /** The last reconciliation ended in a fault of the kernel. */
  readonly fault: string | undefined;
}

export interface NodeStatus {
  readonly node: string;
  readonly kernel: string;
  readonly mode: NodeMode;
  readonly backends: readonly unknown[];
  readonly programs: readonly unknown[];
  readonly policies: readonly PolicyReport[];
  /** Findings about files that belong to no object. */
  readonly findings: readonly unknown[];
  /** Faults that last: code, message, what to do. */
  readonly faults: readonly { readonly code: string; readonly message: string; readonly hint: string }[];
  readonly cgroups: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly events: Readonly<Record<string, number>>;
}
