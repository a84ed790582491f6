import { describe, expect, test } from 'vitest';
import { generateCase } from '../../../test/fuzz/generate.js';
import { allowPaths, binary, denyBinaries, denyPaths, path, pattern, policy } from '../../../test/support/ir.js';
import { describedOperations, type DescribedOperation } from './describe.js';
import { evaluate } from './evaluate.js';
import { explanationLines } from './explain-text.js';
import { explain, type ExplainRequest } from './explain.js';
import type { PolicyIR } from './ir.js';

function lines(
  policies: readonly PolicyIR[],
  described: DescribedOperation,
  more: Partial<ExplainRequest> = {},
): string[] {
  return explanationLines(explain({ policies, operations: describedOperations(described), ...more }));
}

const SHELLS = policy('no-shell', [
  denyBinaries([binary('/bin/sh')], {
    name: 'shells',
    except: [{ binaries: [{ path: pattern('/app/server'), origins: ['Image'] }] }, { sessions: ['Probe'] }],
  }),
]);

describe('text', () => {
  test('a violation names rule, item and why each exception does not hold', () => {
    expect(lines([SHELLS], { verb: 'exec', path: '/usr/bin/sh', program: '/usr/bin/env' })).toEqual([
      'Kill: Execute, Exec /usr/bin/sh (Image)',
      '  by /usr/bin/env (Image), session Main',
      '  RuntimePolicy default/no-shell, rule shells (binaries deny): violated: Kill',
      '    deny item /bin/sh matches it',
      '      exception for binaries /app/server with origins Image does not hold: the acting program is another',
      '      exception for sessions Probe does not hold: another session',
    ]);
  });

  test('an exception that holds is named', () => {
    expect(lines([SHELLS], { verb: 'exec', path: '/bin/sh', session: 'Probe' })).toEqual([
      'Allow: Execute, Exec /bin/sh (Image)',
      '  by an unknown program, session Probe',
      '  RuntimePolicy default/no-shell, rule shells (binaries deny): not violated',
      '    deny item /bin/sh matches it',
      '      exception for binaries /app/server with origins Image does not hold: the acting program is not known',
      '      exception for sessions Probe holds',
    ]);
  });

  test.each<[string, PolicyIR, DescribedOperation, string]>([
    ['no deny item', SHELLS, { verb: 'exec', path: '/usr/bin/ls' }, 'no deny item matches'],
    ['other classes', SHELLS, { verb: 'read', path: '/usr/bin/sh' }, 'the list says nothing about these classes'],
    [
      'the given name',
      SHELLS,
      { verb: 'exec', path: '/bin/busybox', givenName: '/bin/sh' },
      'deny item /bin/sh matches the name given to execve',
    ],
    [
      'the allow item that matches',
      policy('p', [allowPaths([path('/data/**', 'file-read')])]),
      { verb: 'read', path: '/data/x' },
      'allow item /data/** matches',
    ],
    [
      'that no allow item matches',
      policy('p', [allowPaths([path('/data/**', 'file-read')])]),
      { verb: 'read', path: '/etc/x' },
      'no allow item matches for Read',
    ],
    [
      'that an allow item may match',
      policy('p', [allowPaths([path('/data/**', 'file-read')])]),
      { verb: 'read', unresolved: 'Detached' },
      'no allow item is known to match for Read',
    ],
    [
      'that a deny item may match',
      policy('p', [denyPaths([path('/data/**')])]),
      { verb: 'read', unresolved: 'Detached' },
      'deny item /data/** could match',
    ],
    [
      'a directory above',
      policy('p', [denyPaths([path('/etc/ssl/key')])]),
      { verb: 'rename', path: '/etc', directory: true },
      'deny item /etc/ssl/key lies below this directory, whose move would give it another name',
    ],
    [
      'the mount tree',
      policy('p', [denyPaths([path('/etc/key')])]),
      { verb: 'bind', path: '/mnt', directory: true },
      'covers Link, so no change of the mount tree is let through',
    ],
    [
      'another session',
      policy('p', [denyPaths([path('/a')])], { scope: { ...SHELLS.scope, sessions: ['Exec'] } as PolicyIR['scope'] }),
      { verb: 'read', path: '/a' },
      'the policy is not about this session',
    ],
    [
      'objects without a name',
      policy('p', [denyPaths([path('/a')])]),
      { verb: 'read', origin: 'Anonymous' },
      'paths rules judge only what has a name',
    ],
  ])('says %s', (_what, one, described, expected) => {
    expect(lines([one], described).map((line) => line.trim())).toContain(expected);
  });

  test('every object of an operation is explained by itself', () => {
    const guard = policy('p', [denyPaths([path('/etc/**', 'file-create')])]);
    expect(lines([guard], { verb: 'rename', path: '/tmp/x', to: '/etc/x' }).slice(2)).toEqual([
      '  RuntimePolicy default/p, rule r (paths deny): violated: Kill',
      '    Rename /tmp/x (Image):',
      '      the list says nothing about these classes',
      '    Create /etc/x (Image):',
      '      deny item /etc/** matches it',
    ]);
  });

  test.each<[string, Partial<PolicyIR>, DescribedOperation, string]>([
    ['Monitor', { mode: 'Monitor' }, { verb: 'exec', path: '/bin/sh' }, 'Audit instead of Kill, by Monitor mode'],
    [
      'mainProcess',
      { mainProcess: 'Block' },
      { verb: 'exec', path: '/bin/sh', mainProcess: true },
      'Block instead of Kill, by mainProcess, since it is the main process of its container',
    ],
    [
      'unresolved',
      {},
      { verb: 'exec', unresolved: 'Read' },
      'Block instead of Kill, by the posture of the policy, since the object could not be resolved',
    ],
  ])('says what made the action milder: %s', (_what, patch, described, expected) => {
    expect(lines([{ ...SHELLS, ...patch }], described)[2]).toContain(`violated: ${expected}`);
  });

  test('a protected process is let through, with what would hold without that', () => {
    expect(lines([SHELLS], { verb: 'exec', path: '/bin/sh', protected: true }).slice(0, 4)).toEqual([
      'Allow: Execute, Exec /bin/sh (Image)',
      '  by an unknown program, session Main',
      '  protected: counted, and never stopped or reported; without that:',
      '  RuntimePolicy default/no-shell, rule shells (binaries deny): violated: Kill',
    ]);
  });

  test('a refused rule says so', () => {
    const [, , head] = lines(
      [SHELLS],
      { verb: 'exec', path: '/bin/sh' },
      { refused: new Set(['uid-no-shell/shells']) },
    );
    expect(head).toContain('Audit instead of Kill, by its minimum guarantee, which this node cannot hold');
  });

  test('policies that are not about the workload give their reason', () => {
    const notSelected = [{ policy: SHELLS, reason: 'selector.podSelector' }];
    expect(lines([], { verb: 'read', path: '/a' }, { notSelected })).toEqual([
      'Allow: Read /a (Image)',
      '  by an unknown program, session Main',
      '  no policy is about this workload',
      '  RuntimePolicy default/no-shell: not about this workload (selector.podSelector)',
    ]);
  });

  test('control characters of names never reach the terminal, other text stays as it was', () => {
    expect(lines([], { verb: 'read', path: '/a\n\u001b[31m/é' })[0]).toBe('Allow: Read /a\\x0a\\x1b[31m/é (Image)');
  });
});

describe('structure', () => {
  test('violated rules come first, in the order of the decision', () => {
    const policies = [
      policy('a', [denyBinaries([binary('/x')], { name: 'other' })]),
      policy('b', [denyBinaries([binary('/bin/sh')], { action: 'Audit' })]),
      SHELLS,
    ];
    const { rules, verdict } = explain({
      policies,
      operations: describedOperations({ verb: 'exec', path: '/bin/sh' }),
    });
    expect(verdict).toBe('Kill');
    expect(rules.map(({ policy: { name }, violated }) => [name, violated])).toEqual([
      ['no-shell', true],
      ['b', true],
      ['a', false],
    ]);
  });

  test('it is JSON', () => {
    const found = explain({ policies: [SHELLS], operations: describedOperations({ verb: 'exec', path: '/bin/sh' }) });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  test('it says what the evaluator decides, and every limit is felt', () => {
    for (let seed = 0; seed < 1_000; seed += 1) {
      const { policies, operation } = generateCase(seed, { mountTree: true });
      const decision = evaluate(policies, operation);
      const { verdict, rules } = explain({ policies, operations: [operation] });
      expect(verdict).toBe(decision.verdict);
      const violated = rules.filter((rule) => rule.violated);
      expect(violated.map(({ rule, action }) => ({ rule, action }))).toEqual(
        decision.hits.map(({ rule, action }) => ({ rule, action })),
      );
      for (const { asked, action, limits } of violated) expect(limits.length > 0).toBe(asked !== action);
    }
  });
});
