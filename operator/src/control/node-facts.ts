// The facts of a node that its object in the cluster tells: what the agent says, and the machine.

import { machine } from 'node:os';
import type { NodeKernel } from '../report/objects.gen.js';
import type { AgentFacts } from './agent-parts.js';
import { readBootId } from './boot-id.js';
import type { EnginePort } from './engine-port.js';
import type { NodeFacts } from './node-state.js';
import type { PolicyFeed } from './policy-feed.js';
import { VERSION } from './defaults.js';

function kernelOf({ report }: EnginePort): NodeKernel {
  const { release, lsms, lockdown } = report;
  return { release, arch: machine(), lsms: lsms.filter((name) => name !== ''), lockdown: lockdown ?? 'none' };
}

/** Of policies of the API server only: files are the node's own affair. */
export function nodeFacts(
  { mode, backends, objects, outcome, paused, unconfirmed, fault }: AgentFacts,
  kernel: EnginePort,
  feed: PolicyFeed,
): Omit<NodeFacts, 'epoch' | 'pods' | 'findings' | 'predating' | 'podProblems'> {
  const own = [...objects.values()].filter(({ uid }) => feed.objects().has(uid));
  const { inForce, failed, selected, selectedPods } = outcome;
  const all = fault === undefined ? failed : new Map(own.map(({ uid }) => [uid, failed.get(uid) ?? fault]));
  return {
    version: VERSION,
    bootID: readBootId(),
    kernel: kernelOf(kernel),
    mode,
    backends,
    objects: own,
    inForce,
    failed: all,
    selected,
    selectedPods,
    paused,
    unconfirmed,
  };
}
