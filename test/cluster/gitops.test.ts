// The guide and the sample repository on GitOps against a real API server: the guide's own commands, then what happens to a repository:
// a policy is edited, a broken commit is refused, a policy is removed and pruned.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stepsOf } from '../docs/guides.js';
import { readPages, ROOT } from '../docs/pages.js';
import type { CommandOutput } from '../guest/command.js';
import { readExamples } from '../support/examples.js';
import { withPlane } from './bed.js';
import type { KubeControlPlane } from './control-plane.js';
import { established } from './install.js';
import { runWithInput } from './kubectl.js';

interface Policy {
  readonly metadata: { readonly name: string; readonly uid: string; readonly generation: number };
  readonly spec: { readonly mode: string; readonly mainProcess: string };
}

const NAMES = ['no-shell', 'package-managers', 'service-account-token'];
const NO_AGENTS = '# needs agents';

/** The command lines of the guide that need nothing but an API server. */
function commandsOfGuide(): string[] {
  const page = readPages().find(({ path }) => path === 'docs/guides/gitops.md');
  if (page === undefined) throw new Error('no guide on GitOps');
  const lines = page.text.split('\n');
  return stepsOf(page)
    .flatMap((step) => (step.kind === 'commands' ? step.commands : []))
    .map(({ line }) => lines[line - 1] ?? '')
    .filter((text) => !text.includes(NO_AGENTS));
}

describe('a GitOps repository', () => {
  const repository = mkdtempSync(join(tmpdir(), 'ringfence-gitops-'));
  let plane: KubeControlPlane;
  let end: () => Promise<void>;

  beforeAll(async () => {
    cpSync(join(ROOT, 'examples/gitops'), repository, { recursive: true });
    ({ plane, end } = await withPlane({ controllers: false }));
  });
  afterAll(async () => {
    await end();
    rmSync(repository, { recursive: true, force: true });
  });

  async function shell(line: string): Promise<CommandOutput> {
    const path = `${dirname(plane.kubectlPath)}:${process.env['PATH'] ?? ''}`;
    const env = { ...process.env, PATH: path, KUBECONFIG: plane.kubeconfig, RINGFENCE: ROOT };
    return await runWithInput(['sh', '-c', `cd ${repository} && ${line}`], { env });
  }

  /** What a tool does at each commit: the guide's own line. */
  async function apply(overlay: string): Promise<CommandOutput> {
    const line = commandsOfGuide().find((one) => one.includes(`apply -k ${overlay} `));
    return await shell(line ?? 'false');
  }

  async function policies(namespace: string): Promise<ReadonlyMap<string, Policy>> {
    const { items } = await plane.get<{ items: Policy[] }>('runtimepolicies', '-n', namespace);
    return new Map(items.map((policy) => [policy.metadata.name, policy]));
  }

  function edit(file: string, from: string, to: string): void {
    const path = join(repository, file);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain(from);
    writeFileSync(path, text.replace(from, to));
  }

  it('is applied by the commands of the guide: definitions first, Monitor in staging, Enforce in production', async () => {
    const commands = commandsOfGuide();
    expect(commands.length).toBeGreaterThan(5);
    for (const command of commands) {
      // kubectl itself fails where a definition has no conditions yet.
      if (command.includes('condition=Established')) await established(plane);
      const { code, stderr } = await shell(command);
      expect(code, `${command}: ${stderr}`).toBe(0);
    }
    for (const [namespace, mode] of [
      ['shop-staging', 'Monitor'],
      ['shop', 'Enforce'],
    ] as const) {
      const found = await policies(namespace);
      expect([...found.keys()].sort()).toEqual(NAMES);
      expect([...found.values()].map(({ spec }) => spec.mode)).toEqual(NAMES.map(() => mode));
    }
  });

  it('an edit reaches the policy that it is about, in the overlay that is applied', async () => {
    const before = { shop: await policies('shop'), staging: await policies('shop-staging') };
    edit('base/no-shell.yaml', 'mode: Monitor\n', 'mode: Monitor\n  mainProcess: Block\n');
    expect((await apply('production')).code).toBe(0);
    const after = await policies('shop');
    expect(after.get('no-shell')?.spec.mainProcess).toBe('Block');
    const generations = (of: ReadonlyMap<string, Policy>): (number | undefined)[] =>
      NAMES.map((name) => of.get(name)?.metadata.generation);
    expect(generations(after)).toEqual([2, 1, 1]);
    expect(await policies('shop-staging')).toEqual(before.staging);
    expect(NAMES.map((name) => after.get(name)?.metadata.uid)).toEqual(
      NAMES.map((name) => before.shop.get(name)?.metadata.uid),
    );
  });

  it('a commit with a mistake is refused with the field, and prunes nothing', async () => {
    edit('base/service-account-token.yaml', 'path: /run/secrets/', 'path: run/secrets/');
    edit('base/kustomization.yaml', '  - package-managers.yaml\n', '');
    const { code, stderr } = await apply('production');
    expect(code).not.toBe(0);
    expect(stderr).toContain('spec.rules[0].paths.deny[0].path');
    expect([...(await policies('shop')).keys()].sort()).toEqual(NAMES);
    edit('base/service-account-token.yaml', 'path: run/secrets/', 'path: /run/secrets/');
  });

  it('a policy that is removed is pruned, in that overlay, and nothing else is', async () => {
    const own = {
      apiVersion: 'ringfence.io/v1alpha1',
      kind: 'RuntimePolicy',
      metadata: { name: 'by-hand', namespace: 'shop' },
    };
    const rules = [{ name: 'nc', binaries: { deny: [{ path: '/bin/nc' }] } }];
    await plane.apply([
      { ...own, spec: { mode: 'Monitor', selector: { podSelector: { matchLabels: { app: 'web' } } }, rules } },
    ]);
    const { code, stdout, stderr } = await apply('production');
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('runtimepolicy.ringfence.io/package-managers pruned');
    expect([...(await policies('shop')).keys()].sort()).toEqual(['by-hand', 'no-shell', 'service-account-token']);
    expect([...(await policies('shop-staging')).keys()].sort()).toEqual(NAMES);
    expect(await plane.kubectl(['get', 'crd', '-o', 'name'])).toContain('runtimepolicies.ringfence.io');
  });

  it('every example is taken by the API server as it is written', async () => {
    await plane.kubectl(['create', 'namespace', 'demo']);
    const objects = readExamples().flatMap((example) => example.objects);
    const said = await plane.apply(objects, '--dry-run=server', '--force-conflicts');
    expect(said.trim().split('\n')).toHaveLength(objects.length);
  });
});
