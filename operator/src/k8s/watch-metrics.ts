// Counts of one feed. A watch that goes wrong is not an error, it is a number here.
import type { FeedState } from './types.js';

/** `closed`: by the server, in order. `expired`: 410. `refused`: an error status or an ERROR event. */
export type EndCause = 'closed' | 'cut' | 'idle' | 'expired' | 'refused' | 'malformed' | 'unreachable' | 'stopped';

const END_CAUSES = ['closed', 'cut', 'idle', 'expired', 'refused', 'malformed', 'unreachable', 'stopped'] as const;

export interface WatchMetrics {
  readonly resource: string;
  readonly selection: string;
  readonly state: FeedState;
  readonly synced: boolean;
  readonly items: number;
  readonly lists: number;
  readonly listFailures: number;
  readonly watches: number;
  readonly events: number;
  readonly bookmarks: number;
  readonly ends: Readonly<Record<EndCause, number>>;
  /** Since something last came from the server; Infinity before the first time. */
  readonly silentSeconds: number;
}

export class WatchCounters {
  lists = 0;
  listFailures = 0;
  watches = 0;
  events = 0;
  bookmarks = 0;
  lastContactMs = -Infinity;
  readonly ends = Object.fromEntries(END_CAUSES.map((cause) => [cause, 0])) as Record<EndCause, number>;
}
