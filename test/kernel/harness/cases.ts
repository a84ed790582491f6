// What a case file registers, and how a run goes: policies and workloads of all groups first, so that one start of the agent serves
// them all; then every case acts; then events and counters are read once; then every case checks what it did and what was seen.
import type { NodeStatus } from '../../../operator/src/control/agent.js';
import type { PolicyReport } from '../../../operator/src/control/status-board.js';
import type { PolicyEvent } from '../../../operator/src/event/types.js';
import type { AgentProcess, PolicyObject } from './agent.js';
import { runTry, type Tried } from './run-try.js';
import type { NamedIdentity, TestCgroups } from './workloads.js';

export type Backend = 'lsm' | 'tracepoint';

/** What a case has to act with. */
export class Bed {
  constructor(
    readonly agent: AgentProcess,
    readonly cgroups: TestCgroups,
    /** A tmpfs folder for the files of the run. */
    readonly scratch: string,
  ) {}

  /** Operations in the cgroup of a workload. */
  async try(workload: string, ...operations: readonly (readonly string[])[]): Promise<Tried[]> {
    return await runTry({ cgroups: [this.cgroups.folder(workload)] }, ...operations);
  }

  /** One operation, its only result. */
  async one(workload: string, ...operation: readonly string[]): Promise<Tried> {
    const [result] = await this.try(workload, operation);
    if (result === undefined) throw new Error(`no result of ${operation.join(' ')}`);
    return result;
  }
}

/** What was reported until all cases had acted. */
export class Seen {
  readonly #policies: ReadonlyMap<string, PolicyReport>;

  constructor(
    readonly status: NodeStatus,
    readonly events: readonly PolicyEvent[],
  ) {
    this.#policies = new Map(status.policies.map((report) => [report.metadata.name, report]));
  }

  policy(name: string): PolicyReport {
    const report = this.#policies.get(name);
    if (report === undefined) throw new Error(`no policy ${name} in the status`);
    return report;
  }

  /** Exact number of violations of a rule. */
  count(policy: string, rule: string): number {
    const found = this.policy(policy).status.rules.find(({ name }) => name === rule);
    if (found === undefined) throw new Error(`no rule ${rule} in the status of ${policy}`);
    return found.violations;
  }

  /** Events in which a rule of the policy was violated, primary or not. */
  eventsOf(policy: string): PolicyEvent[] {
    return this.events.filter(
      (event) => event.policy.name === policy || event.others.some((other) => other.policy.name === policy),
    );
  }
}

interface BatchCase {
  readonly name: string;
  readonly act: (bed: Bed) => Promise<unknown>;
  readonly check: (seen: Seen, result: never) => void;
}

interface AloneCase {
  readonly name: string;
  readonly body: (bed: Bed) => Promise<void>;
}

export interface GroupSetup {
  readonly backend?: Backend;
  /** Names of cgroups that are to be workloads. */
  readonly workloads?: readonly (string | NamedIdentity)[];
  /** Called once the cgroups are there: policies may name their folders. */
  readonly policies?: readonly PolicyObject[] | ((cgroups: TestCgroups) => readonly PolicyObject[]);
  /** Files and processes, before the agent starts. */
  readonly prepare?: (bed: Omit<Bed, 'agent' | 'try' | 'one'>) => Promise<void> | void;
  readonly flags?: (cgroups: TestCgroups) => readonly string[];
  /** What prepare started. */
  readonly cleanup?: () => Promise<void> | void;
}

export class Group {
  readonly batch: BatchCase[] = [];
  readonly alone: AloneCase[] = [];

  constructor(
    readonly name: string,
    readonly setup: GroupSetup,
  ) {}

  /** Acts among all others; checks when everything has been seen. */
  case<T>(name: string, act: (bed: Bed) => Promise<T>, check: (seen: Seen, result: T) => void): void {
    this.batch.push({ name, act, check: check });
  }

  /** Runs by itself when the batch is over: it may change policies and stop the agent, and leaves it running. */
  caseAlone(name: string, body: (bed: Bed) => Promise<void>): void {
    this.alone.push({ name, body });
  }
}

const groups: Group[] = [];

export function kernelGroup(name: string, setup: GroupSetup): Group {
  const group = new Group(name, setup);
  groups.push(group);
  return group;
}

export function registeredGroups(backend: Backend): readonly Group[] {
  return groups.filter((group) => (group.setup.backend ?? 'lsm') === backend);
}
