// Turns what the addon throws into coded faults.

import { KernelFault } from '../errors.js';
import type { FaultCode } from '../errors.js';

interface NativeError extends Error {
  readonly errno: string;
  readonly attempt: string;
  readonly verifierLog?: string;
}

export function isNativeError(error: unknown): error is NativeError {
  return error instanceof Error && 'attempt' in error && 'errno' in error && typeof error.errno === 'string';
}

/** Runs an action of the addon; what the system refuses becomes a fault of `code`. Everything else passes as it is. */
export function attempt<T>(code: FaultCode, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!isNativeError(error)) throw error;
    const { errno, verifierLog } = error;
    throw new KernelFault(code, error.attempt, verifierLog === undefined ? { errno } : { errno, verifierLog });
  }
}

/** No room in a map is for the user to solve, everything else may pass. */
export function attemptOnMap<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!isNativeError(error)) throw error;
    const code = error.errno === 'E2BIG' || error.errno === 'ENOSPC' ? 'KERNEL_MAP_FULL' : 'KERNEL_MAP_FAILED';
    throw new KernelFault(code, error.attempt, { errno: error.errno });
  }
}
