// Where policies come from, as the agent sees it: a watched folder, or the API server. Each feed keeps its own objects; the agent
// enforces all of them. Two feeds never have an object in common: UIDs of files are hashes of names.

import type { ObjectState } from '../source/merge.js';

export interface PolicyFeed {
  /** By uid: the newest version of each, and the one that is good. */
  objects(): ReadonlyMap<string, ObjectState>;
  /** Findings that belong to no object. */
  strayIssues(): readonly unknown[];
  /** Nothing is known of what the kernel enforces already: it stays as it is until the feed has been heard. */
  isHolding(): boolean;
  /** What the agent is not ready without, one line each. */
  missing(): readonly string[];
  stop(): void;
}
