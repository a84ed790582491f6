// The Kubernetes cluster: watches, writes, leases, Events. The client behind it costs a second and 85 MB to load, so it
// is loaded when a cluster is connected to and not before: other rooms import this file and no other of the room.
import type { Cluster } from './cluster.js';
import type { ConnectOptions } from './connect-options.js';

export async function connectCluster(options: ConnectOptions): Promise<Cluster> {
  const { Cluster } = await import('./cluster.js');
  return Cluster.connect(options);
}

export { systemClock, type Clock } from './clock.js';
export type { Cluster, ClusterMetrics } from './cluster.js';
export type { ConnectOptions } from './connect-options.js';
export type { EventRecord, EventSubject } from './event-note.js';
export type { EventMetrics } from './event-recorder.js';
export type { Heartbeat, HeartbeatOptions } from './heartbeat.js';
export type { ElectionOptions, LeaderElection } from './leader-election.js';
export { LeaseAges, type Lease, type LeaseSpec } from './lease.js';
export * from './resources.js';
export * from './types.js';
export type { EndCause, WatchMetrics } from './watch-metrics.js';
export { WorkQueue, type Again, type QueueMetrics, type WorkQueueOptions } from './work-queue.js';
