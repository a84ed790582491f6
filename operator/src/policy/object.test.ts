import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { validatePolicyObject } from './object.js';
import { validatePolicyFile } from './validate.js';

const EXAMPLES = join(import.meta.dirname, '../../../examples');
const files = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.yaml') && !/(?:expect|workloads)\.yaml$/.test(name),
);

const SHELLS = { name: 'shells', binaries: { deny: [{ path: '/bin/sh' }] } };

function object(spec: object, metadata: object = {}): Record<string, unknown> {
  return {
    apiVersion: 'ringfence.io/v1alpha1',
    kind: 'RuntimePolicy',
    metadata: { name: 'p', namespace: 'shop', ...metadata },
    spec: { mode: 'Enforce', selector: { podSelector: { matchLabels: { app: 'web' } } }, rules: [SHELLS], ...spec },
  };
}

describe('validatePolicyObject', () => {
  it.each(files)('finds in an object what it finds in the file %s', (name) => {
    const text = readFileSync(join(EXAMPLES, name), 'utf8');
    const fromFile = validatePolicyFile(text, name);
    const objects = parseAllDocuments(text).map((document) =>
      validatePolicyObject(document.toJS() as Record<string, unknown>),
    );
    const policies = objects.flatMap(({ policy }) => policy ?? []);
    expect(policies.map(({ spec }) => spec)).toEqual(fromFile.policies.map(({ spec }) => spec));
    const found = objects.flatMap(({ issues }) => issues.map(({ code, path, got }) => `${code} ${path} ${got}`));
    expect(found.sort()).toEqual(fromFile.issues.map(({ code, path, got }) => `${code} ${path} ${got}`).sort());
  });

  it('leaves the server’s metadata and status alone, and the object as it was', () => {
    const live = {
      ...object({}, { uid: 'u', resourceVersion: '7', generation: 3, deletionTimestamp: 'soon', selfLink: 'x' }),
      status: { anything: true },
    };
    const before = structuredClone(live);
    const { policy, issues } = validatePolicyObject(live);
    expect(issues).toEqual([]);
    expect(policy?.spec.rules[0]).toMatchObject({ action: 'Kill', minimumGuarantee: 'Observe', severity: 'High' });
    expect(live).toEqual(before);
  });

  it('says which field is wrong, of which object', () => {
    const { policy, issues } = validatePolicyObject(
      object({ rules: [{ ...SHELLS, binaries: { deny: [{ path: 'sh' }] } }] }),
    );
    expect(policy).toBeUndefined();
    expect(issues).toMatchObject([
      { code: 'PATTERN_NOT_ABSOLUTE', path: 'spec.rules[0].binaries.deny[0].path', file: 'RuntimePolicy/shop/p' },
    ]);
  });
});
