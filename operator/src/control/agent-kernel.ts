import type { Backends } from '../report/guarantee.js';
import type { Maps } from './kernel-maps.js';

/** The engine as the loops use it. */
export interface AgentKernel extends Maps {
  readonly release: string;
  /** Read back from the kernel each time. */
  backends(): Backends;
  programs(): readonly unknown[];
  /** Binds tasks that exist to what the maps say now. */
  seedTasks(): void;
  bootTimeNs(): bigint;
}
