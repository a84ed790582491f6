// A root with a few programs, and the runtime of test/pods/runtime.c on it.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { TRY } from '../kernel/harness/run-try.js';
import { ROOT } from '../kernel/harness/agent.js';
import type { Tried } from '../kernel/harness/run-try.js';

const RUNTIME = join(ROOT, 'build', 'test', 'pods', 'runtime');

export const SECRET = 'secret of the container\n';

/** What the runtime tells of the program it started, and what that printed. */
export interface Ran {
  readonly pid: number;
  /** Of the last exec, as the runtime saw it; empty when it happened. */
  readonly errno: string;
  readonly status: number;
  readonly signal: number;
  readonly tried: readonly Tried[];
}

export type RuntimeOptions = Partial<
  Record<'cgroup' | 'into' | 'root' | 'join' | 'outside' | 'inside' | 'tty' | 'file' | 'wait', string>
>;

export interface Running {
  /** Process id of the container's first process. */
  readonly started: Promise<number>;
  /** With `wait`: it is there. */
  readonly waits: Promise<undefined>;
  readonly ended: Promise<Ran>;
}

/** Inside: /bin/try, /bin/forbidden and /bin/hook (copies), /bin/script run by forbidden, /secret, pipes /tmp/end and /tmp/first. */
export function makeRoot(): string {
  const root = mkdtempSync('/tmp/rf-root-');
  for (const name of ['bin', 'proc', 'tmp', 'dev']) mkdirSync(join(root, name));
  for (const name of ['try', 'forbidden', 'hook']) copyFileSync(TRY, join(root, 'bin', name));
  writeFileSync(join(root, 'bin', 'script'), '#!/bin/forbidden open\n', { mode: 0o755 });
  writeFileSync(join(root, 'secret'), SECRET);
  spawnSync('mkfifo', [join(root, 'tmp', 'end'), join(root, 'tmp', 'first')]);
  return root;
}

/** `/bin/try open /tmp/end` lasts until this. */
export function release(root: string, pipe: 'end' | 'first' = 'end'): void {
  // waits for the reader
  closeSync(openSync(join(root, 'tmp', pipe), 'w'));
}

export function removeRoot(root: string): void {
  rmSync(root, { recursive: true, force: true });
}

function lastLine(lines: readonly string[], stderr: string): Ran {
  const parsed = lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const own = parsed.findIndex((line) => 'pid' in line && !('op' in line));
  if (own === -1) throw new Error(`the runtime told nothing: ${stderr}`);
  const ran = parsed[own] as unknown as Omit<Ran, 'tried'>;
  const tried = parsed.filter((_, index) => index !== own) as unknown as Tried[];
  return { ...ran, tried };
}

/** Starts the runtime and does not wait. */
export function startRuntime(options: RuntimeOptions, ...program: readonly string[]): Running {
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn(RUNTIME, [...words, '--', ...program], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  const lines: string[] = [];
  let stderr = '';
  const started = Promise.withResolvers<number>();
  const waits = Promise.withResolvers<undefined>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, pid] = /^started (\d+)$/.exec(line) ?? [];
    if (pid !== undefined) started.resolve(Number(pid));
    else if (line === 'waits') waits.resolve(undefined);
    else lines.push(line);
  });
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      try {
        resolve(lastLine(lines, stderr));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
  return { started: started.promise, waits: waits.promise, ended };
}

/** Of a container whose program is /bin/try, which leaves the work to its child: the child. */
export async function childOf(pid: number): Promise<number> {
  for (let tries = 0; tries < 500; tries += 1) {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    if (text !== '') return Number(text.split(' ')[0]);
    await sleep(10);
  }
  throw new Error('no child');
}

/** Process id of a container that can be joined: before its program runs its root is the node's still. */
export async function joinable(container: Running): Promise<string> {
  const pid = await container.started;
  await childOf(pid);
  return String(pid);
}

export async function runRuntime(options: RuntimeOptions, ...program: readonly string[]): Promise<Ran> {
  return await startRuntime(options, ...program).ended;
}
