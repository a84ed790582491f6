import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT } from '../kernel/harness/agent.js';
import { cgroupMount } from '../kernel/harness/workloads.js';
import { freshFolder, runPrepared } from './stage.js';

const folder = mkdtempSync('/tmp/ringfence-faults-');
const EXIT_FAULT = 3;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('an agent that cannot run says why with a code', () => {
  it.each([
    ['KERNEL_NO_BTF', 'mount --bind /dev/null /sys/kernel/btf/vmlinux'],
    ['KERNEL_NO_CGROUP2', `umount -l ${cgroupMount()}`],
    ['KERNEL_NOT_ROOT', 'set -- setpriv --reuid=65534 --clear-groups "$@"'],
    [
      'KERNEL_NO_BPFFS',
      `mount -t tmpfs none ${join(folder, 'bpffs')} && mkdir ${join(folder, 'bpffs/run')} && : > ${join(folder, 'bpffs/run/bpf')}`,
    ],
  ])('%s', (code, prepare) => {
    freshFolder(folder, 'bpffs');
    const runDir = code === 'KERNEL_NO_BPFFS' ? join(folder, 'bpffs/run') : join(folder, 'run');
    const { status, stderr } = runPrepared(prepare, runDir);
    expect(stderr).toMatch(new RegExp(`^${code} `, 'm'));
    expect(status).toBe(EXIT_FAULT);
  });

  it.each(['/etc/hostname/run', '/proc/ringfence/run'])('AGENT_SOCKET_FAILED for the run folder %s', (runDir) => {
    const { status, stderr } = runPrepared(':', runDir, ['--state', join(folder, 'state')]);
    expect(stderr).toMatch(/^AGENT_SOCKET_FAILED /m);
    expect(status).toBe(EXIT_FAULT);
  });

  it('AGENT_NOT_RUNNING where nobody answers', () => {
    const main = join(ROOT, 'build/operator/src/main-cli.js');
    for (const verb of ['status', 'events', 'pause', 'resume']) {
      const ended = spawnSync(process.execPath, [main, verb, '--run-dir', join(folder, 'none')], { encoding: 'utf8' });
      expect([verb, ended.status, ended.stderr.split(' ')[0]]).toEqual([verb, 4, 'AGENT_NOT_RUNNING']);
    }
  });
});
