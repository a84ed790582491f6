// An agent on the machine's own kernel, confined to a cgroup of its own, and operations of a workload in it. The kernel
// may refuse LSM programs: what is tried here (a Kill on exec of a program, a Kill on reading a file) every kernel holds.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentProcess, type PolicyObject, ROOT } from '../kernel/harness/agent.js';
import { NAMESPACE, TestCgroups } from '../kernel/harness/workloads.js';

const API = 'ringfence.io/v1alpha1';
export const SECRET = 'the-secret';

export interface Tried {
  readonly stdout: string;
  readonly signal: NodeJS.Signals | null;
}

export class Stage {
  readonly folder = mkdtempSync('/tmp/ringfence-agent-');
  readonly cgroups: TestCgroups;
  readonly secret = join(this.folder, 'secret');
  readonly open = join(this.folder, 'open');

  constructor(name: string) {
    this.cgroups = new TestCgroups(`ringfence-${name}-${process.pid}`);
    writeFileSync(this.secret, SECRET);
    writeFileSync(this.open, 'open');
    this.cgroups.folder('web');
  }

  get agentFolder(): string {
    return join(this.folder, 'agent');
  }

  workloads(): PolicyObject {
    return this.cgroups.document(['web']);
  }

  /** Kills whoever reads the secret, or one of `more`. `marker` makes another version of the same policy. */
  policy(marker = 'none', ...more: readonly string[]): PolicyObject {
    const deny = [this.secret, `/nowhere/${marker}`, ...more].map((path) => ({ path, access: ['Read'] }));
    const spec = {
      mode: 'Enforce',
      selector: { podSelector: { matchLabels: { case: 'web' } } },
      rules: [{ name: 'secret', paths: { deny } }],
    };
    return { apiVersion: API, kind: 'RuntimePolicy', metadata: { name: 'secret', namespace: NAMESPACE }, spec };
  }

  start(flags: readonly string[] = []): Promise<AgentProcess> {
    const confine = ['--confine', this.cgroups.top, '--backend', 'tracepoint'];
    const policies = [this.workloads(), this.policy()];
    return AgentProcess.start({ folder: this.agentFolder, policies, flags: [...confine, ...flags] });
  }

  read(path: string): Tried {
    const script = 'echo $$ > "$0"/cgroup.procs && exec cat "$1"';
    const { stdout, signal } = spawnSync('/bin/sh', ['-c', script, this.cgroups.folder('web'), path], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    return { stdout, signal };
  }

  remove(): void {
    this.cgroups.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

/** Runs `ringfence run` in a mount namespace of its own, after `prepare`, until it ends. */
export function runPrepared(prepare: string, runDir: string, flags: readonly string[] = []): Ended {
  const main = join(ROOT, 'build/operator/src/main-cli.js');
  const script = `${prepare}; exec "$@"`;
  const argv = [process.execPath, main, 'run', '--run-dir', runDir, '--state', join(runDir, 'state'), ...flags];
  const { status, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', ...argv], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stderr };
}

export function freshFolder(parent: string, name: string): string {
  const path = join(parent, name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}
