// What an answer of the API server means: faults, with what the server says about trying again.
import type { IncomingHttpHeaders } from 'node:http';
import { ClusterFault, type FaultCode } from '../errors.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The API's `Status` object, as far as it is used. */
interface Status {
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly code?: unknown;
  readonly details?: unknown;
}

const CODES: Readonly<Record<number, FaultCode>> = {
  400: 'CLUSTER_INVALID',
  401: 'CLUSTER_UNAUTHORIZED',
  403: 'CLUSTER_FORBIDDEN',
  404: 'CLUSTER_NOT_FOUND',
  405: 'CLUSTER_INVALID',
  409: 'CLUSTER_CONFLICT',
  410: 'CLUSTER_EXPIRED',
  413: 'CLUSTER_INVALID',
  415: 'CLUSTER_INVALID',
  422: 'CLUSTER_INVALID',
  429: 'CLUSTER_THROTTLED',
};

/** Longest wait that an answer can ask for: a header gone wrong must not silence us. */
const MAX_RETRY_AFTER_MS = 60_000;
/** How much of a body that is not a Status goes into a message. */
const MESSAGE_MAX = 300;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseStatus(body: string): Status {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : {};
  } catch {
    return { message: body.slice(0, MESSAGE_MAX).trim() };
  }
}

function retryAfterMs(headers: IncomingHttpHeaders, status: Status): number {
  const details = isObject(status.details) ? Number(status.details['retryAfterSeconds'] ?? 0) : 0;
  const seconds = Number(headers['retry-after'] ?? details);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) : 0;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function codeOf(code: number, reason: string, message: string): FaultCode {
  if (reason === 'Expired' || reason === 'Gone') return 'CLUSTER_EXPIRED';
  // The API server (1.34) answers so to server-side apply of a field that the schema does not know.
  if (code === 500 && message.includes('field not declared in schema')) return 'CLUSTER_INVALID';
  return CODES[code] ?? 'CLUSTER_FAILED';
}

/** The fault that an ERROR event of a watch, or a body with an error status, stands for. */
export function faultOfStatus(
  attempt: string,
  code: number,
  status: Status,
  headers: IncomingHttpHeaders,
): ClusterFault {
  const reason = text(status.reason);
  const message = text(status.message);
  const name = codeOf(code, reason, message);
  return new ClusterFault(name, message === '' ? `${attempt} (HTTP ${code})` : `${attempt}: ${message}`, {
    status: code,
    reason,
    retryAfterMs: retryAfterMs(headers, status),
  });
}

export function faultOfAnswer(attempt: string, { status, headers, body }: Answer): ClusterFault {
  return faultOfStatus(attempt, status, parseStatus(body), headers);
}

/** No answer came: refused, reset, timed out, or a certificate that is not trusted. */
export function faultOfError(attempt: string, error: unknown): ClusterFault {
  if (error instanceof ClusterFault) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new ClusterFault('CLUSTER_UNREACHABLE', attempt, { errno: code ?? message, cause: error });
}

export function isFault(error: unknown, code: FaultCode): boolean {
  return error instanceof ClusterFault && error.code === code;
}
