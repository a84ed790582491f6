// The agent under test, as its users run it: a process of its own, policies as files, asked over its socket.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askAgent } from '../../../operator/src/control/client.js';
import type { NodeStatus } from '../../../operator/src/control/agent.js';
import type { PolicyReport } from '../../../operator/src/control/status-board.js';
import type { ContainerEvent, PolicyEvent } from '../../../operator/src/event/types.js';

/** Of the checkout, from the sources and from what is compiled alike. */
export const ROOT = checkoutOf(import.meta.dirname);
/** Loading the programs takes half a minute on an emulated machine, and many times that where others want its processor too. */
const READY_LIMIT_MS = 600_000;
const APPLY_LIMIT_MS = 60_000;
const POLL_MS = 50;

function checkoutOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : checkoutOf(dirname(folder));
}

export interface PolicyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

export interface AgentSetup {
  /** Where the agent's files go: policies, state, run folder, events, log. Made anew. */
  readonly folder: string;
  readonly policies: readonly PolicyObject[];
  /** More words for `ringfence run`. */
  readonly flags?: readonly string[];
}

export function ringfence(): string {
  const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: { ringfence: string } };
  return join(ROOT, bin.ringfence);
}

function fileOf(object: PolicyObject): string {
  return `${object.kind}-${object.metadata?.namespace ?? ''}-${object.metadata?.name ?? 'all'}.json`.toLowerCase();
}

/** Waits until `look` finds something. */
export async function waitFor<T>(
  what: string,
  limitMs: number,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited ${limitMs / 1000} s in vain for ${what}`);
    await sleep(POLL_MS);
  }
}

function isInForce(report: PolicyReport): boolean {
  return report.status.conditions.some(
    ({ type, status, reason }) => type === 'Programmed' && status === 'True' && reason !== 'NothingSelected',
  );
}

export class AgentProcess {
  readonly #setup: AgentSetup;
  #child: ChildProcess | undefined;

  private constructor(setup: AgentSetup) {
    this.#setup = setup;
  }

  /** Ready: programs are attached and the policies were applied. */
  static async start(setup: AgentSetup): Promise<AgentProcess> {
    const agent = new AgentProcess(setup);
    rmSync(setup.folder, { recursive: true, force: true });
    mkdirSync(agent.policyFolder, { recursive: true });
    for (const object of setup.policies) agent.#write(object);
    try {
      await agent.restart();
    } catch (error) {
      // What it left would be in the way of the next, and its removal would fail in place of this.
      await agent.kill9();
      agent.uninstall();
      throw error;
    }
    return agent;
  }

  get policyFolder(): string {
    return join(this.#setup.folder, 'policies');
  }

  get runFolder(): string {
    return join(this.#setup.folder, 'run');
  }

  get stateFolder(): string {
    return join(this.#setup.folder, 'state');
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get log(): string {
    return readFileSync(join(this.#setup.folder, 'agent.log'), 'utf8');
  }

  /** Starts a process where none runs, on the files that are there. */
  async restart(): Promise<void> {
    this.spawn();
    await this.waitReady();
  }

  /** Starts a process and does not wait. */
  spawn(more: readonly string[] = []): void {
    const { folder, flags = [] } = this.#setup;
    const log = openSync(join(folder, 'agent.log'), 'a');
    const argv = [ringfence(), 'run', '--policies', this.policyFolder, '--state', this.stateFolder];
    const events = ['--run-dir', this.runFolder, '--events', join(folder, 'events.ndjson')];
    const unlimited = ['--event-rate', '0', '--event-burst', '0'];
    this.#child = spawn(process.execPath, [...argv, ...events, ...unlimited, ...flags, ...more], {
      stdio: ['ignore', log, log],
      // An emulated machine spends most of a start on compiling.
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
    });
    closeSync(log);
  }

  async waitReady(): Promise<void> {
    await waitFor('the agent to become ready', READY_LIMIT_MS, async () => {
      if (this.hasEnded()) throw new Error(`the agent ended: ${this.log.slice(-4000)}`);
      const answer = await this.#ask('/readyz');
      return answer?.status === 200 ? true : undefined;
    }).catch((error: unknown) => {
      throw new Error(`the agent said: ${this.log.slice(-4000)}`, { cause: error });
    });
  }

  hasEnded(): boolean {
    return this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ends the process as a service manager does; enforcement stays. Its exit status. */
  async stop(): Promise<number | null> {
    return await this.#end('SIGTERM');
  }

  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || this.hasEnded()) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill(signal);
    return await ended;
  }

  /** Takes everything out of the kernel; what `ringfence uninstall -o json` printed. */
  uninstall(): { readonly removed: readonly string[]; readonly left: readonly string[] } {
    const argv = [ringfence(), 'uninstall', '--run-dir', this.runFolder, '-o', 'json'];
    const ran = spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 120_000 });
    if (ran.status !== 0) throw new Error(`uninstall ended with ${String(ran.status)}: ${ran.stderr}`);
    return JSON.parse(ran.stdout) as ReturnType<AgentProcess['uninstall']>;
  }

  /** Stops and uninstalls, for a machine that others use too. */
  async remove(): Promise<void> {
    await this.stop();
    this.uninstall();
  }

  async status(): Promise<NodeStatus> {
    const answer = await askAgent(join(this.runFolder, 'agent.sock'), 'GET', '/status');
    return answer.body as NodeStatus;
  }

  /** Every event line so far. */
  events(): PolicyEvent[] {
    const path = join(this.#setup.folder, 'events.ndjson');
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const lines = text.split('\n').slice(0, -1);
    const events = lines.map((line) => JSON.parse(line) as PolicyEvent | ContainerEvent);
    return events.filter((event) => event.kind === 'violation');
  }

  async policy(name: string): Promise<PolicyReport | undefined> {
    return (await this.status()).policies.find(({ metadata }) => metadata.name === name);
  }

  /** Writes a policy by rename and waits until the kernel holds it. The content must differ from what was there. */
  async writePolicy(object: PolicyObject): Promise<void> {
    const name = object.metadata?.name ?? '';
    const before = (await this.policy(name))?.metadata.generation ?? 0;
    this.#write(object);
    await waitFor(`policy ${name} to be in force`, APPLY_LIMIT_MS, async () => {
      const report = await this.policy(name);
      return report !== undefined && report.metadata.generation > before && isInForce(report) ? true : undefined;
    });
  }

  async removePolicy(object: PolicyObject): Promise<void> {
    const name = object.metadata?.name ?? '';
    rmSync(join(this.policyFolder, fileOf(object)));
    await waitFor(`policy ${name} to be gone`, APPLY_LIMIT_MS, async () =>
      (await this.policy(name)) === undefined ? true : undefined,
    );
  }

  /** Writes without waiting. */
  put(object: PolicyObject): void {
    this.#write(object);
  }

  #write(object: PolicyObject): void {
    const path = join(this.policyFolder, fileOf(object));
    // Names that begin with two dots are not read.
    const making = join(this.policyFolder, `..making-${fileOf(object)}`);
    writeFileSync(making, JSON.stringify(object));
    renameSync(making, path);
  }

  async #ask(path: string): Promise<{ status: number } | undefined> {
    return await askAgent(join(this.runFolder, 'agent.sock'), 'GET', path).catch(() => undefined);
  }
}
