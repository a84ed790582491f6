// The node's mode as people set it, kept in the state directory and written to the kernel.

import type { Log } from '../log.js';
import type { Clock } from '../source/clock.js';
import type { PauseState, StateDirectory } from '../source/state.js';
import type { Fault } from '../errors.js';
import { updateNode } from './kernel-maps.js';
import type { Maps } from './kernel-maps.js';
import { judgeMode, modeSwitches } from './node-mode.js';
import type { NodeMode } from './node-mode.js';

export interface PauseOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly state: StateDirectory;
  readonly kernel: Maps & { bootTimeNs(): bigint };
  readonly monitorsSinceBoot: boolean;
  readonly onFault: (fault: Fault | undefined) => void;
}

export class PauseSwitch {
  readonly #options: PauseOptions;
  #pause: PauseState | undefined;
  #emergency = false;
  #cancel: (() => void) | undefined;

  constructor(options: PauseOptions, pause: PauseState | undefined) {
    this.#options = options;
    this.#pause = pause;
  }

  mode(): NodeMode {
    const { monitorsSinceBoot: sinceBoot, clock } = this.#options;
    return judgeMode({ sinceBoot, emergency: this.#emergency, pause: this.#pause }, clock.now());
  }

  /** Writes the switches, and looks again when a pause ends. */
  apply(): void {
    const { clock, kernel } = this.#options;
    const mode = this.mode();
    this.stop();
    updateNode(kernel, modeSwitches(mode, clock.now(), kernel.bootTimeNs()));
    if (mode.until === undefined) return;
    const leftMs = Math.max(1, Date.parse(mode.until) - clock.now());
    this.#cancel = clock.after(leftMs, () => void this.#set(undefined));
  }

  pause(seconds: number): Promise<NodeMode> {
    const now = this.#options.clock.now();
    return this.#set({ since: new Date(now).toISOString(), until: new Date(now + seconds * 1000).toISOString() });
  }

  resume(): Promise<NodeMode> {
    return this.#set(undefined);
  }

  /** Of the whole cluster, as the ConfigMap says. */
  setEmergency(on: boolean): void {
    if (on === this.#emergency) return;
    this.#emergency = on;
    this.apply();
    this.#options.log.warn('node mode changed', { ...this.mode() });
  }

  stop(): void {
    this.#cancel?.();
  }

  /** In force at once; whether it survives a restart is the disk's word. */
  async #set(pause: PauseState | undefined): Promise<NodeMode> {
    const { log, onFault, state } = this.#options;
    this.#pause = pause;
    this.apply();
    const mode = this.mode();
    log.warn('node mode changed', { ...mode });
    await state.savePause(pause).then(
      () => onFault(undefined),
      (error: unknown) => onFault(error as Fault),
    );
    return mode;
  }
}
