// What can be held for each operation class, from which programs are there. Values in, values out.

import { RfClass } from '../abi/abi.gen.js';
import { isRunByHand } from './programs.js';
import type { BackendName, ProgramSpec } from './programs.js';

/** `ok`: attached, or loadable when probing. `absent`: the kernel has no such hook. `refused`: it has, and says no. */
export type ProgramState = 'ok' | 'absent' | 'refused';

export interface ProgramFinding {
  readonly name: string;
  readonly hook: string;
  readonly state: ProgramState;
  readonly errno?: string;
}

/** What the programs at one operation class can do. A class that is not listed cannot be held. */
export interface ClassBackend {
  /** RfClass. */
  readonly class: number;
  /** Hook of the first program that decides it: `lsm/file_open`. */
  readonly hook: string;
  readonly denies: boolean;
  readonly signals: boolean;
}

/** Why a class cannot be held although some of its programs could run. */
export interface ClassGap {
  readonly class: number;
  readonly programs: readonly string[];
}

export interface ClassTable {
  readonly held: readonly ClassBackend[];
  readonly gaps: readonly ClassGap[];
}

/**
 * A class is held when every program that decides a part of it runs: a part that nobody sees makes the whole no promise.
 * Programs for hooks that this kernel does not have count only where no other program sees their operations.
 */
export function classTable(
  specs: readonly ProgramSpec[],
  findings: readonly ProgramFinding[],
  backend: BackendName,
): ClassTable {
  const states = new Map(findings.map((finding) => [finding.name, finding.state]));
  const mine = specs.filter((spec) => spec.backends.includes(backend));
  const held: ClassBackend[] = [];
  const gaps: ClassGap[] = [];
  for (const number of Object.values(RfClass)) {
    const deciding = mine.filter((spec) => spec.classes.includes(number));
    const running = deciding.filter((spec) => states.get(spec.name) === 'ok');
    const missing = deciding.filter((spec) => isMissing(spec, states.get(spec.name)));
    const first = running.find((spec) => spec.denies) ?? running[0];
    if (missing.length > 0 || first === undefined) {
      gaps.push({ class: number, programs: missing.map((spec) => spec.name) });
      continue;
    }
    held.push({
      class: number,
      hook: first.hook,
      denies: first.denies,
      signals: running.every((spec) => spec.signals),
    });
  }
  return { held, gaps };
}

/** A backend works when everything it cannot do without does, and at least one class can be held with it. */
export function backendWorks(
  specs: readonly ProgramSpec[],
  findings: readonly ProgramFinding[],
  backend: BackendName,
): boolean {
  return (
    missingEssentials(specs, findings, backend).length === 0 && classTable(specs, findings, backend).held.length > 0
  );
}

/** Programs that the backend cannot do without and that do not run here. */
export function missingEssentials(
  specs: readonly ProgramSpec[],
  findings: readonly ProgramFinding[],
  backend: BackendName,
): ProgramFinding[] {
  const essential = new Set(
    specs.filter((spec) => spec.backends.includes(backend) && spec.absent === 'fatal').map((spec) => spec.name),
  );
  return findings.filter((finding) => essential.has(finding.name) && finding.state !== 'ok');
}

/** The best backend that works; LSM programs deny, tracepoints can only kill. */
export function chooseBackend(
  specs: readonly ProgramSpec[],
  findings: readonly ProgramFinding[],
): BackendName | undefined {
  const order: readonly BackendName[] = ['lsm', 'tracepoint'];
  return order.find((backend) => backendWorks(specs, findings, backend));
}

/** The backend that a set of running programs belongs to. */
export function backendOf(specs: readonly ProgramSpec[], names: ReadonlySet<string>): BackendName | undefined {
  return specs.find((spec) => names.has(spec.name) && spec.backends.length === 1 && !isRunByHand(spec.hook))
    ?.backends[0];
}

function isMissing(spec: ProgramSpec, state: ProgramState | undefined): boolean {
  if (state === 'ok') return false;
  return !(state === 'absent' && spec.absent === 'covered');
}
