// A network, mount and process namespace for a whole cluster: port 443 and the node's address are free there, nothing in it reaches the outside,
// and when the first process ends everything is gone. What has to be fetched or built comes before.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { runCommand } from '../guest/command.js';

const MARK = 'RINGFENCE_CLUSTER_NAMESPACE';

export function isInNamespace(): boolean {
  return process.env[MARK] === '1';
}

/** Runs this program again inside new namespaces, with the same arguments, and answers with its status. `onStart` gets a process id whose network is the new one. */
export async function runInNamespace(onStart?: (pid: number) => void): Promise<number> {
  const enter = ['--pdeathsig', 'KILL', 'unshare', '-n', '-m', '-p', '-f', '--kill-child', '--mount-proc'];
  const child = spawn('setpriv', [...enter, process.execPath, ...process.argv.slice(1)], {
    env: { ...process.env, [MARK]: '1' },
    stdio: 'inherit',
  });
  if (child.pid !== undefined) onStart?.(child.pid);
  // unshare passes no signals on; what it runs gets them by its process id here only through its own death.
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGKILL'));
  process.on('SIGINT', () => undefined);
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
  });
}

/** First thing inside. */
export async function prepareNamespace(): Promise<void> {
  await runCommand(['ip', 'link', 'set', 'lo', 'up']);
}
