// Labels of a node that no cluster knows: what the kubelet would give it.

import { arch } from 'node:os';
import type { Labels } from '../workload/select.js';

/** Node's names of processors -> those of the label, which are Go's. */
const ARCH: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

export function labelsOfMachine(node: string): Labels {
  return {
    'kubernetes.io/hostname': node,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': ARCH[arch()] ?? arch(),
  };
}
