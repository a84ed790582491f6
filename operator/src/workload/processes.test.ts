import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { processesBelow, programOf, startOf } from './processes.js';

const folder = mkdtempSync(join(tmpdir(), 'rf-procs-'));

afterAll(() => rmSync(folder, { recursive: true }));

test('processes of a cgroup are those of the cgroups below it too', async () => {
  mkdirSync(join(folder, 'a/b'), { recursive: true });
  writeFileSync(join(folder, 'cgroup.procs'), '1\n22\n');
  writeFileSync(join(folder, 'a/b/cgroup.procs'), '333\n');
  expect(await processesBelow(folder)).toEqual([1, 22, 333]);
  expect(await processesBelow(join(folder, 'gone'))).toEqual([]);
});

test('a process has its program, its arguments and its start, until it ends', async () => {
  const child = spawn('/bin/sleep', ['60']);
  const pid = child.pid ?? 0;
  const path = readlinkSync(`/proc/${pid}/exe`);
  expect(await programOf(pid)).toEqual({ path, arguments: ['/bin/sleep', '60'] });
  const [own = 0n, started = 0n] = [await startOf(process.pid), await startOf(pid)];
  expect(started).toBeGreaterThanOrEqual(own);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect([await programOf(pid), await startOf(pid)]).toEqual([undefined, undefined]);
});
