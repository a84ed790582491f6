// The ways a rule can stand: list x action x mode, and what each makes of an operation that violates it.
import assert from 'node:assert/strict';
import type { Tried } from './run-try.js';

export const LISTS = ['deny', 'allow'] as const;
export const ACTIONS = ['Kill', 'Block', 'Audit'] as const;
export const MODES = ['Enforce', 'Monitor'] as const;

export interface Stand {
  readonly list: (typeof LISTS)[number];
  readonly action: (typeof ACTIONS)[number];
  readonly mode: (typeof MODES)[number];
}

export const STANDS: readonly Stand[] = LISTS.flatMap((list) =>
  ACTIONS.flatMap((action) => MODES.map((mode) => ({ list, action, mode }))),
);

export function nameOf({ list, action, mode }: Stand): string {
  return `${list}-${action}-${mode}`.toLowerCase();
}

export function interferes({ action, mode }: Stand): boolean {
  return mode === 'Enforce' && action !== 'Audit';
}

export function verdictOf(stand: Stand): 'Kill' | 'Block' | 'Audit' {
  return interferes(stand) ? stand.action : 'Audit';
}

/** 128 + 9: a process that stands between try and the program ends as that did. */
const ENDED_LIKE_KILLED = 137;

export function wasKilled(tried: Tried): boolean {
  return tried.signal === 9 || tried.program_signal === 9 || tried.status === ENDED_LIKE_KILLED;
}

/** A violation was answered as the rule stands. */
export function checkAnswer(stand: Stand, tried: Tried): void {
  const text = JSON.stringify(tried);
  if (!interferes(stand)) {
    assert.ok(!wasKilled(tried), `killed: ${text}`);
    assert.equal(tried.errno, '', `refused: ${text}`);
  } else if (stand.action === 'Kill') assert.ok(wasKilled(tried), `not killed: ${text}`);
  else assert.equal(tried.errno, 'EPERM', `not denied: ${text}`);
}
