import { describe, expect, it } from 'vitest';
import { policyDigest } from '../report/digest.js';
import { ControllerPolicies, PolicyHistory, pausedUntil, selectsPod } from './controller-policies.js';
import type { KnownPolicy, PolicyObject } from './controller-policies.js';

const NOW = Date.UTC(2026, 0, 1);

function object(
  name: string,
  generation: number,
  change: Partial<PolicyObject['metadata']> = {},
  spec: object = {},
): PolicyObject {
  return {
    apiVersion: 'ringfence.io/v1alpha1',
    kind: 'RuntimePolicy',
    metadata: { name, namespace: 'shop', uid: name, generation, ...change },
    spec: {
      mode: 'Enforce',
      selector: { podSelector: { matchLabels: { app: 'web' } } },
      rules: [{ name: 'r', binaries: { deny: [{ path: '/bin/sh' }] } }],
      ...spec,
    },
  };
}

async function known(...objects: PolicyObject[]): Promise<KnownPolicy[]> {
  const policies = new ControllerPolicies(['kube-system']);
  await policies.sync(new Map(objects.map((one) => [one.metadata.uid ?? '', one])));
  return [...policies.all().values()];
}

describe('ControllerPolicies', () => {
  it('reads a policy again when its generation or its pause changes, and not when its status does', async () => {
    const policies = new ControllerPolicies([]);
    const sync = async (one: PolicyObject): Promise<number> =>
      (await policies.sync(new Map([['a', one]]))).changed.size;
    expect(await sync(object('a', 1))).toBe(1);
    expect(await sync({ ...object('a', 1, { resourceVersion: '9' }), status: { observedGeneration: 1 } })).toBe(0);
    expect(await sync(object('a', 2))).toBe(1);
    expect(await sync(object('a', 2, { annotations: { 'ringfence.io/paused': 'x' } }))).toBe(1);
    expect([...(await policies.sync(new Map())).removed]).toEqual(['a']);
  });

  it('keeps what is wrong with a policy, and no meaning of it', async () => {
    const [bad] = await known(object('a', 1, {}, { rules: [{ name: 'r', binaries: { deny: [{ path: 'sh' }] } }] }));
    expect(bad).toMatchObject({ title: 'shop/a', mode: 'Enforce', issues: [{ code: 'PATTERN_NOT_ABSOLUTE' }] });
    expect(bad?.ir).toBeUndefined();
  });

  it.each([
    ['one that ends in an hour', new Date(NOW + 3_600_000).toISOString(), true],
    ['one that has ended', new Date(NOW - 1).toISOString(), false],
    ['one of more than a day', new Date(NOW + 25 * 3_600_000).toISOString(), false],
    ['one that is no time', 'soon', false],
  ])('obeys a pause: %s', async (_, end, obeyed) => {
    const [policy] = await known(object('a', 1, { annotations: { 'ringfence.io/paused': end } }));
    expect(policy?.issues).toEqual([]);
    expect(policy && pausedUntil(policy, NOW)).toBe(obeyed ? end : undefined);
  });

  it('selects pods of its namespace by labels, and of system namespaces only with an acknowledgement', async () => {
    const everywhere = { selector: { podSelector: {}, namespaceSelector: {} } };
    const cluster = { ...object('c', 1, { namespace: undefined } as object, everywhere), kind: 'ClusterRuntimePolicy' };
    const acknowledged = {
      ...cluster,
      metadata: { ...cluster.metadata, name: 'd', uid: 'd' },
      spec: { ...(cluster.spec as object), acknowledge: ['SystemNamespaces'] },
    };
    const [own, all, system] = await known(object('a', 1), cluster, acknowledged);
    const pod = (namespace: string, app: string) => ({ namespace, namespaceLabels: {}, labels: { app } });
    const selected = (policy: KnownPolicy | undefined): boolean[] =>
      [pod('shop', 'web'), pod('shop', 'db'), pod('other', 'web'), pod('kube-system', 'web')].map(
        (one) => policy !== undefined && selectsPod(policy, one, ['kube-system']),
      );
    expect(selected(own)).toEqual([true, false, false, false]);
    expect(selected(all)).toEqual([true, true, true, false]);
    expect(selected(system)).toEqual([true, true, true, true]);
  });
});

describe('PolicyHistory', () => {
  const a1 = { uid: 'a', generation: 1 };
  const a2 = { uid: 'a', generation: 2 };
  const b1 = { uid: 'b', generation: 1 };

  it('tells how far a node has come', () => {
    const history = new PolicyHistory();
    for (const state of [[], [a1], [a1, b1], [a2, b1]]) history.note(state);
    const seen = (...node: { uid: string; generation: number }[]): string =>
      ['a', 'b'].filter((uid) => history.hasSeen(policyDigest(node), uid)).join('');
    expect([seen(), seen(a1), seen(a1, b1), seen(b1, a2)]).toEqual(['', '', 'b', 'ab']);
  });

  it('believes no digest that it does not know, and none of a policy that is gone', () => {
    const history = new PolicyHistory();
    history.note([a1]);
    expect(history.hasSeen(undefined, 'a')).toBe(false);
    expect(history.hasSeen(policyDigest([b1]), 'a')).toBe(false);
    history.note([b1]);
    expect(history.hasSeen(policyDigest([b1]), 'a')).toBe(false);
    history.note([a1]);
    expect(history.hasSeen(policyDigest([a1]), 'a')).toBe(true);
  });
});
