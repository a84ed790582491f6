import { describe, expect, it } from 'vitest';
import type { PolicyIR, ScopeIR } from '../compile/ir.js';
import { denyPaths, path, policy } from '../../../test/support/ir.js';
import { packApart, packRules } from './pack.js';

function scope(app?: string): ScopeIR {
  const matchLabels: Record<string, string> = app === undefined ? {} : { app };
  return { scope: 'Pods', namespace: 'default', podSelector: { matchLabels, matchExpressions: [] } };
}

/** Policies `name-0`, `name-1` ... of one rule each. */
function some(name: string, count: number, app?: string): PolicyIR[] {
  return Array.from({ length: count }, (_, index) => ({
    ...policy(`${name}-${index}`, [denyPaths([path(`/${name}/${index}`, 'file-read')])]),
    scope: scope(app),
  }));
}

function namesOf(pages: ReturnType<typeof packRules>): string[][] {
  return pages.map((rules) => [...new Set(rules.map(({ of }) => of.policy.name.replace(/-.*/, '')))]);
}

const effective = (policies: readonly PolicyIR[]) =>
  policies.map((own) => ({ policy: own, refused: new Set<string>() }));
const apart = (...policies: PolicyIR[]) => namesOf(packApart(effective(policies)));

describe('pages of a layer', () => {
  it('are as few as can be, or those of policies that select alike', () => {
    const policies = [...some('all', 8), ...some('web', 8, 'web')];
    expect(namesOf(packRules(effective(policies)))).toEqual([['all', 'web']]);
    expect(apart(...policies)).toEqual([['all'], ['web']]);
  });

  it('are shared by small groups', () => {
    expect(apart(...some('all', 3), ...some('web', 2, 'web'), ...some('big', 20, 'db'))).toEqual([
      ['all', 'web'],
      ['big'],
    ]);
  });

  it('stay few where there are many groups: the largest stand apart', () => {
    const groups = [9, 12, 8, 10, 11].flatMap((count) => some(`group${count}`, count, `app${count}`));
    expect(apart(...groups)).toEqual([['group8', 'group9'], ['group12'], ['group11'], ['group10']]);
  });

  it('are the same whatever else selects the workload', () => {
    const all = packApart(effective([...some('all', 10), ...some('web', 9, 'web')]));
    const other = packApart(effective([...some('all', 10), ...some('db', 30, 'db')]));
    const page = (pages: typeof all): string[] | undefined =>
      pages.find(([first]) => first?.of.policy.name.startsWith('all'))?.map(({ of }) => of.policy.name);
    expect(page(other)).toEqual(page(all));
  });
});
