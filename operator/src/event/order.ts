// Which of several violated rules is the one an event is about: strictest action, then severity, kind, namespace,
// policy name, rule name (POLICY.md section 6).

import type { Action, Severity } from '../compile/ir.js';
import type { RuleRef } from './types.js';

export interface RankedHit {
  readonly ref: RuleRef;
  readonly action: Action;
  readonly asked: Action;
  readonly unresolved: boolean;
}

const STRICTEST: readonly Action[] = ['Kill', 'Block', 'Audit'];
const GRAVEST: readonly Severity[] = ['Critical', 'High', 'Medium', 'Low', 'Info'];

export function compareHits(a: RankedHit, b: RankedHit): number {
  return (
    STRICTEST.indexOf(a.action) - STRICTEST.indexOf(b.action) ||
    GRAVEST.indexOf(a.ref.severity) - GRAVEST.indexOf(b.ref.severity) ||
    compareText(a.ref.policy.kind, b.ref.policy.kind) ||
    compareText(a.ref.policy.namespace, b.ref.policy.namespace) ||
    compareText(a.ref.policy.name, b.ref.policy.name) ||
    compareText(a.ref.rule, b.ref.rule)
  );
}

/** By code unit: the order must not depend on a locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
