import { describe, expect, test } from 'vitest';
import { pattern, policy } from '../../../test/support/ir.js';
import type { LabelSelectorIR, PolicyIR, ScopeIR } from '../compile/ir.js';
import { matchesCgroup, matchesLabels, selectPolicies, selectionMiss, type PodIdentity } from './select.js';

const ALL: LabelSelectorIR = { matchLabels: {}, matchExpressions: [] };
const labels = (matchLabels: Record<string, string>): LabelSelectorIR => ({ matchLabels, matchExpressions: [] });

function expression(operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', ...values: string[]): LabelSelectorIR {
  return { matchLabels: {}, matchExpressions: [{ key: 'tier', operator, values }] };
}

const WEB: PodIdentity = {
  kind: 'Pod',
  namespace: 'shop',
  namespaceLabels: { tenant: 'true' },
  pod: 'web-1',
  labels: { app: 'web', tier: 'front' },
  container: 'nginx',
  containerType: 'App',
};

function pods(extra: Partial<Extract<ScopeIR, { scope: 'Pods' }>>): ScopeIR {
  return { scope: 'Pods', podSelector: ALL, ...extra };
}

function host(...cgroups: string[]): ScopeIR {
  return { scope: 'Host', cgroups: cgroups.map(pattern) };
}

describe('label selectors', () => {
  test.each<[string, LabelSelectorIR, Record<string, string>, boolean]>([
    ['empty selects everything', ALL, {}, true],
    ['a label must be equal', labels({ app: 'web' }), { app: 'web', x: 'y' }, true],
    ['a label of another value', labels({ app: 'web' }), { app: 'api' }, false],
    ['a missing label', labels({ app: 'web' }), {}, false],
    ['an empty value is a value', labels({ app: '' }), {}, false],
    ['every label must fit', labels({ app: 'web', x: 'y' }), { app: 'web' }, false],
    ['In one of', expression('In', 'a', 'b'), { tier: 'b' }, true],
    ['In none of', expression('In', 'a', 'b'), { tier: 'c' }, false],
    ['In, missing', expression('In', 'a'), {}, false],
    ['NotIn', expression('NotIn', 'a'), { tier: 'b' }, true],
    ['NotIn, in', expression('NotIn', 'a', 'b'), { tier: 'b' }, false],
    ['NotIn, missing', expression('NotIn', 'a'), {}, true],
    ['Exists', expression('Exists'), { tier: '' }, true],
    ['Exists, missing', expression('Exists'), {}, false],
    ['DoesNotExist', expression('DoesNotExist'), {}, true],
    ['DoesNotExist, there', expression('DoesNotExist'), { tier: 'a' }, false],
    ['names of object members are no labels', labels({ constructor: 'x' }), {}, false],
    [
      'inherited members do not exist',
      { matchLabels: {}, matchExpressions: [{ key: 'toString', operator: 'Exists', values: [] }] },
      {},
      false,
    ],
    [
      'labels and expressions together',
      { ...expression('Exists'), matchLabels: { app: 'web' } },
      { app: 'web' },
      false,
    ],
  ])('%s', (_name, selector, given, expected) => {
    expect(matchesLabels(selector, given)).toBe(expected);
  });
});

describe('pods', () => {
  test.each<[string, ScopeIR, string | undefined]>([
    ['its own namespace', pods({ namespace: 'shop' }), undefined],
    ['another namespace', pods({ namespace: 'bank' }), 'namespace'],
    ['namespace labels', pods({ namespaceSelector: labels({ tenant: 'true' }) }), undefined],
    ['other namespace labels', pods({ namespaceSelector: labels({ tenant: 'no' }) }), 'selector.namespaceSelector'],
    [
      'the namespace by name',
      pods({ namespaceSelector: labels({ 'kubernetes.io/metadata.name': 'shop' }) }),
      undefined,
    ],
    [
      'another namespace by name',
      pods({ namespaceSelector: labels({ 'kubernetes.io/metadata.name': 'bank' }) }),
      'selector.namespaceSelector',
    ],
    ['pod labels', pods({ podSelector: labels({ app: 'web' }) }), undefined],
    ['other pod labels', pods({ podSelector: labels({ app: 'api' }) }), 'selector.podSelector'],
    ['the container', pods({ containers: ['x', 'nginx'] }), undefined],
    ['another container', pods({ containers: ['x'] }), 'selector.containers'],
    ['the type', pods({ containerTypes: ['Init', 'App'] }), undefined],
    ['another type', pods({ containerTypes: ['Init'] }), 'selector.containerTypes'],
    ['host processes', host('/**'), 'scope'],
  ])('a policy about %s', (_name, scope, miss) => {
    expect(selectionMiss(scope, WEB)).toBe(miss);
  });

  test('labels of a namespace cannot pretend to its name', () => {
    const scope = pods({ namespaceSelector: labels({ 'kubernetes.io/metadata.name': 'bank' }) });
    const liar = { ...WEB, namespaceLabels: { 'kubernetes.io/metadata.name': 'bank' } };
    expect(selectionMiss(scope, liar)).toBe('selector.namespaceSelector');
  });

  test('an ephemeral container answers to the name of the container it looks into', () => {
    const debug: PodIdentity = { ...WEB, container: 'debug', containerType: 'Ephemeral', targetContainer: 'nginx' };
    expect(selectionMiss(pods({ containers: ['nginx'] }), debug)).toBeUndefined();
    expect(selectionMiss(pods({ containers: ['debug'] }), debug)).toBeUndefined();
    expect(selectionMiss(pods({ containers: ['other'] }), debug)).toBe('selector.containers');
    expect(selectionMiss(pods({ containerTypes: ['App'] }), debug)).toBe('selector.containerTypes');
  });
});

describe('host cgroups', () => {
  test.each<[string, string, boolean]>([
    ['/system.slice/**', '/system.slice/nginx.service', true],
    ['/system.slice/**', '/system.slice', true],
    ['/system.slice/*', '/system.slice/a/b', false],
    ['/system.slice/nginx*.service', '/system.slice/nginx-2.service', true],
    ['**/nginx.service', '/a/b/nginx.service', true],
    ['/**', '/', true],
    ['/**', '/a/b', true],
    ['/**', '/user.slice/user-1000.slice', false],
    ['/**', '/user.slice', false],
    ['/*/**', '/user.slice', false],
    ['/user*/**', '/user.slice/a', false],
    ['**/a', '/user.slice/a', false],
    ['/user.slice/**', '/user.slice/a', true],
    ['/user.slice', '/user.slice', true],
    ['/**', '/machine.slice/user.slice', true],
  ])('%s and %s: %s', (text, cgroup, expected) => {
    expect(matchesCgroup([pattern(text)], cgroup)).toBe(expected);
    expect(selectionMiss(host('/none', text), { kind: 'Host', cgroup })).toBe(
      expected ? undefined : 'selector.cgroups',
    );
  });

  test('names of cgroups have no equivalent directories', () => {
    const usrBin = {
      floating: false,
      components: [{ literal: 'usr' }, { literal: 'bin' }],
      subtree: false,
      text: '/usr/bin',
    };
    expect(matchesCgroup([usrBin], '/usr/bin')).toBe(true);
    expect(matchesCgroup([usrBin], '/bin')).toBe(false);
  });

  test('a policy about pods is not about host processes', () => {
    expect(selectionMiss(pods({}), { kind: 'Host', cgroup: '/a' })).toBe('scope');
  });
});

test('policies of a workload keep their order', () => {
  const make = (name: string, scope: ScopeIR): PolicyIR => policy(name, [], { scope });
  const policies = [make('b', pods({})), make('h', host('/**')), make('a', pods({ namespace: 'shop' }))];
  expect(selectPolicies(policies, WEB).map(({ name }) => name)).toEqual(['b', 'a']);
  expect(selectPolicies(policies, { kind: 'Host', cgroup: '/x' }).map(({ name }) => name)).toEqual(['h']);
});
