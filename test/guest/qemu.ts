// Which QEMU and virtiofsd boot the guests. The installed ones serve where they can; otherwise Debian's are unpacked into the cache.
// - QEMU 7.2 emulates CMPXCHG16B wrongly (SLUB panics), so the flag is hidden there. Kernels from 7.x on need it for task storage
//   (updates fail with ENOMEM without it) and therefore QEMU 10.
// - virtiofsd in C left QEMU with 8.0; bookworm's qemu-system-common still has it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { withApt } from './apt.js';
import { cached, cacheFolder, GuestUnavailable, publish } from './cache.js';
import { tryCommand } from './command.js';
import type { KernelName } from './kernel-image.js';

export interface Emulator {
  readonly qemu: string;
  readonly version: string;
  /** Folders of firmware and ROMs, beside QEMU's own defaults. */
  readonly dataFolders: readonly string[];
  readonly virtiofsd: string;
  /** Folders the two programs' libraries come from, beside the machine's. */
  readonly libraryPath: string;
  readonly cpu: string;
}

const CACHE_NAME = 'qemu-bookworm-backports';
const LIBRARIES = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'];
const SYSTEM_VIRTIOFSD = '/usr/lib/qemu/virtiofsd';

async function versionOf(qemu: string, libraryPath: string): Promise<string | undefined> {
  const output = await tryCommand([qemu, '--version'], { env: { ...process.env, LD_LIBRARY_PATH: libraryPath } });
  return output.code === 0 ? /version (\d+\.\d+)/.exec(output.stdout)?.[1] : undefined;
}

function cpuModel(version: string): string {
  return Number.parseInt(version, 10) < 10 ? 'max,-cx16' : 'max';
}

async function installed(minimumMajor: number): Promise<Emulator | undefined> {
  const version = await versionOf('qemu-system-x86_64', '');
  if (version === undefined || Number.parseInt(version, 10) < minimumMajor || !existsSync(SYSTEM_VIRTIOFSD))
    return undefined;
  return {
    qemu: 'qemu-system-x86_64',
    version,
    dataFolders: [],
    virtiofsd: SYSTEM_VIRTIOFSD,
    libraryPath: '',
    cpu: cpuModel(version),
  };
}

async function unpackInto(folder: string): Promise<void> {
  await withApt({ suites: ['bookworm', 'bookworm-backports'], countInstalled: true }, async (session) => {
    const packages = ['qemu-system-x86', 'libcap-ng0', 'libseccomp2', 'libglib2.0-0'];
    await session.unpackWithNeeds(packages, 'bookworm-backports', join(folder, 'qemu'));
  });
  await withApt({ suites: ['bookworm'], countInstalled: false }, async (session) => {
    await session.unpack(['qemu-system-common'], join(folder, 'virtiofsd'));
  });
}

async function fromCache(): Promise<Emulator> {
  if (cached(CACHE_NAME).length === 0) await publish(CACHE_NAME, unpackInto);
  const folder = join(cacheFolder(), CACHE_NAME);
  const root = join(folder, 'qemu');
  const libraryPath = LIBRARIES.map((folder) => join(root, folder)).join(':');
  const qemu = join(root, 'usr/bin/qemu-system-x86_64');
  const version = await versionOf(qemu, libraryPath);
  if (version === undefined)
    throw new GuestUnavailable(`the unpacked QEMU does not start; remove ${folder} and try again`);
  return {
    qemu,
    version,
    dataFolders: ['usr/share/qemu', 'usr/share/seabios', 'usr/lib/ipxe/qemu'].map((folder) => join(root, folder)),
    virtiofsd: join(folder, 'virtiofsd/usr/lib/qemu/virtiofsd'),
    libraryPath,
    cpu: cpuModel(version),
  };
}

export async function emulatorFor(kernel: KernelName): Promise<Emulator> {
  const present = await installed(kernel === 'newest' ? 10 : 7);
  if (present !== undefined) return present;
  try {
    return await fromCache();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GuestUnavailable(`no QEMU: ${reason}`);
  }
}
