// A process that is in a cgroup before the agent starts, and then runs programs on request: what the processes of a unit are to an agent.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const LOOP = 'echo 0 >"$0/cgroup.procs"; echo in; while read -r line; do eval "$line" >&2; echo "$?"; done';

export class Holder {
  readonly #shell: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  private constructor(argv: readonly string[]) {
    const [program = '', ...args] = argv;
    this.#shell = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#answers = createInterface({ input: this.#shell.stdout })[Symbol.asyncIterator]();
  }

  /** `through`: nsenter and the like. */
  static async start(cgroup: string, through: readonly string[] = []): Promise<Holder> {
    const holder = new Holder([...through, 'sh', '-c', LOOP, cgroup]);
    await holder.#answer();
    return holder;
  }

  get pid(): number {
    return this.#shell.pid ?? 0;
  }

  /** Runs a program as a child of the process; its exit status, 128 + N where signal N ended it. */
  async run(argv: readonly string[]): Promise<number> {
    return await this.evaluate(argv.map((word) => `'${word}'`).join(' '));
  }

  /** One line of shell in the process itself. */
  async evaluate(line: string): Promise<number> {
    this.#shell.stdin.write(`${line}\n`);
    return Number(await this.#answer());
  }

  async end(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const ended = once(this.#shell, 'exit');
    this.#shell.stdin.end();
    await ended;
  }

  async #answer(): Promise<string> {
    const next: IteratorResult<string, unknown> = await this.#answers.next();
    if (next.done === true) throw new Error('the holding process has ended');
    return next.value;
  }
}
