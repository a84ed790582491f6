// ringfence demo: the whole of it on one screen. What this kernel holds, the example policies with their guarantee, then
// forbidden operations tried in a cgroup of its own, each looked at by its side effect, and the events. Where the kernel
// can only kill, the same is shown in a guest that can prevent.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from '../control/agent.js';
import { startDemoAgent } from '../control/demo-agent.js';
import type { DemoAgent } from '../control/demo-agent.js';
import { offerOfKernel } from '../control/offline.js';
import type { KernelOffer } from '../control/offline.js';
import type { PolicyReport } from '../control/status-board.js';
import type { PolicyEvent } from '../event/types.js';
import type { RuleStatus } from '../report/status.js';
import { renderTable } from '../report/table.js';
import { demoCases } from './demo-cases.js';
import type { DemoCase, Outcome } from './demo-cases.js';
import { demoPolicies, exampleGuarantees } from './demo-examples.js';
import { runInGuest } from './demo-guest.js';
import { DEMO_CGROUP, DemoStage, STAGE } from './demo-stage.js';
import { eventLine } from './events.js';
import { EXIT } from './exit.js';
import { probeLines } from './probe.js';
import { waitForSignal } from './signals.js';
import type { Terminal } from './terminal.js';

const EVENT_WAIT_MS = 5000;
const POLL_MS = 20;

export interface DemoOptions {
  readonly once: boolean;
  readonly guest: boolean;
  readonly insideGuest: boolean;
}

export async function demoVerb(terminal: Terminal, options: DemoOptions): Promise<number> {
  const offer = offerOfKernel();
  terminal.lines([terminal.paint('bold', 'What this kernel holds'), ...probeLines(terminal, offer), '']);
  terminal.lines([
    terminal.paint('bold', 'Example policies and what they come to here'),
    ...(await exampleGuarantees(offer)),
    '',
  ]);
  const stage = new DemoStage(offer.report.cgroup2 ?? '');
  stage.prepare();
  let running: DemoAgent | undefined;
  let failures: number;
  try {
    running = await startDemoAgent({ policies: demoPolicies(), confine: DEMO_CGROUP, folder: STAGE });
    failures = await new Show(terminal, stage, running.agent).run();
    if (wantsGuest(offer, options)) failures += await runInGuest(terminal, options.guest);
    terminal.line(
      failures === 0 ? terminal.paint('green', 'all as it should be') : terminal.paint('red', `${failures} failed`),
    );
    if (!options.once) await invite(terminal, stage);
  } finally {
    await running?.end();
    await stage.clear();
  }
  return failures === 0 ? EXIT.ok : EXIT.negative;
}

function wantsGuest({ backend }: KernelOffer, { guest, insideGuest }: DemoOptions): boolean {
  return !insideGuest && (guest || backend !== 'lsm');
}

async function invite(terminal: Terminal, stage: DemoStage): Promise<void> {
  terminal.lines([
    '',
    'The policies stay in force until Ctrl-C. To try them, as root in another terminal:',
    `  sh -c 'echo $$ > ${stage.workload}/cgroup.procs; exec sh'`,
    `  cat ${STAGE}/secret/token`,
    '',
  ]);
  await waitForSignal();
}

class Show {
  readonly #terminal: Terminal;
  readonly #stage: DemoStage;
  readonly #agent: Agent;
  #failures = 0;
  #expectedEvents = 0;

  constructor(terminal: Terminal, stage: DemoStage, agent: Agent) {
    this.#terminal = terminal;
    this.#stage = stage;
    this.#agent = agent;
  }

  /** @returns assertions that did not hold */
  async run(): Promise<number> {
    const terminal = this.#terminal;
    terminal.line(terminal.paint('bold', `Tried in the cgroup ${DEMO_CGROUP}/web`));
    const rows: string[][] = [];
    for (const one of demoCases(STAGE)) rows.push(await this.#runCase(one));
    terminal.lines(renderTable(['', 'OPERATION', 'RULE', 'EFFECT', 'SEEN'], rows));
    await this.#showEvents();
    return this.#failures;
  }

  async #runCase(one: DemoCase): Promise<string[]> {
    const before = this.#rule(one);
    const rule = ruleName(one);
    if (one.violates !== undefined && before === undefined)
      return [this.#mark(false), one.title, rule, '', 'not in force'];
    if (before !== undefined && !one.monitored && !interferes(before)) {
      return ['-', one.title, rule, before.guarantee, 'not held here, not tried'];
    }
    if (before !== undefined) this.#expectedEvents += 1;
    const outcome = await this.#stage.try(one.argv);
    const what = { outcome, happened: one.happened(outcome), counted: countOf(this.#rule(one)) - countOf(before) };
    const effect = effectOf(one, before);
    return [this.#mark(this.#judge(one, before, what)), one.title, rule, effect, seen(what)];
  }

  #mark(ok: boolean): string {
    if (ok) return this.#terminal.paint('green', 'ok');
    this.#failures += 1;
    return this.#terminal.paint('red', 'FAILED');
  }

  #judge(one: DemoCase, rule: RuleStatus | undefined, what: Seen): boolean {
    if (rule === undefined) return what.happened && what.outcome.status === 0;
    if (one.monitored) return what.happened && what.counted === 1;
    const mustDie = rule.effect === 'DenyAndKill' || rule.effect === 'Kill';
    return !what.happened && what.counted === 1 && (what.outcome.signal === 'SIGKILL') === mustDie;
  }

  #rule({ violates }: DemoCase): RuleStatus | undefined {
    const policy = this.#reports().find(({ metadata }) => metadata.name === violates?.policy);
    return policy?.status.rules.find(({ name }) => name === violates?.rule);
  }

  #reports(): readonly PolicyReport[] {
    return this.#agent.status().policies;
  }

  /** Events arrive behind the operations that they tell of. */
  async #showEvents(): Promise<void> {
    const terminal = this.#terminal;
    const deadline = Date.now() + EVENT_WAIT_MS;
    while (this.#agent.recentEvents(1000).length < this.#expectedEvents && Date.now() < deadline) await sleep(POLL_MS);
    const events = this.#agent.recentEvents(1000).map((line) => JSON.parse(line) as PolicyEvent);
    terminal.lines(['', terminal.paint('bold', 'Events'), ...events.map((event) => eventLine(terminal, event)), '']);
    if (events.length >= this.#expectedEvents) return;
    this.#failures += 1;
    terminal.line(terminal.paint('red', `expected ${this.#expectedEvents} events, got ${events.length}`));
  }
}

interface Seen {
  readonly happened: boolean;
  readonly counted: number;
  readonly outcome: Outcome;
}

function ruleName({ violates }: DemoCase): string {
  return violates === undefined ? '' : `${violates.policy}/${violates.rule}`;
}

function effectOf({ monitored }: DemoCase, rule: RuleStatus | undefined): string {
  return monitored ? 'Report' : (rule?.effect ?? 'allowed');
}

function countOf(rule: RuleStatus | undefined): number {
  return rule?.violations ?? 0;
}

function interferes({ effect }: RuleStatus): boolean {
  return effect === 'DenyAndKill' || effect === 'Deny' || effect === 'Kill';
}

function seen({ happened, counted, outcome: { signal, status } }: Seen): string {
  const end = signal === null ? `exit status ${status ?? '?'}` : `killed by ${signal}`;
  const count = counted === 0 ? '' : `, counted ${counted}`;
  return `${happened ? 'happened' : 'did not happen'}, ${end}${count}`;
}
