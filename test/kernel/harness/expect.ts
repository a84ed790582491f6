// What cases say of a tried operation and of what was reported about it.
import assert from 'node:assert/strict';
import type { PolicyEvent } from '../../../operator/src/event/types.js';
import type { Seen } from './cases.js';
import type { Tried } from './run-try.js';

export function expectAllowed(tried: Tried | undefined): void {
  assert.equal(tried?.signal, undefined, `killed: ${JSON.stringify(tried)}`);
  assert.equal(tried?.errno, '', `refused: ${JSON.stringify(tried)}`);
}

export function expectDenied(tried: Tried | undefined): void {
  assert.equal(tried?.signal, undefined, `killed, not only denied: ${JSON.stringify(tried)}`);
  assert.equal(tried?.errno, 'EPERM', `not denied: ${JSON.stringify(tried)}`);
}

export function expectKilled(tried: Tried | undefined): void {
  assert.equal(tried?.signal, 9, `not killed: ${JSON.stringify(tried)}`);
}

/** A program that `exec` started in a process of its own: that one is killed, before its first instruction. */
export function expectProgramKilled(tried: Tried | undefined): void {
  assert.equal(tried?.program_signal, 9, `program not killed: ${JSON.stringify(tried)}`);
}

/** Violations of rules, as `policy/rule` -> number: exactly these, none else of the policies named. */
export function expectCounts(seen: Seen, wanted: Readonly<Record<string, number>>): void {
  const names = new Set(Object.keys(wanted).map((id) => id.split('/')[0] ?? ''));
  const got = [...names].flatMap((name) =>
    seen.policy(name).status.rules.map((rule) => [`${name}/${rule.name}`, rule.violations] as const),
  );
  const nonZero = (entries: readonly (readonly [string, number])[]): Record<string, number> =>
    Object.fromEntries(entries.filter(([, count]) => count > 0));
  assert.deepEqual(nonZero(got), nonZero(Object.entries(wanted)));
}

export interface EventShape {
  readonly policy: string;
  readonly rule: string;
  readonly verdict: PolicyEvent['verdict'];
  readonly path?: string;
}

/** The one event of this policy as primary, about this object. */
export function expectEvent(seen: Seen, shape: EventShape): PolicyEvent {
  const { policy, rule, verdict, path } = shape;
  const found = seen.events.filter(
    (event) =>
      event.policy.name === policy && event.rule === rule && (path === undefined || event.object.path === path),
  );
  const [event] = found;
  assert.ok(
    event !== undefined && found.length === 1,
    `${found.length} events of ${policy}/${rule} about ${path ?? 'anything'}`,
  );
  assert.equal(event.verdict, verdict, JSON.stringify(event));
  return event;
}
