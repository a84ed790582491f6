// Whether the node interferes at all. Paused by a person until a time, or monitoring since boot because the kernel command
// line says so (POLICY.md section 7); otherwise it enforces.

import { RfNodeMode } from '../abi/abi.gen.js';
import type { PauseState } from '../source/state.js';

const COMMAND_LINE_SWITCH = 'ringfence.mode=monitor';
const NS_PER_MS = 1_000_000n;

export interface NodeMode {
  readonly effective: 'Enforce' | 'Monitor';
  readonly source: 'Default' | 'Pause' | 'Emergency' | 'KernelCommandLine';
  /** RFC 3339; of a pause. */
  readonly until?: string;
}

export function monitorsSinceBoot(commandLine: string): boolean {
  return commandLine.split(/\s+/).includes(COMMAND_LINE_SWITCH);
}

/** What may keep a node from interfering. */
export interface Switches {
  readonly sinceBoot: boolean;
  /** Every agent of the cluster is told to monitor. */
  readonly emergency: boolean;
  readonly pause: PauseState | undefined;
}

export function judgeMode({ sinceBoot, emergency, pause }: Switches, nowMs: number): NodeMode {
  if (sinceBoot) return { effective: 'Monitor', source: 'KernelCommandLine' };
  if (emergency) return { effective: 'Monitor', source: 'Emergency' };
  if (pause !== undefined && Date.parse(pause.until) > nowMs) {
    return { effective: 'Monitor', source: 'Pause', until: pause.until };
  }
  return { effective: 'Enforce', source: 'Default' };
}

/** The same for the kernel, which ends a pause by itself if the agent is not there to do it. */
export function modeSwitches(mode: NodeMode, nowMs: number, bootNs: bigint): { mode: number; pauseUntilNs: bigint } {
  if (mode.effective === 'Enforce') return { mode: RfNodeMode.MODE_ENFORCE, pauseUntilNs: 0n };
  if (mode.until === undefined) return { mode: RfNodeMode.MODE_MONITOR, pauseUntilNs: 0n };
  const leftMs = Math.max(1, Date.parse(mode.until) - nowMs);
  return { mode: RfNodeMode.MODE_MONITOR, pauseUntilNs: bootNs + BigInt(Math.round(leftMs)) * NS_PER_MS };
}
