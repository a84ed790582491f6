// A pause without an agent: the switch is written to the pinned map, and to the state directory for the agent that comes next.
// What enforces is in the kernel, so the way out must not need the agent either.

import { join } from 'node:path';
import { AgentFault } from '../errors.js';
import type { Fault } from '../errors.js';
import { bootTimeNs, lockRunDirectory, openEngineInForce } from '../kernel/index.js';
import type { RunLock } from '../kernel/index.js';
import { openLog } from '../log.js';
import { systemClock } from '../source/clock.js';
import { StateDirectory } from '../source/state.js';
import { readCommandLine } from './command-line.js';
import { monitorsSinceBoot } from './node-mode.js';
import type { NodeMode } from './node-mode.js';
import { PauseSwitch } from './pause-switch.js';

export interface OfflinePlace {
  readonly runDir: string;
  readonly stateDir: string;
}

/**
 * `seconds` undefined ends a pause. Undefined where nothing is enforced.
 * @throws Fault; where the state directory cannot be written the kernel does as asked all the same
 */
export async function pauseOffline(place: OfflinePlace, seconds: number | undefined): Promise<NodeMode | undefined> {
  const engine = openEngineInForce(join(place.runDir, 'bpf'));
  if (engine === undefined) return undefined;
  let lock: RunLock | undefined;
  let failure: Fault | undefined;
  try {
    lock = lockSilent(place.runDir);
    const options = {
      clock: systemClock,
      log: openLog('error', false),
      state: new StateDirectory(place.stateDir),
      kernel: { map: (name: string) => engine.map(name), bootTimeNs },
      monitorsSinceBoot: monitorsSinceBoot(readCommandLine()),
      onFault: (fault: Fault | undefined) => (failure = fault),
    };
    const pauses = new PauseSwitch(options, undefined);
    const mode = await (seconds === undefined ? pauses.resume() : pauses.pause(seconds));
    pauses.stop();
    if (failure !== undefined) throw failure;
    return mode;
  } finally {
    lock?.release();
    engine.close();
  }
}

/** Nobody answered on the socket: whoever holds the lock all the same is starting, or hangs. */
function lockSilent(runDir: string): RunLock {
  try {
    return lockRunDirectory(runDir);
  } catch (error) {
    if (!(error instanceof AgentFault) || error.code !== 'AGENT_ALREADY_RUNNING') throw error;
    const hint = 'an agent is starting, or hangs: try again, or kill it first; enforcement goes on without it';
    throw new AgentFault('AGENT_ALREADY_RUNNING', 'lock the run folder', { object: runDir, hint, cause: error });
  }
}
