// Runs one command in a freshly booted guest: Debian kernel, the machine's own root file system read-only, the checkout in it, PID 1 ours.
import { spawn, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHECKOUT } from '../support/checkout.js';
import { cacheFolder, GuestUnavailable } from './cache.js';
import { quote } from './command.js';
import { kernelImage, type KernelImage, type KernelName } from './kernel-image.js';
import { emulatorFor, type Emulator } from './qemu.js';

export interface GuestOptions {
  readonly kernel: KernelName;
  /** An argument vector, or the text of a shell script. Runs as root in the checkout. */
  readonly command: readonly string[] | string;
  /** Counted from the moment the guest is up. */
  readonly timeoutS?: number;
  readonly memoryMb?: number;
  /** One guest nanosecond = one guest instruction; for counting, slower. */
  readonly icount?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Extra words for the kernel command line. */
  readonly kernelWords?: readonly string[];
  /** Kernel modules to insert, by name, in order; those built in are skipped. */
  readonly modules?: readonly string[];
  readonly onOutput?: (text: string) => void;
  /** QEMU arguments of a network card; without them the guest has only its loopback. */
  readonly network?: readonly string[];
  /** Called before each boot: what it leaves in the run's folder is in the guest's /run/job from the first moment. */
  readonly prepare?: (folder: string) => void;
  /** Ends the guest as a power cut would. */
  readonly powerCut?: AbortSignal;
  /** Called before the run's folder is removed; the guest sees that folder, read-write, as /run/job. */
  readonly collect?: (folder: string) => void;
}

export interface GuestResult {
  /** Exit status of the command; 124 when the time was up. */
  readonly code: number;
  readonly stdout: string;
  /** Wall time from the start of QEMU to the first line of the command. */
  readonly bootSeconds: number;
  readonly wallSeconds: number;
  readonly kernelVersion: string;
  /** Console lines that tell of a kernel bug: oops, warning, panic. */
  readonly kernelTrouble: readonly string[];
}

export { CHECKOUT };

const BOOT_LIMIT_S = 120;
const BOOT_TRIES = 3;
const POLL_MS = 100;
const TROUBLE = /BUG:|Oops|Kernel panic|WARNING: CPU|general protection|double fault/;

interface Attempt {
  readonly up: boolean;
  readonly result: GuestResult;
  readonly console: string;
}

class FileTail {
  text = '';
  private position = 0;
  private readonly decoder = new TextDecoder();

  constructor(
    private readonly path: string,
    private readonly onText: (text: string) => void = () => undefined,
  ) {}

  poll(): void {
    if (!existsSync(this.path)) return;
    const file = openSync(this.path, 'r');
    try {
      const part = Buffer.alloc(64 * 1024);
      for (
        let read = readSync(file, part, 0, part.length, this.position);
        read > 0;
        read = readSync(file, part, 0, part.length, this.position)
      ) {
        this.position += read;
        const text = this.decoder.decode(part.subarray(0, read), { stream: true });
        this.text += text;
        this.onText(text);
      }
    } finally {
      closeSync(file);
    }
  }
}

function prepareShare(run: string, image: KernelImage, options: GuestOptions): void {
  const share = join(run, 'share');
  mkdirSync(join(share, 'modules'), { recursive: true });
  const command =
    typeof options.command === 'string' ? options.command : `exec ${options.command.map(quote).join(' ')}\n`;
  writeFileSync(join(share, 'command.sh'), command);
  const variables = Object.entries(options.env ?? {}).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  writeFileSync(join(share, 'environment.sh'), variables.join(''));
  copyFileSync(join(image.folder, 'busybox'), join(share, 'busybox'));
  const modules = options.modules ?? ['overlay', 'loop'];
  modules.forEach((name, index) => {
    const from = join(image.folder, 'modules', `${name}.ko`);
    // The index keeps the order of insertion for the guest's glob.
    if (existsSync(from)) copyFileSync(from, join(share, 'modules', `${index.toString().padStart(2, '0')}-${name}.ko`));
  });
  options.prepare?.(share);
}

function qemuArguments(run: string, image: KernelImage, emulator: Emulator, options: GuestOptions): string[] {
  const memory = `${(options.memoryMb ?? 1024).toString()}M`;
  const init = join(CHECKOUT, 'test', 'guest', 'init.sh');
  const words = [
    'console=ttyS0',
    'quiet',
    'panic=-1',
    'root=hostroot',
    'rootfstype=virtiofs',
    'ro',
    'lsm=landlock,lockdown,yama,bpf',
    `rf_init=${init}`,
  ];
  if (image.initramfs === undefined) words.push(`init=${init}`);
  const counted = options.icount === true;
  return [
    emulator.qemu,
    ...emulator.dataFolders.flatMap((folder) => ['-L', folder]),
    ...[
      '-accel',
      `tcg,thread=${counted ? 'single' : 'multi'}`,
      '-M',
      'q35',
      '-cpu',
      emulator.cpu,
      '-smp',
      '1',
      '-m',
      memory,
    ],
    ...(counted ? ['-icount', 'shift=0,sleep=off'] : []),
    ...['-object', `memory-backend-memfd,id=mem,size=${memory},share=on`, '-numa', 'node,memdev=mem'],
    ...['-chardev', `socket,id=root,path=${run}/root.sock`, '-device', 'vhost-user-fs-pci,chardev=root,tag=hostroot'],
    ...['-chardev', `socket,id=share,path=${run}/share.sock`, '-device', 'vhost-user-fs-pci,chardev=share,tag=share'],
    ...(options.network ?? []),
    ...['-display', 'none', '-nodefaults', '-no-reboot', '-serial', `file:${run}/serial.log`, '-kernel', image.vmlinuz],
    ...(image.initramfs === undefined ? [] : ['-initrd', image.initramfs]),
    ...['-append', [...words, ...(options.kernelWords ?? [])].join(' ')],
  ];
}

/** As many guests at a time as the machine has processors: each has one. */
export const GUESTS_AT_A_TIME = availableParallelism();

/** Takes the first free slot. Its lock is held as long as the processes live. */
const IN_SLOT = `
take() {
  while :; do
    for slot in $(seq "$slots"); do
      exec 9>"$lock.$slot"
      flock -n 9 && return
    done
    sleep 0.2
  done
}
lock=$1 slots=$2
shift 2 && take
exec setpriv --pdeathsig KILL unshare -m -p -f --kill-child sh "$@"
`;

function start(run: string, emulator: Emulator, qemu: readonly string[]): ChildProcess {
  const host = [join(CHECKOUT, 'test', 'guest', 'host.sh'), run, CHECKOUT, emulator.virtiofsd, ...qemu];
  const lock = join(cacheFolder(), 'guest.lock');
  const env = emulator.libraryPath === '' ? process.env : { ...process.env, LD_LIBRARY_PATH: emulator.libraryPath };
  return spawn('sh', ['-c', IN_SLOT, 'guest', lock, String(GUESTS_AT_A_TIME), ...host], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

interface Progress {
  readonly output: FileTail;
  readonly serial: FileTail;
  readonly complaints: () => string;
  startedMs: number | undefined;
  upMs: number | undefined;
  timedOut: boolean;
}

function watch(child: ChildProcess, progress: Progress, timeoutS: number): void {
  progress.serial.poll();
  progress.output.poll();
  const nowMs = performance.now();
  if (progress.upMs === undefined && progress.serial.text.includes('GUEST-UP')) progress.upMs = nowMs;
  const bootOver =
    progress.upMs === undefined && progress.startedMs !== undefined && nowMs - progress.startedMs > BOOT_LIMIT_S * 1000;
  const timeOver = progress.upMs !== undefined && nowMs - progress.upMs > timeoutS * 1000;
  if (bootOver || timeOver) {
    progress.timedOut = true;
    child.kill('SIGKILL');
  }
}

async function boot(run: string, image: KernelImage, emulator: Emulator, options: GuestOptions): Promise<Attempt> {
  prepareShare(run, image, options);
  const child = start(run, emulator, qemuArguments(run, image, emulator, options));
  let complaints = '';
  child.stderr?.on('data', (part: Buffer) => (complaints += part.toString()));
  const progress: Progress = {
    output: new FileTail(join(run, 'share', 'out'), options.onOutput),
    serial: new FileTail(join(run, 'serial.log')),
    complaints: () => complaints,
    startedMs: undefined,
    upMs: undefined,
    timedOut: false,
  };
  child.stdout?.once('data', () => (progress.startedMs = performance.now()));
  const cut = (): boolean => child.kill('SIGKILL');
  options.powerCut?.addEventListener('abort', cut);
  const timer = setInterval(() => {
    watch(child, progress, options.timeoutS ?? 300);
  }, POLL_MS);
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      resolve();
    });
  }).finally(() => {
    clearInterval(timer);
    options.powerCut?.removeEventListener('abort', cut);
  });
  progress.serial.poll();
  progress.output.poll();
  return summarise(run, image, progress);
}

function exitStatus(run: string, timedOut: boolean): number {
  const file = join(run, 'share', 'rc');
  if (existsSync(file)) return Number.parseInt(readFileSync(file, 'utf8'), 10);
  return timedOut ? 124 : 125;
}

function summarise(run: string, image: KernelImage, progress: Progress): Attempt {
  const startedMs = progress.startedMs ?? performance.now();
  const console = progress.serial.text.replaceAll('\r', '');
  return {
    up: progress.upMs !== undefined || console.includes('GUEST-UP'),
    console: `${progress.complaints()}${console}`,
    result: {
      code: exitStatus(run, progress.timedOut),
      stdout: progress.output.text,
      bootSeconds: ((progress.upMs ?? performance.now()) - startedMs) / 1000,
      wallSeconds: (performance.now() - startedMs) / 1000,
      kernelVersion: image.version,
      kernelTrouble: console.split('\n').filter((line) => TROUBLE.test(line)),
    },
  };
}

async function attempt(image: KernelImage, emulator: Emulator, options: GuestOptions): Promise<Attempt> {
  const run = mkdtempSync(join(tmpdir(), 'ringfence-guest-'));
  try {
    const outcome = await boot(run, image, emulator, options);
    options.collect?.(join(run, 'share'));
    return outcome;
  } finally {
    rmSync(run, { recursive: true, force: true });
  }
}

/** Boots, runs, powers off. Tries again only when the guest never came up: a command that ran is never run twice. */
export async function runInGuest(options: GuestOptions): Promise<GuestResult> {
  if (/\s/.test(CHECKOUT))
    throw new GuestUnavailable(
      `the checkout's path has white space, which a kernel command line cannot carry: ${CHECKOUT}`,
    );
  const image = await kernelImage(options.kernel);
  const emulator = await emulatorFor(options.kernel);
  let console = '';
  for (let tries = 0; tries < BOOT_TRIES; tries++) {
    const outcome = await attempt(image, emulator, options);
    if (outcome.up || options.powerCut?.aborted === true) return outcome.result;
    console = outcome.console;
  }
  const end = console.trim().split('\n').slice(-12).join('\n');
  throw new GuestUnavailable(
    `the ${options.kernel} guest did not come up in ${BOOT_TRIES.toString()} tries; its console ended with:\n${end}`,
  );
}
