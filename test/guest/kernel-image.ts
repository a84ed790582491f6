// Debian's cloud kernels, kept unpacked and ready to boot.
// Cache folder <suite>-<version>/: vmlinuz, config, busybox, modules/<name>.ko (decompressed), and initramfs where the kernel has its
// virtio drivers as modules (6.1). Made once per version; looked for again when the cached one is older than REFRESH_DAYS.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type AptSession, withApt } from './apt.js';
import { cached, cacheFolder, GuestUnavailable, publish } from './cache.js';
import { runCommand } from './command.js';
import { type CpioEntry, writeCpio } from './cpio.js';

export const KERNELS = ['6.1', '6.12', 'newest'] as const;
export type KernelName = (typeof KERNELS)[number];

export interface KernelImage {
  readonly name: KernelName;
  readonly version: string;
  readonly folder: string;
  readonly vmlinuz: string;
  readonly initramfs: string | undefined;
}

const SUITES: Record<KernelName, { suite: string; version: RegExp }> = {
  '6.1': { suite: 'bookworm', version: /^linux-image-(6\.1\..+)-cloud-amd64$/ },
  '6.12': { suite: 'bookworm-backports', version: /^linux-image-(6\.12\..+)-cloud-amd64$/ },
  newest: { suite: 'sid', version: /^linux-image-(\d+\..+)-cloud-amd64$/ },
};

const REFRESH_DAYS = 14;
const DAY_MS = 24 * 60 * 60 * 1000;

// In the order they have to be inserted; what is built into a kernel is simply absent.
const ROOT_MODULES = [
  'virtio',
  'virtio_ring',
  'virtio_pci_modern_dev',
  'virtio_pci_legacy_dev',
  'virtio_pci',
  'fuse',
  'virtiofs',
];
const KEPT_MODULES = [
  'overlay',
  'loop',
  'failover',
  'net_failover',
  'virtio_net',
  'veth',
  'llc',
  'stp',
  'bridge',
  'br_netfilter',
  'dummy',
];

const INITRAMFS_INIT = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs devtmpfs /dev
for module in ${ROOT_MODULES.join(' ')}; do
  if [ -f /modules/$module.ko ]; then /bin/busybox insmod /modules/$module.ko; fi
done
/bin/busybox mount -t virtiofs -o ro hostroot /newroot
program=$(/bin/busybox sed -n 's/.*rf_init=\\([^ ]*\\).*/\\1/p' /proc/cmdline)
exec /bin/busybox switch_root /newroot "$program"
`;

function describe(name: KernelName, folderName: string): KernelImage {
  const folder = join(cacheFolder(), folderName);
  const initramfs = join(folder, 'initramfs');
  return {
    name,
    version: folderName.slice(SUITES[name].suite.length + 1),
    folder,
    vmlinuz: join(folder, 'vmlinuz'),
    initramfs: existsSync(initramfs) ? initramfs : undefined,
  };
}

// `bookworm-6.1...` must not match `bookworm-backports-6.12...`: a version begins with a digit.
function cachedImages(name: KernelName): string[] {
  const prefix = `${SUITES[name].suite}-`;
  return cached(prefix).filter((folder) => /^\d/.test(folder.slice(prefix.length)));
}

function findFile(folder: string, wanted: RegExp): string | undefined {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const found = entries.find((entry) => wanted.test(entry));
  return found === undefined ? undefined : join(folder, found);
}

async function keepModule(unpacked: string, into: string, name: string): Promise<void> {
  const file = findFile(unpacked, new RegExp(`/${name}\\.ko(\\.xz)?$`));
  if (file === undefined) return;
  const kept = join(into, `${name}.ko`);
  if (file.endsWith('.xz')) {
    await runCommand(['sh', '-c', 'exec "$1" unxz -c "$2" > "$3"', 'unxz', join(into, '..', 'busybox'), file, kept]);
  } else {
    copyFileSync(file, kept);
  }
}

function buildInitramfs(folder: string): void {
  const read = (name: string): Uint8Array => readFileSync(join(folder, name));
  const entries: CpioEntry[] = ['bin', 'dev', 'proc', 'newroot', 'modules'].map((path) => ({ path }));
  entries.push(
    { path: 'bin/busybox', content: read('busybox') },
    { path: 'init', content: Buffer.from(INITRAMFS_INIT) },
  );
  for (const module of readdirSync(join(folder, 'modules'))) {
    if (ROOT_MODULES.includes(basename(module, '.ko')))
      entries.push({ path: `modules/${module}`, content: read(`modules/${module}`) });
  }
  writeFileSync(join(folder, 'initramfs'), writeCpio(entries));
}

function takeFile(unpacked: string, wanted: RegExp, to: string): void {
  const found = findFile(unpacked, wanted);
  if (found === undefined) throw new GuestUnavailable(`the kernel package holds no file like ${wanted.source}`);
  copyFileSync(found, to);
}

async function fill(session: AptSession, version: string, folder: string): Promise<void> {
  const unpacked = mkdtempSync(join(tmpdir(), 'ringfence-kernel-'));
  try {
    // Newer Debian kernels split the image: the boot image, the modules and the configuration have their own packages.
    const parts = [
      `linux-image-${version}-cloud-amd64`,
      ...['binary', 'modules', 'base'].map((part) => `linux-${part}-${version}-cloud-amd64`),
    ];
    const offered = new Set(await session.names('linux-'));
    const wanted = parts.filter((part) => offered.has(part));
    await session.unpack([...wanted, 'busybox-static'], unpacked);
    takeFile(unpacked, /(^|\/)vmlinuz[^/]*$/, join(folder, 'vmlinuz'));
    takeFile(unpacked, /(^|\/)config(-[^/]*)?$/, join(folder, 'config'));
    takeFile(unpacked, /(^|\/)bin\/busybox$/, join(folder, 'busybox'));
    mkdirSync(join(folder, 'modules'));
    for (const name of [...ROOT_MODULES, ...KEPT_MODULES]) await keepModule(unpacked, join(folder, 'modules'), name);
    if (existsSync(join(folder, 'modules', 'virtiofs.ko'))) buildInitramfs(folder);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

async function fetchNewest(name: KernelName, have: readonly string[]): Promise<string> {
  const { suite, version: pattern } = SUITES[name];
  // busybox-static is not rebuilt in backports, so the release itself is always there too.
  const suites = suite === 'sid' ? [suite] : [...new Set(['bookworm', suite])];
  return await withApt({ suites, countInstalled: false }, async (session) => {
    const byVersion = new Intl.Collator('en', { numeric: true });
    const versions = (await session.names('linux-image-')).flatMap((offered) => pattern.exec(offered)?.[1] ?? []);
    const version = versions
      .filter((offered) => !offered.includes('rc'))
      .sort((a, b) => byVersion.compare(a, b))
      .at(-1);
    if (version === undefined) throw new GuestUnavailable(`suite ${suite} offers no cloud kernel ${name}`);
    const folderName = `${suite}-${version}`;
    if (!have.includes(folderName)) await publish(folderName, (folder) => fill(session, version, folder));
    return folderName;
  });
}

/** The kernel to boot: from the cache while it is fresh, else the newest of its suite; a stale one serves when the mirror does not answer. */
export async function kernelImage(name: KernelName): Promise<KernelImage> {
  const have = cachedImages(name);
  const newest = have.at(-1);
  if (newest !== undefined && Date.now() - statSync(join(cacheFolder(), newest)).mtimeMs < REFRESH_DAYS * DAY_MS)
    return describe(name, newest);
  try {
    return describe(name, await fetchNewest(name, have));
  } catch (error) {
    if (newest !== undefined) return describe(name, newest);
    const reason = error instanceof Error ? error.message : String(error);
    throw new GuestUnavailable(`no ${name} kernel: ${reason}`);
  }
}
