// The agent inside the guest: started with the policies of a setting, ready when its socket says so, gone without a trace afterwards.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RfNodeCodec } from '../../operator/src/abi/abi.gen.js';
import { native } from '../../operator/src/kernel/native.js';
import { engineSet, pinPath } from '../../operator/src/kernel/pins.js';
import { SETTINGS, type SettingName } from './plan.js';
import { writePolicies } from './policies.js';

const FOLDER = '/run/bench-agent';
const SOCKET = join(FOLDER, 'agent.sock');
const LOG = '/run/job/agent.log';
const READY_LIMIT_MS = 600_000;
/** An agent is at rest when what it uses in so long no longer falls: it looks at its files and cgroups time and again. */
const SETTLED_MS = 5000;
const STILL_FALLING = 0.7;

interface Package {
  readonly bin: { readonly ringfence: string };
}

function program(): string {
  return (JSON.parse(readFileSync('package.json', 'utf8')) as Package).bin.ringfence;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath: SOCKET, path }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', () => {
      resolve(false);
    });
    asked.end();
  });
}

/** Behind the agent's back, which has no such option: the switch is for measurements. */
function switchCacheOff(): void {
  const node = native().BpfMap.openPinned(pinPath(engineSet(join(FOLDER, 'bpf')), 'maps', 'node'));
  try {
    const key = new Uint8Array(4);
    const value = node.lookup(key);
    if (value === undefined) throw new Error('the node map has no entry');
    node.update(key, RfNodeCodec.encode({ ...RfNodeCodec.decode(value), noCache: 1 }));
  } finally {
    node.close();
  }
}

export async function startAgent(name: SettingName): Promise<ChildProcess> {
  const setting = SETTINGS[name];
  rmSync(FOLDER, { recursive: true, force: true });
  const policies = join(FOLDER, 'policies');
  writePolicies(policies, setting.policies);
  const log = openSync(LOG, 'a');
  const argv = [program(), 'run', '--policies', policies, '--state', join(FOLDER, 'state'), '--run-dir', FOLDER];
  const agent = spawn(process.execPath, argv, { stdio: ['ignore', log, log] });
  const began = Date.now();
  while (!(await answers('/readyz'))) {
    if (agent.exitCode !== null || Date.now() - began > READY_LIMIT_MS) {
      throw new Error(`the agent did not become ready: ${readFileSync(LOG, 'utf8')}`);
    }
    await sleep(200);
  }
  if (!setting.cached) switchCacheOff();
  return agent;
}

/** Processor time of a process so far, ticks of the kernel's clock: utime and stime, fields 14 and 15 of /proc/PID/stat. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Until an agent that is ready has done what it does after that: it learns the inodes of exact names in every workload. */
export async function settleAgent(agent: ChildProcess): Promise<void> {
  const { pid } = agent;
  if (pid === undefined) throw new Error('the agent was not started');
  const began = Date.now();
  const usedMeanwhile = async (): Promise<number> => {
    const before = ticksOf(pid);
    await sleep(SETTLED_MS);
    return ticksOf(pid) - before;
  };
  let before = await usedMeanwhile();
  for (let used = await usedMeanwhile(); used < STILL_FALLING * before; used = await usedMeanwhile()) {
    if (Date.now() - began > READY_LIMIT_MS) throw new Error('the agent does not come to rest');
    before = used;
  }
}

/** Ends the agent, then takes its programs out of the kernel: from here on there is no agent again. */
export async function removeAgent(agent: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => agent.once('exit', resolve));
  agent.kill('SIGTERM');
  await ended;
  const removed = spawnSync(process.execPath, [program(), 'uninstall', '--run-dir', FOLDER], { encoding: 'utf8' });
  if (removed.status !== 0) throw new Error(`uninstall ended with ${removed.status}: ${removed.stderr}`);
}
