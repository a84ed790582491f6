// Debian packages without installing them. A private apt configuration in a temporary folder: the machine's own lists, archives and
// hooks stay untouched. The mirror is the one the machine's apt already uses; only the suite differs.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuestUnavailable } from './cache.js';
import { runCommand, tryCommand } from './command.js';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const DEBIAN_SUITES = /^(bookworm|trixie|forky|duke|sid|oldstable|stable|testing|unstable)$/;

export interface AptSession {
  /** Names of the packages the suites offer, by prefix. */
  names(prefix: string): Promise<string[]>;
  /** Downloads exactly these packages and unpacks them below `into`. */
  unpack(packages: readonly string[], into: string): Promise<void>;
  /** Downloads these packages of `suite` with everything they need and the machine does not have, and unpacks all of it. */
  unpackWithNeeds(packages: readonly string[], suite: string, into: string): Promise<void>;
}

interface SessionOptions {
  readonly suites: readonly string[];
  /** Whether packages installed on the machine count as present when needs are resolved. */
  readonly countInstalled: boolean;
}

async function mirror(): Promise<string> {
  const format = '$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)';
  const argv = ['apt-get', 'indextargets', '--no-release-info', '--format', format, 'Created-By: Packages'];
  const listed = await tryCommand(argv);
  for (const line of listed.stdout.split('\n')) {
    const [uri, release, component] = line.split('\t');
    if (uri !== undefined && component === 'main' && DEBIAN_SUITES.test(release ?? '')) return uri;
  }
  throw new GuestUnavailable(
    "the machine's apt configuration names no Debian mirror with a plain suite (apt-get indextargets)",
  );
}

/** How the machine reaches its mirror: proxies, certificates, validity checks. Hooks and paths are left out. */
async function machineAcquireOptions(): Promise<string> {
  const dump = await runCommand(['apt-config', 'dump']);
  const wanted = /^Acquire::(?!IndexTargets|CompressionTypes|Languages)\S+ "[^"]*";$/;
  return dump
    .split('\n')
    .filter((line) => wanted.test(line))
    .join('\n');
}

async function configure(folder: string, options: SessionOptions): Promise<NodeJS.ProcessEnv> {
  for (const name of ['state/lists/partial', 'cache/archives/partial', 'empty'])
    mkdirSync(join(folder, name), { recursive: true });
  const uri = await mirror();
  const sources = options.suites.map((suite) => `deb [arch=amd64 signed-by=${KEYRING}] ${uri} ${suite} main\n`);
  writeFileSync(join(folder, 'sources.list'), sources.join(''));
  writeFileSync(join(folder, 'status'), '');
  const configuration = [
    await machineAcquireOptions(),
    'Acquire::Languages "none";',
    'Acquire::Retries "2";',
    'APT::Architecture "amd64";',
    'APT::Architectures { "amd64"; };',
    'APT::Sandbox::User "root";',
    'Dir::Etc::Main "/dev/null";',
    `Dir::Etc::Parts "${folder}/empty";`,
    `Dir::Etc::PreferencesParts "${folder}/empty";`,
    'Dir::Etc::Preferences "/dev/null";',
    `Dir::Etc::SourceList "${folder}/sources.list";`,
    'Dir::Etc::SourceParts "/dev/null";',
    `Dir::State "${folder}/state";`,
    `Dir::State::status "${options.countInstalled ? '/var/lib/dpkg/status' : join(folder, 'status')}";`,
    `Dir::Cache "${folder}/cache";`,
    'Dir::Log "/dev/null";',
  ];
  writeFileSync(join(folder, 'apt.conf'), configuration.join('\n') + '\n');
  return { ...process.env, APT_CONFIG: join(folder, 'apt.conf'), LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
}

async function unpackAll(archives: string, into: string): Promise<void> {
  mkdirSync(into, { recursive: true });
  for (const name of readdirSync(archives).filter((entry) => entry.endsWith('.deb'))) {
    await runCommand(['dpkg-deb', '-x', join(archives, name), into], { timeoutS: 300 });
    rmSync(join(archives, name));
  }
}

export async function withApt<T>(options: SessionOptions, use: (session: AptSession) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-apt-'));
  try {
    const env = await configure(folder, options);
    const archives = join(folder, 'cache', 'archives');
    await runCommand(['apt-get', '-q', 'update', '-o', 'APT::Update::Error-Mode=any'], { env, timeoutS: 300 });
    return await use({
      names: async (prefix) =>
        (await runCommand(['apt-cache', 'pkgnames', prefix], { env })).split('\n').filter((name) => name !== ''),
      unpack: async (packages, into) => {
        await runCommand(['apt-get', '-q', 'download', ...packages], { env, cwd: archives, timeoutS: 600 });
        await unpackAll(archives, into);
      },
      unpackWithNeeds: async (packages, suite, into) => {
        const argv = [
          'apt-get',
          '-q',
          '-y',
          '--download-only',
          '--no-install-recommends',
          '-t',
          suite,
          'install',
          ...packages,
        ];
        await runCommand(argv, { env, timeoutS: 600 });
        await unpackAll(archives, into);
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
