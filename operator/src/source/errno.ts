import { Fault, SourceFault } from '../errors.js';
import type { FaultCode } from '../errors.js';

/** Name of the system error, such as ENOSPC. */
export function errnoName(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return 'EUNKNOWN';
}

/** The error as a fault of this room; a fault stays as it is. */
export function sourceFault(code: FaultCode, attempt: string, object: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new SourceFault(code, attempt, { object, errno: errnoName(error), cause: error });
}
