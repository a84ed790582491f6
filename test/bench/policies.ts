// The policies of the settings: ten rules about paths and ten about binaries, none of which matches what is measured.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CGROUPS } from './plan.js';

const RULES_OF_A_KIND = 10;

/** Exact names, subtrees and a name in any folder, as real policies mix them; `mark` makes each policy distinct. */
function pattern(kind: string, mark: number, rule: number): string {
  if (rule < 6) return `/srv/${kind}-${mark}/object-${rule}`;
  if (rule < 9) return `/srv/${kind}-${mark}/folder-${rule}/**`;
  return `"**/${kind}-${mark}-anywhere"`;
}

function rules(mark: number): string[] {
  const ofKind = (kind: string): string[] =>
    Array.from({ length: RULES_OF_A_KIND }, (_, rule) => [
      `    - name: ${kind}-${rule}`,
      `      ${kind}: {deny: [{path: ${pattern(kind, mark, rule)}}]}`,
      `      action: Block`,
    ]).flat();
  return [...ofKind('paths'), ...ofKind('binaries')];
}

function policy(mark: number): string {
  return [
    'apiVersion: ringfence.io/v1alpha1',
    'kind: RuntimePolicy',
    `metadata: {name: bench-${mark}, namespace: bench}`,
    'spec:',
    '  mode: Enforce',
    `  selector: {podSelector: {matchLabels: {bench: "${mark}"}}}`,
    '  rules:',
    ...rules(mark),
    '',
  ].join('\n');
}

/** Cgroup of a mark; 0 is the measured one. */
export function cgroupOf(mark: number): string {
  return mark === 0 ? 'bench-selected' : `bench-${mark}`;
}

function workloads(): string {
  const items = Array.from({ length: CGROUPS }, (_, mark) =>
    [
      `  - name: bench-${mark}`,
      `    namespace: bench`,
      `    cgroup: /${cgroupOf(mark)}`,
      `    labels: {bench: "${mark}"}`,
    ].join('\n'),
  );
  return ['apiVersion: ringfence.io/v1alpha1', 'kind: Workloads', 'items:', ...items, ''].join('\n');
}

export function writePolicies(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'workloads.yaml'), workloads());
  for (let mark = 0; mark < count; mark++) writeFileSync(join(folder, `bench-${mark}.yaml`), policy(mark));
}
