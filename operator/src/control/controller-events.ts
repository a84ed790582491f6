// Events: on a policy when its conditions change, on a pod when a process of it was stopped or could not start. Counting and
// rates are the recorder's business; a note has nothing in it that changes from one time to the next.

import type { Cluster } from '../k8s/index.js';
import type { Condition, PolicyStatus } from '../policy/schema.gen.js';
import type { NodeView } from '../report/fold-nodes.js';
import type { NodeStateStatus, PodProblem, ViolationRow } from '../report/objects.gen.js';
import type { KnownPolicy } from './controller-policies.js';

type Recorder = Pick<Cluster, 'recordEvent'>;

const TOLD: ReadonlySet<string> = new Set(['Accepted', 'Enforcing', 'Degraded']);
/** What happened longer ago is no news to a controller that has just begun. */
const NEWS_MS = 120_000;
const DONE: Readonly<Record<string, [reason: string, did: string]>> = {
  Killed: ['ProcessKilled', 'killed'],
  Blocked: ['OperationBlocked', 'denied'],
};

export class ControllerEvents {
  readonly #recorder: Recorder;
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  policy(policy: KnownPolicy, status: PolicyStatus, previous: PolicyStatus | undefined): void {
    for (const condition of status.conditions ?? []) {
      const before = previous?.conditions?.find(({ type }) => type === condition.type);
      if (isNewsOf(condition, before)) this.#condition(policy, condition);
    }
  }

  #condition({ kind, name, uid, namespace }: KnownPolicy, condition: Condition): void {
    const { type, status, reason, message } = condition;
    const regarding = { apiVersion: 'ringfence.io/v1alpha1', kind, name, uid };
    this.#recorder.recordEvent({
      regarding: { ...regarding, ...(namespace !== '' && { namespace }) },
      type: isUsual(condition) ? 'Normal' : 'Warning',
      reason,
      action: type,
      note: message === '' ? `${type} is ${status}` : message,
    });
  }

  /** Violations and problems that a node tells of and did not before. */
  node({ name, state }: NodeView, policies: ReadonlyMap<string, KnownPolicy>, nowMs: number): void {
    const before = this.#counts.get(name);
    const now = new Map<string, number>();
    const isNews = (key: string, count: number, last: string | undefined): boolean => {
      now.set(key, count);
      if (before === undefined) return nowMs - Date.parse(last ?? '') < NEWS_MS;
      return count > (before.get(key) ?? 0);
    };
    for (const row of state.violations ?? []) {
      if (isNews(row.key, row.count, row.last)) this.#violation(row, policies.get(row.uid));
    }
    for (const problem of state.podProblems ?? []) {
      if (isNews(JSON.stringify([problem.uid, problem.container, problem.reason]), problem.count ?? 1, problem.last)) {
        this.#problem(problem);
      }
    }
    this.#counts.set(name, now);
  }

  leave(node: string): void {
    this.#counts.delete(node);
  }

  #violation(row: ViolationRow, policy: KnownPolicy | undefined): void {
    const [reason, did] = DONE[row.action] ?? [];
    const pod = row.pods?.find(({ name }) => name === row.sample?.pod) ?? row.pods?.[0];
    if (reason === undefined || did === undefined || pod === undefined || row.namespace === undefined) return;
    const { name, uid } = pod;
    this.#recorder.recordEvent({
      regarding: { apiVersion: 'v1', kind: 'Pod', name, namespace: row.namespace, uid },
      type: 'Warning',
      reason,
      action: row.class,
      note: describeViolation(row, did, policy),
    });
  }

  #problem({ namespace, name, uid, container, reason, message = '' }: PodProblem): void {
    if (namespace === undefined || name === undefined) return;
    this.#recorder.recordEvent({
      regarding: { apiVersion: 'v1', kind: 'Pod', name, namespace, ...(uid !== undefined && { uid }) },
      type: 'Warning',
      reason,
      action: 'Start',
      note: container === undefined ? message : `container ${container}: ${message}`,
    });
  }
}

/** What is as it should be is no news of a policy that nobody spoke of before. */
function isNewsOf(condition: Condition, before: Condition | undefined): boolean {
  if (!TOLD.has(condition.type) || before?.reason === condition.reason) return false;
  return before !== undefined || !isUsual(condition);
}

function isUsual({ type, status, reason }: Condition): boolean {
  if (type === 'Degraded') return status === 'False';
  return status === 'True' || ['Pending', 'MonitorMode', 'NothingSelected'].includes(reason);
}

function describeViolation(row: ViolationRow, did: string, policy: KnownPolicy | undefined): string {
  const { binary, object = 'something without a name', container = '', rule } = row;
  const who = did === 'killed' ? `${binary ?? 'a process'} was killed` : `${binary ?? 'a process'} was denied`;
  const operation = row.class.toLowerCase();
  return `container ${container}: ${who} for ${operation} of ${object} (policy ${policy?.title ?? row.uid}, rule ${rule})`;
}

/** Restart loops that agents have seen: policy UID -> where. */
export function restartLoops(states: Iterable<NodeStateStatus>): ReadonlyMap<string, string> {
  const loops = new Map<string, string>();
  for (const { podProblems = [] } of states) {
    for (const { reason, policy, namespace = '', name = '', container = '' } of podProblems) {
      if (reason === 'RestartLoop' && policy !== undefined)
        loops.set(policy, `${namespace}/${name}, container ${container}`);
    }
  }
  return loops;
}
