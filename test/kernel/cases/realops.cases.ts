// Evaluator = kernel on real operations: random policies, thousands of operations of every kind on files whose names have much to do with
// the policies, each result and each counter compared with what the reference evaluator says.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { evaluateAll } from '../../../operator/src/compile/evaluate.js';
import type { PolicyIR } from '../../../operator/src/compile/ir.js';
import { validatePolicyFile } from '../../../operator/src/policy/validate.js';
import { generateOperation, generatePolicies } from '../../fuzz/generate.js';
import { Random } from '../../fuzz/random.js';
import { ROOT, type PolicyObject } from '../harness/agent.js';
import { kernelGroup, type Bed, type Seen } from '../harness/cases.js';
import { KIND_NAMES, ORIGIN, type Actor, type RealOperation, decisionsOf, needsSecond } from './real-kinds.js';
import { renderPolicy } from './render-policy.js';

const SEED = Number(process.env['RF_SEED'] ?? 20261122);
const WORKLOADS = 32;
const OPERATIONS = 90;
/** Skipped ones (names that cannot be made together) do not count. */
const WANTED = 2000;
const FOLDER = '/tmp/rf-realops';
const REALOPS = '/tmp/rf-realops-program';
/** What a process is that was moved into its cgroup and has not run another program since. */
const MOVED: Actor['program'] = { path: REALOPS, origin: 'WritableVolume' };
const PROGRAM_PATHS = ['/usr/bin/a', '/a/b', '/sh', '/usr/lib/ab', '/run/a'];

interface Subject {
  readonly name: string;
  readonly policies: readonly PolicyIR[];
  readonly operations: readonly RealOperation[];
  readonly mainProcess: boolean;
  readonly program?: string;
}

/** Only what files of this version can say, with names that are unique on the node. */
function usable(policies: readonly PolicyIR[], workload: string): PolicyIR[] {
  return policies
    .filter(({ layer }) => layer !== 'node')
    .map((policy, index) => ({
      ...policy,
      name: `${workload}-${index}`,
      uid: `${workload}-${index}`,
      rules: policy.rules.map((rule) => ({
        ...rule,
        except: rule.except
          .map(({ binaries, paths }) => ({ ...(binaries && { binaries }), ...(paths && { paths }) }))
          .filter((except) => Object.keys(except).length > 0),
      })),
      scope: { scope: 'Pods' as const, podSelector: { matchLabels: {}, matchExpressions: [] } },
    }))
    .filter((policy) => isAccepted(renderPolicy(policy, workload)));
}

function isAccepted(object: PolicyObject): boolean {
  const { issues } = validatePolicyFile(JSON.stringify(object), 'generated');
  return issues.every(({ level }) => level !== 'error');
}

function path(random: Random, policies: readonly PolicyIR[]): string {
  for (;;) {
    const { object } = generateOperation(random, policies);
    if (object.path !== undefined && object.path !== '/') return object.path;
  }
}

function operation(random: Random, policies: readonly PolicyIR[]): RealOperation {
  const kind = random.pick(KIND_NAMES);
  const first = path(random, policies);
  return needsSecond(kind) ? { kind, path: first, second: path(random, policies) } : { kind, path: first };
}

function makeSubject(random: Random, index: number): Subject {
  const name = `real-${index}`;
  for (;;) {
    const generated = generatePolicies(random);
    if (generated[0]?.scope.scope === 'Host') continue;
    const policies = usable(generated, name);
    if (policies.length === 0) continue;
    return {
      name,
      policies,
      operations: random.times(OPERATIONS, OPERATIONS, () => operation(random, policies)),
      mainProcess: random.percent(40),
      ...(random.percent(60) ? { program: random.pick(PROGRAM_PATHS) } : {}),
    };
  }
}

const random = new Random(SEED);
const subjects = Array.from({ length: WORKLOADS }, (_, index) => makeSubject(random, index));

const real = kernelGroup('evaluator', {
  workloads: subjects.map(({ name }) => name),
  policies: subjects.flatMap(({ name, policies }) => policies.map((policy) => renderPolicy(policy, name))),
});

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

function listOf(bed: Bed): string {
  const workloads = subjects.map(
    ({ name, mainProcess, program }) =>
      `workload ${bed.cgroups.folder(name)} ${mainProcess ? 'main' : 'other'} ${program === undefined ? '-' : hex(program)}\n`,
  );
  const orders = subjects.flatMap(({ operations }, index) =>
    operations.map(({ kind, path: first, second }) =>
      ['do', index, kind, hex(first), ...(second === undefined ? [] : [hex(second)])].join(' '),
    ),
  );
  return `${workloads.join('')}${orders.join('\n')}\n`;
}

async function runList(list: string): Promise<string[]> {
  mkdirSync(FOLDER, { recursive: true });
  copyFileSync(join(ROOT, 'build/test/kernel/realops'), REALOPS);
  chmodSync(REALOPS, 0o755);
  const child = spawn(REALOPS, [FOLDER], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (part: Buffer) => (text += part.toString()));
  child.stdin.end(list);
  const status = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(status, 0, `realops ended with ${String(status)}`);
  return text.split('\n').filter((line) => line !== '');
}

interface Comparison {
  compared: number;
  skipped: number;
  readonly differences: string[];
  /** `policy/rule` -> violations by the evaluator. */
  readonly counts: Map<string, number>;
}

const ANSWERS = { Allow: 'ok', Audit: 'ok', Block: 'denied', Kill: 'killed' } as const;

/** What the evaluator says of an operation; what it violated is added to the counts. */
function expected(subject: Subject, one: RealOperation, actor: Actor, counts: Map<string, number>): string {
  for (const decision of decisionsOf(one, actor)) {
    const { verdict, hits } = evaluateAll(subject.policies, decision);
    for (const { policyUid, rule } of hits) {
      const id = `${policyUid}/${rule}`;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    if (ANSWERS[verdict] !== 'ok') return ANSWERS[verdict];
  }
  return 'ok';
}

/** Compares one operation with what became of it. */
function compare(subject: Subject, tried: { one: RealOperation; actor: Actor; got: string }, into: Comparison): void {
  const { one, actor, got } = tried;
  const wanted = expected(subject, one, actor, into.counts);
  into.compared += 1;
  if (wanted !== got) into.differences.push(JSON.stringify({ ...tried, wanted, policies: subject.policies }));
}

function compareSubject(subject: Subject, lines: readonly string[], into: Comparison): void {
  const { name, operations, mainProcess } = subject;
  let program = MOVED;
  let next = 0;
  for (const line of lines) {
    const [what, , ...words] = line.split(' ');
    const got = words.join(' ');
    if (what === 'start') {
      const path = subject.program ?? '';
      compare(subject, { one: { kind: 'exec', path }, actor: { mainProcess, program: MOVED }, got }, into);
      program = got === 'ok' ? { path, origin: ORIGIN } : MOVED;
      continue;
    }
    const one = operations[next++];
    if (one === undefined) throw new Error('more results than operations');
    // A program that is run has a process of its own, and a child is not the main process.
    const actor = { mainProcess: mainProcess && one.kind !== 'exec', program };
    if (got === 'skipped') into.skipped += 1;
    else compare(subject, { one, actor, got }, into);
  }
  assert.equal(next, operations.length, `results of ${name}`);
}

function compareAll(lines: readonly string[]): Comparison {
  const into: Comparison = { compared: 0, skipped: 0, differences: [], counts: new Map() };
  subjects.forEach((subject, index) => {
    compareSubject(
      subject,
      lines.filter((line) => line.split(' ')[1] === `${index}`),
      into,
    );
  });
  return into;
}

function checkCounts(seen: Seen, counts: ReadonlyMap<string, number>): void {
  const wrong = subjects.flatMap(({ policies }) =>
    policies.flatMap(({ name, rules }) =>
      rules.flatMap((rule) => {
        const [wanted, got] = [counts.get(`${name}/${rule.name}`) ?? 0, seen.count(name, rule.name)];
        return wanted === got ? [] : [`${name}/${rule.name}: ${wanted} expected, ${got} counted`];
      }),
    ),
  );
  assert.deepEqual(wrong, []);
}

let comparison: Comparison;

real.case(
  `decides what the kernel decides on at least ${WANTED} real operations`,
  async (bed) => (comparison = compareAll(await runList(listOf(bed)))),
  (_, { compared, skipped, differences }) => {
    process.stdout.write(`seed ${SEED}: ${compared} real operations compared, ${skipped} could not be prepared\n`);
    assert.equal(differences.length, 0, `${differences.length} differences; ${differences.slice(0, 3).join('\n')}`);
    assert.ok(compared >= WANTED, `only ${compared} were compared`);
  },
);

real.case(
  'counts what the kernel counts, rule by rule',
  () => Promise.resolve(),
  (seen) => checkCounts(seen, comparison.counts),
);
