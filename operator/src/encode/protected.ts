// Cgroups that Host selection treats in a way of its own. Patterns for them stand in the cgroup ruleset beside those of
// the policies, so that the combination of a new cgroup tells them apart.

import type { PatternIR } from '../compile/ir.js';

/** Units without which nobody could repair a node. `name@.service` stands for its instances. */
export const PROTECTED_UNITS: readonly string[] = [
  'kubelet.service',
  'containerd.service',
  'crio.service',
  'docker.service',
  'systemd-udevd.service',
  'systemd-journald.service',
  'systemd-logind.service',
  'ssh.service',
  'ssh@.service',
  'sshd.service',
  'sshd@.service',
  'getty@.service',
  'serial-getty@.service',
];

function subtree(...names: readonly string[]): PatternIR {
  const components = names.map((literal) => ({ literal }));
  return { floating: false, components, subtree: true, text: `/${names.join('/')}/**` };
}

/** Login sessions, which only a pattern that names them selects, and pods, which Host never includes. */
export const RESERVED_CGROUPS: readonly PatternIR[] = [
  subtree('user.slice'),
  subtree('kubepods.slice'),
  subtree('kubepods'),
];

/** The cgroup of a unit of the system manager; instances share a slice, in whose name systemd escapes each dash. */
export function unitPattern(unit: string): PatternIR {
  const at = unit.indexOf('@');
  if (at === -1) return subtree('system.slice', unit);
  const template = unit.slice(0, at).replaceAll('-', '\\x2d');
  return subtree('system.slice', `system-${template}.slice`);
}
