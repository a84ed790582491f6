import { describe, expect, it } from 'vitest';
import { ApiSource } from './api-source.js';
import type { ApiObject } from './api-source.js';
import type { StoredObject } from './state.js';

const NONE: ReadonlySet<string> = new Set();
const UNHEARD: ReadonlySet<string> = new Set(['RuntimePolicy']);

function object(generation: number, patch: Partial<ApiObject['metadata']> = {}, spec: object = {}): ApiObject {
  const rules = [{ name: 'r', paths: { deny: [{ path: `/x/${generation}` }] } }];
  return {
    apiVersion: 'ringfence.io/v1alpha1',
    kind: 'RuntimePolicy',
    metadata: { uid: 'u', name: 'p', namespace: 'shop', generation, ...patch },
    spec: { mode: 'Enforce', selector: { podSelector: { matchLabels: { app: 'web' } } }, rules, ...spec },
  };
}

function take(source: ApiSource, objects: readonly ApiObject[], unheard = NONE) {
  return source.take(objects, unheard).objects.get('u');
}

describe('ApiSource', () => {
  it('has the UID and the generation of the server', () => {
    const state = take(new ApiSource({}), [object(7)]);
    expect(state).toMatchObject({ uid: 'u', observedGeneration: 7, issues: [] });
    expect(state?.good).toMatchObject({ generation: 7, source: 'API', namespace: 'shop' });
  });

  it('keeps the last good version of an object that it rejects', () => {
    const source = new ApiSource({});
    take(source, [object(1)]);
    const state = take(source, [object(2, {}, { mode: 'Sometimes' })]);
    expect(state?.observedGeneration).toBe(2);
    expect(state?.issues.map(({ code }) => code)).toEqual(['INVALID_VALUE']);
    expect(state?.good?.generation).toBe(1);
  });

  it('gives the same value for the same version, so that nothing is compiled again', () => {
    const source = new ApiSource({});
    const first = take(source, [object(1)])?.good;
    expect(take(source, [object(1)])?.good).toBe(first);
  });

  it('drops what is deleted, and nothing of a kind that was not heard', () => {
    const source = new ApiSource({});
    take(source, [object(1)]);
    expect(take(source, [], UNHEARD)?.good?.generation).toBe(1);
    expect(take(source, [])).toBeUndefined();
  });

  it('comes back from the disk with the pause it had', () => {
    const source = new ApiSource({});
    const annotations = { 'ringfence.io/paused': '2026-01-01T00:00:00Z' };
    const good = take(source, [object(3, { annotations })])?.good;
    const stored = JSON.parse(JSON.stringify(good)) as StoredObject;
    const state = new ApiSource({}).restore([stored]).objects.get('u');
    expect(state).toMatchObject({ observedGeneration: 3, pausedUntil: '2026-01-01T00:00:00Z' });
    expect(state?.good?.policy).toEqual(good?.policy);
  });

  it('is not read again where the server has what the disk has', () => {
    const source = new ApiSource({});
    const stored = JSON.parse(JSON.stringify(take(new ApiSource({}), [object(3)])?.good)) as StoredObject;
    const restored = source.restore([stored]).objects.get('u')?.good;
    expect(take(source, [object(3)])?.good).toBe(restored);
  });

  it('refuses a policy in a system namespace without its acknowledgement', () => {
    const source = new ApiSource({ systemNamespaces: ['shop'] });
    expect(take(source, [object(1)])?.issues.map(({ code }) => code)).toEqual(['ACK_REQUIRED']);
    expect(take(source, [object(2, {}, { acknowledge: ['SystemNamespaces'] })])?.good?.generation).toBe(2);
  });
});
