import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.js';
import { compilePolicy } from '../compile/compile.js';
import { silentLog } from '../log.js';
import { validatePolicyFile } from '../policy/validate.js';
import type { ObjectState } from '../source/merge.js';
import type { Ownership } from '../workload/identify.js';
import { PodTable } from '../workload/pod-table.js';
import { readPod } from '../workload/pods.js';
import { FindingDesk } from './finding-desk.js';
import type { Shown } from './finding-desk.js';
import { brokenRules } from './finding-running.js';
import type { SceneInput } from './node-scene.js';
import type { SavedPredating } from './predating.js';

const UID = '7d4b9c00-0000-4000-8000-00000000000';
const NS = 1_000_000_000n;

interface Draft {
  readonly name: string;
  readonly rules: string;
  readonly selector?: string;
}

let folder: string;
let sleeper: ChildProcess;
let program: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rf-desk-'));
  program = join(folder, 'sleeper');
  copyFileSync('/bin/sleep', program);
  symlinkSync('nowhere', join(folder, 'link'));
  sleeper = spawn(program, ['600']);
});

afterAll(() => {
  sleeper.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

function policies(drafts: readonly Draft[]): Pick<SceneInput, 'inForce' | 'objects'> {
  const inForce = new Map<string, ReturnType<typeof compilePolicy>>();
  const objects = new Map<string, ObjectState>();
  for (const { name, rules, selector = 'podSelector: {matchLabels: {app: web}}' } of drafts) {
    const text = `{apiVersion: ringfence.io/v1alpha1, kind: RuntimePolicy, metadata: {name: ${name}, namespace: shop}, spec: {mode: Enforce, selector: {${selector}}, rules: [${rules}]}}`;
    const { policies: found, issues } = validatePolicyFile(text, 'f.yaml');
    const [policy] = found;
    if (policy === undefined) throw new Error(JSON.stringify(issues));
    const identity = { uid: name, generation: 3, source: 'API' as const };
    inForce.set(name, compilePolicy(policy, identity));
    const object = { uid: name, kind: policy.kind, namespace: 'shop', name };
    const good = { ...object, ...identity, file: '', text: '', policy };
    objects.set(name, { ...object, observedGeneration: 3, issues: [], good });
  }
  return { inForce, objects };
}

/** Pods `web-0`, `web-1` ... with one container `app` each; all processes are the sleeper's. */
function stage(count: number): { table: PodTable; owners: Map<bigint, Ownership> } {
  const table = new PodTable({ systemNamespaces: [], installNamespace: 'ringfence-system' });
  const pods = Array.from({ length: count }, (_, index) =>
    readPod({
      metadata: { uid: `${UID}${index}`, name: `web-${index}`, namespace: 'shop', labels: { app: 'web' } },
      spec: { containers: [{ name: 'app' }] },
    }),
  ).filter((pod) => pod !== undefined);
  table.takePods(pods);
  table.takeNamespaces(new Map([['shop', {}]]));
  const owners = new Map<bigint, Ownership>();
  for (const [index, pod] of pods.entries()) {
    table.record(`c${index}`, { kind: 'Container', name: 'app' });
    const id = BigInt(index + 1);
    const path = `/pod${index}/c${index}`;
    mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, path, 'cgroup.procs'), `${sleeper.pid ?? 0}\n`);
    const identity = table.identify({ pod: pod.key, container: `c${index}` });
    owners.set(id, { cgroup: { id, path }, identity, owner: id });
  }
  return { table, owners };
}

interface Looked extends Shown {
  readonly saved: readonly SavedPredating[];
}

async function look(drafts: readonly Draft[], count = 2, nowNs = 10n ** 9n * NS): Promise<Looked> {
  const { table, owners } = stage(count);
  const input = { ...policies(drafts), owners };
  const clock = new HandClock();
  const saved: SavedPredating[] = [];
  let changes = 0;
  const desk = new FindingDesk({
    ...{ clock, log: silentLog, mount: folder, table, bootID: 'boot', saved: undefined },
    input: () => input,
    bootNs: () => nowNs,
    save: (since) => saved.push(since),
    onChange: () => (changes += 1),
  });
  desk.planned();
  clock.move(2000);
  for (let tries = 0; changes === 0 && tries < 100; tries += 1) await sleep(10);
  desk.stop();
  return { ...desk.shown(), saved };
}

const deny = (...paths: string[]): string =>
  `{name: r, binaries: {deny: [${paths.map((path) => `{path: ${path}}`).join(', ')}]}}`;
const allow = (...paths: string[]): string => deny(...paths).replace('deny', 'allow');

describe('FindingDesk', () => {
  it('finds names of containers that no pod has', async () => {
    const selector = 'podSelector: {}, containers: [app, wep]';
    const { findings } = await look([{ name: 'p', rules: deny('/x'), selector }]);
    expect(findings).toEqual([
      {
        uid: 'p',
        generation: 3,
        code: 'CONTAINER_NOT_FOUND',
        path: 'spec.selector.containers[1]',
        detail: 'wep',
        count: 2,
      },
    ]);
  });

  it('finds processes that run what a list forbids, and counts them', async () => {
    const path = readlinkSync(`/proc/${sleeper.pid ?? 0}/exe`);
    const { findings } = await look([{ name: 'p', rules: allow('/usr/sbin/nginx') }]);
    expect(findings).toEqual([
      {
        ...{ uid: 'p', generation: 3, code: 'WOULD_BREAK_RUNNING', path: 'spec.rules[0].binaries.allow', count: 2 },
        detail: `${path} in shop/web-0, container app`,
      },
    ]);
    expect((await look([{ name: 'p', rules: allow(program) }])).findings).toEqual([]);
  });

  it('finds patterns that are links, once for a place of the policy', async () => {
    const link = join(folder, 'link');
    const { findings } = await look([{ name: 'p', rules: deny('/no/such/thing', `${link}/below`, join(folder, '*')) }]);
    expect(findings.filter(({ code }) => code === 'PATTERN_IS_LINK')).toEqual([
      {
        ...{ uid: 'p', generation: 3, code: 'PATTERN_IS_LINK', path: 'spec.rules[0].binaries.deny[1].path', count: 2 },
        detail: `${link} is a link to nowhere in shop/web-0, container app`,
      },
    ]);
  });

  it('compares policies that are on the same containers, and only those', async () => {
    const drafts = [
      { name: 'a', rules: allow(program, '/bin/a') },
      { name: 'b', rules: allow(program, '/bin/b') },
      { name: 'c', rules: deny('/x') },
      { name: 'd', rules: deny('/x'), selector: 'podSelector: {matchLabels: {app: web}}, containers: [app]' },
      { name: 'elsewhere', rules: allow('/bin/z'), selector: 'podSelector: {matchLabels: {app: db}}' },
    ];
    const { findings } = await look(drafts);
    expect(
      findings.map(({ uid, code, other, count, detail = '' }) => [uid, code, other, count, detail].join(' | ')),
    ).toEqual([
      'a | ALLOW_LISTS_INTERSECT | shop/b | 2 | 1 of its entries remain',
      'b | ALLOW_LISTS_INTERSECT | shop/a | 2 | 1 of its entries remain',
      'd | COVERED_BY | shop/c | 2 | ',
    ]);
  });

  it('counts pods with processes that are older than the policy', async () => {
    const draft = { name: 'p', rules: deny('/no/such/thing') };
    const { predating, saved } = await look([draft]);
    expect(predating).toEqual({ policies: { p: 2 }, pods: 2 });
    expect(saved).toEqual([{ bootID: 'boot', since: { p: '1000000000000000000' } }]);
    expect((await look([draft], 2, 0n)).predating.pods).toBe(0);
  });
});

describe('brokenRules', () => {
  /** `command` is the program and its arguments. */
  const broken = (rules: string, command: string): string[] => {
    const ir = policies([{ name: 'p', rules }]).inForce.get('p');
    const words = command.split(' ');
    return ir === undefined ? [] : brokenRules(ir, { path: words[0] ?? '', arguments: words });
  };
  const exception = 'except: [{binaries: [{path: /p}]}]';

  it.each<[string, string, string]>([
    ['what is not allowed', allow('/a'), '/b'],
    ['what is denied', deny('/a'), '/a'],
    ['an interpreter of another script', allow('/start.sh'), '/bin/dash /other.sh'],
    ['a denied interpreter of any script', deny('/bin/dash'), '/bin/dash /start.sh'],
    ['a denial of execution', '{name: r, paths: {deny: [{path: /a, access: [Execute, Rename, Link]}]}}', '/a'],
  ])('finds %s', (_, rules, command) => expect(broken(rules, command)).toEqual(['r']));

  it.each<[string, string, string]>([
    ['what is allowed', allow('/a'), '/a'],
    ['an interpreter of an allowed script', allow('/start.sh'), '/bin/dash /start.sh'],
    ['an interpreter with an option', allow('/start.sh'), '/bin/dash -e /start.sh'],
    ['an allowed name whatever its origin', '{name: r, binaries: {allow: [{path: /a, origins: [Image]}]}}', '/a'],
    ['a denial by origin', '{name: r, binaries: {deny: [{origins: [Untrusted]}]}}', '/a'],
    ['an exception by program', `{name: r, binaries: {deny: [{path: /a}]}, ${exception}}`, '/a'],
    ['a denial of reading', '{name: r, paths: {deny: [{path: /a, access: [Read, Rename, Link]}]}}', '/a'],
  ])('leaves out %s', (_, rules, command) => expect(broken(rules, command)).toEqual([]));
});
