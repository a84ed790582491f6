import { describe, expect, it } from 'vitest';
import type { FolderScan } from './folder.js';
import { PolicySource } from './policy-source.js';
import type { StoredObject } from './state.js';

const TEXT = `apiVersion: ringfence.io/v1alpha1
kind: RuntimePolicy
metadata: {name: p, namespace: shop}
spec:
  mode: Enforce
  selector: {podSelector: {matchLabels: {app: web}}}
  rules: [{name: r, paths: {deny: [{path: /x}]}}]
`;

function scan(text: string): FolderScan {
  const file = { path: '/etc/policies/p.yaml', content: new TextEncoder().encode(text) };
  return { files: new Map([['p.yaml', file]]), faults: [], changed: true, folders: [] };
}

/** The one object that the folder holds. */
function goodOf(source: PolicySource, text = TEXT) {
  return [...source.take(scan(text)).objects.values()][0]?.good;
}

function made(): PolicySource {
  const generations = new Map<string, number>();
  return new PolicySource((_, hash) => generations.get(hash) ?? generations.set(hash, generations.size + 1).size);
}

describe('a folder that is read again', () => {
  it('gives the same value for what did not change, so that nothing is compiled again', () => {
    const source = made();
    expect(goodOf(source)).toBe(goodOf(source));
    expect(goodOf(source, TEXT.replace('/x', '/y'))?.generation).toBe(2);
  });

  it('does not read what an earlier run kept as it still is', () => {
    const stored = { ...JSON.parse(JSON.stringify(goodOf(made()))) } as StoredObject;
    const source = made();
    const restored = [...source.restore([stored]).objects.values()][0]?.good;
    expect(goodOf(source)?.policy).toBe(restored?.policy);
  });

  it('reads what is another text', () => {
    const stored = { ...JSON.parse(JSON.stringify(goodOf(made()))) } as StoredObject;
    const source = made();
    source.restore([stored]);
    expect(goodOf(source, TEXT.replace('/x', '/y'))?.text).toContain('/y');
  });
});
