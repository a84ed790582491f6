// The stage of the demonstration: a cgroup of its own and a file system of its own, so that nothing else on the machine
// can be touched, and both can be taken away again.

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentFault } from '../errors.js';
import type { Outcome } from './demo-cases.js';
import { SECRET } from './demo-cases.js';

export const STAGE = '/run/ringfence-demo';
export const DEMO_CGROUP = '/ringfence-demo';
const WORKLOAD = 'web';
const CASE_TIMEOUT_MS = 60_000;
const EMPTY_TRIES = 100;
const PROGRAM = '/usr/bin/touch';

export class DemoStage {
  readonly #cgroup: string;

  constructor(cgroupMount: string) {
    this.#cgroup = join(cgroupMount, DEMO_CGROUP);
  }

  /** The cgroup whose processes the demonstration's policies are about. */
  get workload(): string {
    return join(this.#cgroup, WORKLOAD);
  }

  /** A file system of its own, because /run forbids programs on many machines. */
  prepare(): void {
    this.remove();
    mkdirSync(STAGE, { recursive: true });
    run('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'ringfence-demo', STAGE]);
    for (const folder of ['bin', 'data', 'secret']) mkdirSync(join(STAGE, folder));
    for (const name of ['forbidden', 'allowed']) copyFileSync(PROGRAM, join(STAGE, 'bin', name));
    writeFileSync(join(STAGE, 'secret/token'), `${SECRET}\n`);
    writeFileSync(join(STAGE, 'data/file'), 'data\n');
    writeFileSync(join(STAGE, 'data/audit.log'), 'entry\n');
    writeFileSync(join(STAGE, 'data/start.sh'), '#!/bin/sh\n: > "$1"\n');
    chmodSync(join(STAGE, 'data/start.sh'), 0o755);
    writeFileSync(join(STAGE, 'config.ini'), 'config\n');
    writeFileSync(join(STAGE, 'other'), 'original\n');
    mkdirSync(this.workload, { recursive: true });
  }

  /** Runs a command as a process of the workload: it joins the cgroup and then becomes the program. */
  try(argv: readonly string[]): Promise<Outcome> {
    const script = 'echo $$ > "$0"/cgroup.procs && exec "$@"';
    const child = spawn('/bin/sh', ['-c', script, this.workload, ...argv], {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: CASE_TIMEOUT_MS,
      killSignal: 'SIGTERM',
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => {
        resolve({ status, signal, stdout: Buffer.concat(chunks).toString('utf8') });
      });
    });
  }

  /** Waits for the last process of the workload, then takes everything away. */
  async clear(): Promise<void> {
    for (let tries = 0; tries < EMPTY_TRIES && existsSync(this.#cgroup); tries += 1) {
      if (this.remove()) return;
      await sleep(50);
    }
    this.remove();
  }

  /** True when nothing is left. */
  remove(): boolean {
    spawnSync('umount', ['-l', STAGE], { stdio: 'ignore' });
    for (const folder of [this.workload, this.#cgroup, STAGE]) removeFolder(folder);
    return !existsSync(this.#cgroup) && !existsSync(STAGE);
  }
}

function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Not there, or still in use: the caller looks and tries again.
  }
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  throw new AgentFault('AGENT_OPTION_INVALID', `run ${command} ${args.join(' ')}`, {
    hint: error?.message ?? stderr.trim(),
  });
}
