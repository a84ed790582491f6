// What the guests promise to the suites that run in them.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuestUnavailable } from './cache.js';
import { tryCommand } from './command.js';
import { KERNELS, type KernelName } from './kernel-image.js';
import { CHECKOUT, runInGuest, type GuestResult } from './run.js';
import { Suite } from '../support/suite.js';

const ADDON = 'build/Release/ringfence.node';

/** One boot answers many questions: `name=value` lines. */
const QUESTIONS = `
echo "release=$(uname -r)"
echo "lsm=$(cat /sys/kernel/security/lsm)"
echo "cgroup=$(stat -f -c %T /sys/fs/cgroup) $(cat /sys/fs/cgroup/cgroup.subtree_control)"
echo "bpffs=$(stat -f -c %T /sys/fs/bpf)"
echo "btf=$(test -s /sys/kernel/btf/vmlinux && echo yes)"
echo "node=$(node --version)"
echo "word=$(cat /proc/cmdline | tr ' ' '\\n' | grep ringfence)"
echo "variable=$GUEST_VARIABLE"
echo "network=$(ls /sys/class/net | tr '\\n' ' ')"
if echo forbidden 2>&1 > "$PWD/test/guest/written"; then echo root=writable; else echo root=read-only; fi
mkdir -p /tmp/o/lower /tmp/o/upper /tmp/o/work /tmp/o/all
mount -t overlay -o lowerdir=/tmp/o/lower,upperdir=/tmp/o/upper,workdir=/tmp/o/work overlay /tmp/o/all
echo "overlay=$(stat -f -c %T /tmp/o/all)"
if [ -f ${ADDON} ]; then
  node -e 'process.stdout.write("addon=" + typeof require("./${ADDON}") + "\\n")'
fi
echo collected > /run/job/note
exit 7
`;

function answersOf(result: GuestResult): Map<string, string> {
  const lines = result.stdout.split('\n').filter((line) => line.includes('='));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

interface Boot {
  readonly result: GuestResult;
  readonly answers: Map<string, string>;
  readonly note: string;
}

async function ask(kernel: KernelName): Promise<Boot> {
  let note = '';
  const result = await runInGuest({
    kernel,
    command: QUESTIONS,
    timeoutS: 120,
    env: { GUEST_VARIABLE: "it's here" },
    kernelWords: ['ringfence.mode=monitor'],
    collect: (folder) => (note = readFileSync(join(folder, 'note'), 'utf8')),
  });
  return { result, answers: answersOf(result), note };
}

async function checkKernel(suite: Suite, kernel: KernelName): Promise<void> {
  const { result, answers, note } = await ask(kernel);
  const answer = (name: string): string => answers.get(name) ?? '';
  process.stdout.write(`${kernel}: ${result.kernelVersion} up after ${result.bootSeconds.toFixed(1)} s\n`);
  await suite.check(`${kernel}: the guest runs the kernel that was asked for`, () => {
    assert.ok(answer('release').startsWith(result.kernelVersion), answer('release'));
    if (kernel !== 'newest') assert.ok(answer('release').startsWith(`${kernel}.`), answer('release'));
  });
  await suite.check(`${kernel}: BPF may be a security module and types are described`, () => {
    assert.ok(answer('lsm').split(',').includes('bpf'), answer('lsm'));
    assert.equal(answer('btf'), 'yes');
    assert.equal(answer('bpffs'), 'bpf_fs');
  });
  await suite.check(`${kernel}: control groups are version 2 with delegated controllers`, () => {
    assert.match(answer('cgroup'), /^cgroup2fs .*memory/);
  });
  await suite.check(`${kernel}: Node 24 of the checkout runs`, () => assert.match(answer('node'), /^v24\./));
  await suite.check(`${kernel}: environment and kernel command line reach the guest`, () => {
    assert.equal(answer('variable'), "it's here");
    assert.equal(answer('word'), 'ringfence.mode=monitor');
  });
  await suite.check(`${kernel}: the guest has no network and cannot write the machine's files`, () => {
    assert.equal(answer('network').trim(), 'lo');
    assert.equal(answer('root'), 'read-only');
    assert.equal(existsSync(join(CHECKOUT, 'test/guest/written')), false);
  });
  await suite.check(`${kernel}: overlay mounts work`, () => assert.match(answer('overlay'), /overlay/));
  if (existsSync(join(CHECKOUT, ADDON))) {
    await suite.check(`${kernel}: the addon loads`, () => assert.equal(answer('addon'), 'object'));
  }
  await suite.check(`${kernel}: exit status and files come back, the kernel saw no bug`, () => {
    assert.equal(result.code, 7);
    assert.equal(note, 'collected\n');
    assert.deepEqual(result.kernelTrouble, []);
  });
}

async function checkRunner(suite: Suite): Promise<void> {
  await suite.check('a command that outlives its time ends with 124', async () => {
    const result = await runInGuest({ kernel: '6.12', command: 'echo begun; sleep 600', timeoutS: 3 });
    assert.equal(result.code, 124);
    assert.equal(result.stdout, 'begun\n');
  });
  await suite.check('a kernel that dies under a command is reported and the command is not repeated', async () => {
    const result = await runInGuest({
      kernel: '6.12',
      command: 'echo once; echo c > /proc/sysrq-trigger',
      timeoutS: 60,
    });
    assert.equal(result.code, 125);
    assert.equal(result.stdout, 'once\n');
    assert.match(result.kernelTrouble.join('\n'), /Kernel panic/);
  });
  await suite.check('a checkout below /tmp is in the guest too', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'ringfence-checkout-'));
    try {
      for (const part of ['build/test', 'test/guest', 'package.json', 'package-lock.json']) {
        cpSync(join(CHECKOUT, part), join(copy, part), { recursive: true });
      }
      const main = join(copy, 'build/test/guest/main.js');
      const output = await tryCommand([process.execPath, main, '--', 'ls', `${copy}/test/guest/init.sh`], {
        timeoutS: 300,
      });
      assert.equal(output.stdout, `${copy}/test/guest/init.sh\n`, output.stderr);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
}

const suite = new Suite();
try {
  for (const kernel of KERNELS) await checkKernel(suite, kernel);
  await checkRunner(suite);
} catch (error) {
  if (!(error instanceof GuestUnavailable)) throw error;
  suite.skip('guest', `qemu is missing: ${error.message.replaceAll('\n', ' | ')}`);
}
suite.finish();
