// The controller as the process that a pod would run.
import { createWriteStream, readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { CHECKOUT } from '../support/checkout.js';
import { INSTALLED_IN } from './simulated-nodes.js';
import { freePort, waitFor } from './wait.js';

export class ControllerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly address: string,
    readonly log: string,
  ) {}

  static async start(kubeconfig: string, log: string, ...flags: readonly string[]): Promise<ControllerProcess> {
    const address = `127.0.0.1:${(await freePort()).toString()}`;
    const argv = ['controller', `--kubeconfig=${kubeconfig}`, `--namespace=${INSTALLED_IN}`, `--listen=${address}`];
    const child = spawn(process.execPath, [join(CHECKOUT, 'build/operator/src/main-cli.js'), ...argv, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.pipe(createWriteStream(log, { flags: 'a' }));
    const controller = new ControllerProcess(child, address, log);
    const isUp = async (): Promise<boolean> => (await controller.ask('/readyz')) !== undefined;
    await waitFor('the controller', isUp, { timeoutS: 30, found: () => controller.lastWords() });
    return controller;
  }

  get rssMb(): number {
    const pages = Number(readFileSync(`/proc/${(this.child.pid ?? 0).toString()}/statm`, 'utf8').split(' ')[1]);
    return (pages * 4096) / 1024 / 1024;
  }

  /** The body of an answer; undefined while there is none. */
  async ask(path: string): Promise<string | undefined> {
    try {
      const answer = await fetch(`http://${this.address}${path}`);
      return answer.ok ? await answer.text() : undefined;
    } catch {
      return undefined;
    }
  }

  async metric(name: string): Promise<number> {
    const text = (await this.ask('/metrics')) ?? '';
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        ?.split(' ')
        .at(-1),
    );
  }

  lastWords(): string {
    return readFileSync(this.log, 'utf8').split('\n').slice(-5).join(' | ');
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    await ended;
  }
}
