// Which policies have shown that a node lives with them. One of host processes or of system namespaces that keeps the kubelet from
// coming up could never be taken back: after a reboot it only reports until the API server confirms it, unless
// this version was in force for ten minutes with a healthy kubelet (POLICY.md section 7).

import type { PolicyIR } from '../compile/ir.js';
import type { Clock } from '../source/clock.js';
import type { TenureState } from '../source/state.js';

const TICK_MS = 15_000;
const PROVEN_MS = 600_000;

export interface TenureParts {
  readonly clock: Clock;
  readonly bootID: string;
  readonly saved: TenureState | undefined;
  /** The API server says so at this moment. */
  readonly isKubeletHealthy: () => boolean;
  /** Read by uid; undefined before anything was applied. */
  readonly inForce: () => ReadonlyMap<string, PolicyIR> | undefined;
  readonly save: (state: TenureState) => void;
}

interface Served {
  readonly generation: number;
  readonly ms: number;
}

/** One that can take the node away from its people. */
export function isRisky({ scope }: PolicyIR): boolean {
  return scope.scope === 'Host' || scope.system === true;
}

export class Tenure {
  readonly #parts: TenureParts;
  readonly #rebooted: boolean;
  #proven: Readonly<Record<string, number>>;
  #served = new Map<string, Served>();
  #cancel: (() => void) | undefined;

  constructor(parts: TenureParts) {
    this.#parts = parts;
    this.#rebooted = parts.bootID === '' || parts.saved?.bootID !== parts.bootID;
    this.#proven = parts.saved?.proven ?? {};
  }

  /** Whether the policy, as the disk has it, may do no more than report before the server confirms it. */
  doubts(policy: PolicyIR): boolean {
    return this.#rebooted && isRisky(policy) && this.#proven[policy.uid] !== policy.generation;
  }

  start(): void {
    this.#save(this.#proven);
    this.#again();
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Time is counted in ticks: a wall clock that is set proves nothing. */
  #again(): void {
    this.#cancel = this.#parts.clock.after(TICK_MS, () => {
      this.#tick();
      this.#again();
    });
  }

  #tick(): void {
    const inForce = this.#parts.inForce();
    if (inForce === undefined) return;
    const risky = [...inForce.values()].filter((policy) => isRisky(policy) && policy.mode === 'Enforce');
    // Ten minutes on end: what went before an outage of the kubelet does not count.
    const healthy = this.#parts.isKubeletHealthy() ? risky : [];
    this.#served = new Map(healthy.map((policy) => [policy.uid, this.#serve(policy)]));
    this.#settle(inForce);
  }

  #serve({ uid, generation }: PolicyIR): Served {
    const known = this.#served.get(uid);
    return { generation, ms: (known?.generation === generation ? known.ms : 0) + TICK_MS };
  }

  #settle(inForce: ReadonlyMap<string, PolicyIR>): void {
    const proven = Object.fromEntries(Object.entries(this.#proven).filter(([uid]) => inForce.has(uid)));
    for (const [uid, { generation, ms }] of this.#served) if (ms >= PROVEN_MS) proven[uid] = generation;
    const isSame =
      Object.keys(proven).length === Object.keys(this.#proven).length &&
      Object.entries(proven).every(([uid, generation]) => this.#proven[uid] === generation);
    if (!isSame) this.#save(proven);
  }

  #save(proven: Readonly<Record<string, number>>): void {
    this.#proven = proven;
    this.#parts.save({ bootID: this.#parts.bootID, proven });
  }
}
