// The same operation again and again in one container, as its own processes do it. What does not end as it should is kept, with its time.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Statuses that the shell gives for a child: killed by SIGKILL, or its own 0. */
const STATUS = { killed: '137', done: '0' } as const;
const EVERY_US = 40_000;

export type Ending = keyof typeof STATUS;

export class Prober {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #expected: string;
  #tries = 0;
  readonly wrong: string[] = [];

  /** @param file as the container sees it */
  constructor(cgroup: string, root: string, file: string, expected: Ending) {
    this.#name = `${expected} ${file}`;
    this.#expected = STATUS[expected];
    const loop = `while :; do /bin/busybox cat ${file} >/out.$$ 2>&1; echo $?; /bin/busybox usleep ${EVERY_US}; done`;
    const enter = 'echo $$ > "$0"/cgroup.procs && exec chroot "$1" /bin/busybox sh -c "$2"';
    this.#child = spawn('/bin/sh', ['-c', enter, cgroup, root, loop], { stdio: ['ignore', 'pipe', 'ignore'] });
    if (this.#child.stdout) createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(line));
  }

  get tries(): number {
    return this.#tries;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What went wrong is told once. */
  takeWrong(): string[] {
    return this.wrong.splice(0);
  }

  async stop(): Promise<void> {
    if (!this.isAlive) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #take(status: string): void {
    this.#tries += 1;
    if (status !== this.#expected) this.wrong.push(`${new Date().toISOString()} ${this.#name}: status ${status}`);
  }
}
