// containerd, runc and the CNI plug-ins, from Debian's packages unpacked into the cache; nothing is installed on the machine.
import { join } from 'node:path';
import { withApt } from '../../guest/apt.js';
import { cachedFolder } from '../cache.js';

const SUITE = 'bookworm';
const PACKAGES = ['containerd', 'runc', 'containernetworking-plugins'];

/** Files of a node that are not Kubernetes'. Paths on this machine. */
export interface NodePackages {
  readonly programs: readonly string[];
  readonly plugins: readonly string[];
}

export async function nodePackages(): Promise<NodePackages> {
  const folder = await cachedFolder(`node-${SUITE}`, async (into) => {
    await withApt({ suites: [SUITE], countInstalled: false }, (session) => session.unpack(PACKAGES, into));
  });
  const below = (path: string, names: readonly string[]): string[] => names.map((name) => join(folder, path, name));
  return {
    programs: [...below('usr/bin', ['containerd', 'containerd-shim-runc-v2', 'ctr']), ...below('usr/sbin', ['runc'])],
    plugins: below('usr/lib/cni', ['bridge', 'host-local', 'loopback']),
  };
}
