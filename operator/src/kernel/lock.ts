// One agent a machine: two would write the same maps.

import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
  makeFolder(runDir);
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

/** One folder at a time: Node's own recursive form never returns where the parent, such as /proc, takes none. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    const errno = code === undefined ? {} : { errno: code };
    throw new AgentFault('AGENT_SOCKET_FAILED', 'make the run folder', { object: path, ...errno, cause: error });
  }
}
