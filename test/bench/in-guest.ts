// Runs in the guest: without the agent, with it, without it again, for each setting, and writes what was counted to /run/job/samples.json.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeAgent, settleAgent, startAgent } from './agent.js';
import { BATCHES, BATCH_GAP_MS, CGROUPS, MEASURES, PROGRAMS, ROUNDS, ROWS } from './plan.js';
import type { Measure, MeasureName, SettingName, Where } from './plan.js';
import { cgroupOf } from './policies.js';
import type { Sample } from './samples.js';

const CGROUP_ROOT = '/sys/fs/cgroup';
/** The kernel's own work after a boot: the first seconds read up to twice as much. */
const WARM_ROUNDS = 3;

const samples: Sample[] = [];

function measureOnce(where: Where, measure: Measure): number[] {
  const { operation, count, path } = measure;
  const clock = measure.renames === true ? 'own' : 'wall';
  const command = `echo 0 > "$0" && exec "$@"`;
  const argv = [join(PROGRAMS, 'workload'), operation, `${count}`, `${ROUNDS}`, clock, path];
  const ran = spawnSync('sh', ['-c', command, join(CGROUP_ROOT, where, 'cgroup.procs'), ...argv], { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`${argv.join(' ')}: ${ran.stderr}`);
  return ran.stdout.trim().split('\n').map(Number);
}

function measureOne(where: Where, name: MeasureName): number[] {
  const measure: Measure = MEASURES[name];
  if (measure.renames !== true) return measureOnce(where, measure);
  const renamer = spawn(join(PROGRAMS, 'renamer'), ['/tmp/renamed/a', '/tmp/renamed/b'], { stdio: 'ignore' });
  try {
    return measureOnce(where, measure);
  } finally {
    writeFileSync('/tmp/renamed/a', '');
    renamer.kill('SIGKILL');
  }
}

/** In batches apart from each other: what disturbs for a second, a collection of garbage for one, disturbs one of them. */
async function measureApart(where: Where, name: MeasureName): Promise<number[]> {
  const rounds: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    if (batch > 0) await sleep(BATCH_GAP_MS);
    rounds.push(...measureOne(where, name));
  }
  return rounds;
}

async function measureAll(
  setting: SettingName | undefined,
  phase: number,
  wanted: readonly SettingName[],
): Promise<void> {
  const done = new Set<string>();
  for (const row of ROWS) {
    const key = `${row.where} ${row.measure}`;
    const settings = [row.setting, row.against];
    if (done.has(key) || !wanted.some((name) => settings.includes(name))) continue;
    done.add(key);
    const rounds = await measureApart(row.where, row.measure);
    samples.push({ setting: setting ?? 'none', phase, where: row.where, measure: row.measure, rounds });
  }
}

function prepare(): void {
  mkdirSync(PROGRAMS, { recursive: true });
  const built = join(import.meta.dirname);
  for (const name of ['workload', 'noop', 'renamer']) copyFileSync(join(built, name), join(PROGRAMS, name));
  for (const file of [MEASURES.open2.path, MEASURES.open8.path, '/tmp/renamed/a']) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, 'content');
  }
  // Without controllers an operation costs least, and what the agent adds weighs most.
  const controllers = readFileSync(join(CGROUP_ROOT, 'cgroup.subtree_control'), 'utf8').trim().split(' ');
  for (const name of controllers) writeFileSync(join(CGROUP_ROOT, 'cgroup.subtree_control'), `-${name}`);
  mkdirSync(join(CGROUP_ROOT, 'bench-outside'));
  // One shell starts a sleeper in each cgroup: a process each for a Node spawn would take minutes of guest time.
  const cgroups = Array.from({ length: CGROUPS }, (_, mark) => cgroupOf(mark));
  for (const name of cgroups) mkdirSync(join(CGROUP_ROOT, name));
  const script =
    'for name; do (echo 0 > /sys/fs/cgroup/$name/cgroup.procs; exec /run/job/busybox sleep 1000000) & done';
  spawnSync('sh', ['-c', script, 'sleepers', ...cgroups], { stdio: 'ignore' });
}

async function main(settings: readonly SettingName[]): Promise<void> {
  prepare();
  for (let round = 0; round < WARM_ROUNDS; round++) {
    for (const name of ['getpid', 'open2', 'exec'] as const) measureOne('bench-outside', name);
  }
  let phase = 0;
  await measureAll(undefined, phase, settings);
  for (const setting of settings) {
    const agent = await startAgent(setting);
    await settleAgent(agent);
    await measureAll(setting, ++phase, [setting]);
    await removeAgent(agent);
    await sleep(2000);
    await measureAll(undefined, ++phase, settings);
  }
  if (settings.length === 0) {
    const all = [...new Set(ROWS.map((row) => row.setting))];
    for (let again = 0; again < 3; again++) await measureAll(undefined, ++phase, all);
  }
}

await main(process.argv.slice(2) as SettingName[]);
writeFileSync('/run/job/samples.json', JSON.stringify(samples));
