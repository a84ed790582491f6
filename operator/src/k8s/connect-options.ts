// How a cluster is reached, and as whom.
import type { Clock } from './clock.js';
import type { EventLimits } from './event-recorder.js';
import type { ReflectorTimes } from './reflector.js';
import type { Log } from '../log.js';

export interface ConnectOptions {
  /** A kubeconfig file. When absent: KUBECONFIG, the home folder's, or the service account of the pod. */
  readonly kubeconfig?: string | undefined;
  /** A context of it other than the current one. */
  readonly context?: string | undefined;
  readonly log: Log;
  /** `ringfence-agent/0.1.0`. */
  readonly userAgent: string;
  /** Owner of the fields that are applied; also the reporting controller of Events, below `ringfence.io/`. */
  readonly fieldManager: string;
  /** The node or pod that speaks. */
  readonly instance: string;
  readonly times?: Partial<ReflectorTimes>;
  readonly eventLimits?: Partial<EventLimits>;
  readonly clock?: Clock;
}
