// One agent a machine: two would write the same maps.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFault } from '../errors.js';
import { attempt, isNativeError } from './fault.js';
import { native } from './native.js';

export const LOCK_FILE = 'agent.lock';

export interface RunLock {
  release(): void;
}

/** Held until released or until the process is gone, however it goes. */
export function lockRunDirectory(runDir: string): RunLock {
  const { FileLock } = native();
  const path = join(runDir, LOCK_FILE);
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  try {
    const lock = new FileLock(path);
    return { release: () => lock.close() };
  } catch (error) {
    if (isNativeError(error) && error.errno === 'EAGAIN') {
      throw new AgentFault('AGENT_ALREADY_RUNNING', 'lock the run folder', { object: path, errno: error.errno });
    }
    return attempt('AGENT_SOCKET_FAILED', () => {
      throw error;
    });
  }
}
