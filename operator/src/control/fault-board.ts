// Faults that last. name -> fault. Each is told once when it begins and once when it is over; in between it is in the status.

import type { Fault } from '../errors.js';
import type { Log } from '../log.js';

/** Of one source at once; a folder of thousands of files that cannot be read is one trouble. */
const GROUP_MAX = 20;

export class FaultBoard {
  readonly #log: Log;
  readonly #faults = new Map<string, Fault>();

  constructor(log: Log) {
    this.#log = log;
  }

  set(name: string, fault: Fault | undefined): void {
    const known = this.#faults.get(name);
    if (fault === undefined) {
      if (this.#faults.delete(name)) this.#log.info('fault is over', { name });
      return;
    }
    this.#faults.set(name, fault);
    if (known?.code === fault.code && known.message === fault.message) return;
    this.#log.error(fault.message, { code: fault.code, hint: fault.hint });
  }

  /** All that a source has to say now: what it said before and does not say again is over. */
  setGroup(source: string, faults: readonly Fault[]): void {
    const named = new Map(faults.slice(0, GROUP_MAX).map((fault) => [`${source}: ${fault.object ?? ''}`, fault]));
    for (const name of this.#faults.keys()) {
      if (name.startsWith(`${source}: `) && !named.has(name)) this.set(name, undefined);
    }
    for (const [name, fault] of named) this.set(name, fault);
  }

  list(): { code: string; message: string; hint: string }[] {
    return [...this.#faults.values()].map(({ code, message, hint }) => ({ code, message, hint }));
  }
}
