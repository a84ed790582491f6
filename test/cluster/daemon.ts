// A program that runs beside the tests: its output goes to a file, it dies with this process, and stopping it is waited for.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';

const STOP_LIMIT_MS = 10_000;

export class Daemon {
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private isOver = false;

  constructor(
    readonly name: string,
    argv: readonly string[],
    private readonly log: string,
    env: NodeJS.ProcessEnv = process.env,
  ) {
    const output = openSync(log, 'a');
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], { env, stdio: ['ignore', output, output] });
    closeSync(output);
    this.ended = new Promise((resolve) => {
      const over = (): void => {
        this.isOver = true;
        resolve();
      };
      this.child.on('error', over).on('close', over);
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get isAlive(): boolean {
    return !this.isOver;
  }

  /** The end of what it said, for messages. */
  lastWords(lines = 8): string {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8').trim().split('\n').slice(-lines).join('\n') : '';
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.isOver) return;
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(timer);
  }
}
