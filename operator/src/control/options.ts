// What an agent is told when it starts.

import type { Redaction } from '../event/redact.js';
import type { BackendName } from '../kernel/index.js';
import type { Log } from '../log.js';
import type { Target } from '../report/sinks/target.js';

export interface ClusterOptions {
  /** Path; absent: as the client finds it (KUBECONFIG, in-cluster). */
  readonly kubeconfig?: string;
  /** Where Ringfence is installed: its pods are never selected. */
  readonly installNamespace: string;
  /** Whose pods a policy selects only where it acknowledges that. */
  readonly systemNamespaces: readonly string[];
  /** Whether containers that nobody knows wait. */
  readonly unknownPods: 'Hold' | 'Allow';
  /** Where the container runtime's folders are found. */
  readonly runtimeRoot: string;
}

export interface AgentOptions {
  /** Folder of policy files; absent: none. */
  readonly policies?: string;
  /** Absent: without Kubernetes. */
  readonly cluster?: ClusterOptions;
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
