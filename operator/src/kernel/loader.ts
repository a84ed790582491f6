// Starts the loader process and hears what became of it.

import { spawnSync } from 'node:child_process';
import { KernelFault, FAULT_CODES } from '../errors.js';
import type { FaultCode } from '../errors.js';
import { builtFile } from './native.js';
import type { SetOptions, SetResult } from './load-set.js';
import { removeStaleSets } from './pins.js';
import type { Charge } from './root-cgroup.js';

const LOADER = 'operator/src/main-loader.js';
/** The verifier log of one program, and what surrounds it. */
const OUTPUT_MAX = 32 * 1024 * 1024;
/** Far above what an emulated machine needs; a loader that hangs must not hang the agent. */
const TIMEOUT_MS = 300_000;

export type LoaderResult = SetResult & { readonly charge: Charge };

/** What the loader prints: one line of JSON. */
export type LoaderAnswer = { readonly result: LoaderResult } | { readonly fault: LoaderFault };

export interface LoaderFault {
  readonly code: string;
  readonly attempt: string;
  readonly object?: string | undefined;
  readonly errno?: string | undefined;
  readonly verifierLog?: unknown;
}

export function runLoader(options: SetOptions): LoaderResult {
  const child = spawnSync(process.execPath, [builtFile(LOADER)], {
    input: JSON.stringify(options),
    encoding: 'utf8',
    maxBuffer: OUTPUT_MAX,
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const answer = parseAnswer(child.stdout);
  if (answer === undefined) {
    removeStaleSets(options.dir);
    throw new KernelFault('KERNEL_LOAD_REJECTED', 'run the loader', {
      errno: child.signal ?? (child.error as NodeJS.ErrnoException | undefined)?.code ?? `status ${child.status ?? -1}`,
      stderr: child.stderr,
    });
  }
  if ('result' in answer) return answer.result;
  throw faultOf(answer.fault);
}

function parseAnswer(stdout: string | null): LoaderAnswer | undefined {
  try {
    return JSON.parse(stdout ?? '') as LoaderAnswer;
  } catch {
    return undefined;
  }
}

function faultOf({ code, attempt, object, errno, verifierLog }: LoaderFault): KernelFault {
  const known: FaultCode = Object.hasOwn(FAULT_CODES, code) ? (code as FaultCode) : 'KERNEL_LOAD_REJECTED';
  return new KernelFault(known, attempt, {
    ...(object === undefined ? {} : { object }),
    ...(errno === undefined ? {} : { errno }),
    ...(verifierLog === undefined ? {} : { verifierLog }),
  });
}
