import { describe, expect, it } from 'vitest';
import type { Action, Guarantee, HookName, RuleIR } from '../compile/ir.js';
import type { Issue } from '../errors.js';
import { standRule } from './guarantee.js';
import type { Backend } from './guarantee.js';
import { renderStatus } from './status.js';
import type { PolicyFacts, RuleFacts, ViolationCounts } from './status.js';

const LSM: Backend = { hook: 'lsm', denies: true, signals: true };
const DENY_ONLY: Backend = { hook: 'deny', denies: true, signals: false };
const SIGNAL: Backend = { hook: 'tp', denies: false, signals: true };
const SEE: Backend = { hook: 'see', denies: false, signals: false };

function rule(action: Action, governs: readonly HookName[], minimumGuarantee: Guarantee = 'Observe'): RuleIR {
  return {
    name: 'r',
    kind: 'paths',
    list: 'deny',
    governs,
    items: [],
    except: [],
    action,
    minimumGuarantee,
    severity: 'High',
    category: 'File',
    tags: [],
  };
}

describe('standRule', () => {
  it.each<[Action, HookName, Backend | undefined, string]>([
    ['Kill', 'exec', LSM, 'DenyAndKill Prevent'],
    ['Kill', 'exec', DENY_ONLY, 'Deny Prevent'],
    ['Kill', 'exec', SIGNAL, 'Kill Prevent'],
    ['Kill', 'file-read', SIGNAL, 'Kill Terminate'],
    ['Kill', 'exec', SEE, 'Report Observe'],
    ['Kill', 'file-write', undefined, 'None None'],
    ['Block', 'exec', LSM, 'Deny Prevent'],
    ['Block', 'exec', SIGNAL, 'Report Observe'],
    ['Block', 'file-read', SEE, 'Report Observe'],
    ['Audit', 'exec', LSM, 'Report Observe'],
  ])('%s on %s with %o stands as %s', (action, hook, backend, stands) => {
    const backends = new Map(backend === undefined ? [] : [[hook, backend]]);
    const { effect, guarantee } = standRule(rule(action, [hook]), backends);
    expect(`${effect} ${guarantee}`).toBe(stands);
  });

  it('stands as its weakest class does', () => {
    const backends = new Map([
      ['exec', SIGNAL],
      ['exec-map', SIGNAL],
    ] as const);
    expect(standRule(rule('Kill', ['exec', 'exec-map']), backends)).toMatchObject({
      guarantee: 'Terminate',
      weakest: ['exec-map'],
    });
  });

  it('is refused below its minimum, and always where the node cannot even see', () => {
    const backends = new Map([['file-read', SIGNAL]] as const);
    expect(standRule(rule('Kill', ['file-read'], 'Prevent'), backends).refused).toBe(true);
    expect(standRule(rule('Kill', ['file-read'], 'Terminate'), backends).refused).toBe(false);
    expect(standRule(rule('Kill', ['file-read', 'file-write']), backends).refused).toBe(true);
  });
});

const NO_COUNTS: ViolationCounts = { total: 0, killed: 0, blocked: 0, audited: 0, unresolved: 0 };

function facts(change: Partial<PolicyFacts> = {}): PolicyFacts {
  return {
    observedGeneration: 2,
    keptGeneration: 2,
    mode: 'Enforce',
    issues: [],
    programmed: 'Programmed',
    rules: [ruleFacts('Kill', LSM)],
    workloads: 3,
    kernel: '6.12',
    ...change,
  };
}

function ruleFacts(action: Action, backend: Backend, minimum: Guarantee = 'Observe'): RuleFacts {
  const standing = standRule(rule(action, ['file-read'], minimum), new Map([['file-read', backend]]));
  return {
    name: 'r',
    action,
    standing,
    counts: { ...NO_COUNTS, total: 5, killed: 5, lastTime: '2026-01-02T00:00:00Z' },
  };
}

function issue(code: Issue['code'], level: Issue['level'] = 'error'): Issue {
  return { code, level, file: 'a.yaml', line: 1, column: 2, path: 'spec', expected: 'x', got: 'y', hint: '' };
}

function conditions(change: Partial<PolicyFacts>): Record<string, string> {
  const status = renderStatus(facts(change), [], 'now');
  return Object.fromEntries(status.conditions.map((one) => [one.type, `${one.status} ${one.reason}`]));
}

describe('renderStatus', () => {
  it('says Enforcing and Ready when everything holds as asked', () => {
    expect(conditions({})).toEqual({
      Accepted: 'True Valid',
      Programmed: 'True AllNodes',
      Enforcing: 'True Enforcing',
      Degraded: 'False AsAsked',
      Ready: 'True Enforcing',
    });
  });

  it.each<[string, Partial<PolicyFacts>, Record<string, string>]>([
    [
      'Monitor is ready and not enforcing',
      { mode: 'Monitor' },
      { Enforcing: 'False MonitorMode', Ready: 'True MonitorMode' },
    ],
    ['a paused node is not ready', { nodeMonitor: 'Paused' }, { Enforcing: 'False Paused', Ready: 'False Paused' }],
    [
      'a refused rule is not enforced',
      { rules: [ruleFacts('Kill', SIGNAL, 'Prevent')] },
      { Enforcing: 'False GuaranteeNotMet' },
    ],
    [
      'a weaker effect degrades',
      { rules: [ruleFacts('Kill', SIGNAL)] },
      { Enforcing: 'True Enforcing', Degraded: 'True WeakerEffect' },
    ],
    ['a Block that only reports degrades', { rules: [ruleFacts('Block', SIGNAL)] }, { Degraded: 'True WeakerEffect' }],
    ['a kill that only denies degrades', { rules: [ruleFacts('Kill', DENY_ONLY)] }, { Degraded: 'True NotKilled' }],
    [
      'an invalid version keeps the last good',
      { issues: [issue('INVALID_VALUE')] },
      { Accepted: 'False Invalid', Degraded: 'True LastGoodKept', Ready: 'False Invalid' },
    ],
    ['what is not built is Unsupported', { issues: [issue('NOT_IMPLEMENTED')] }, { Accepted: 'False Unsupported' }],
    [
      'a missing acknowledgement is named',
      { issues: [issue('ACK_REQUIRED')] },
      { Accepted: 'False AcknowledgementRequired' },
    ],
    [
      'warnings do not reject',
      { issues: [issue('SELECTS_ALL', 'warning')] },
      { Accepted: 'True ValidWithWarnings', Ready: 'True Enforcing' },
    ],
    [
      'a failed programming is not ready',
      { programmed: 'Failed' },
      { Programmed: 'False NodesFailed', Ready: 'False NodesFailed' },
    ],
    [
      'nothing selected is programmed and not enforcing',
      { programmed: 'NothingSelected' },
      { Programmed: 'True NothingSelected', Enforcing: 'False NothingSelected' },
    ],
  ])('%s', (_, change, expected) => {
    expect(conditions(change)).toMatchObject(expected);
  });

  it('keeps the time of a condition that did not change', () => {
    const before = renderStatus(facts(), [], 'then').conditions;
    const after = renderStatus(facts({ nodeMonitor: 'Paused' }), before, 'now').conditions;
    const times = Object.fromEntries(after.map((one) => [one.type, one.lastTransitionTime]));
    expect([times.Accepted, times.Enforcing]).toEqual(['then', 'now']);
  });

  it('sums the exact counts and leaves Audit rules out of the lowest guarantee', () => {
    const status = renderStatus(facts({ rules: [ruleFacts('Kill', LSM), ruleFacts('Audit', LSM)] }), [], 'now');
    expect(status.violations).toMatchObject({ total: 10, killed: 10, lastTime: '2026-01-02T00:00:00Z' });
    expect(status.guarantee).toBe('Prevent');
  });
});
