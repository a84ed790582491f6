// ringfence probe: what this kernel holds, found by trying.

import { classOfHook, hookOfClass } from '../compile/classes.js';
import { CLASS_NAMES } from '../event/names.js';
import { offerOfKernel } from '../control/offline.js';
import type { KernelOffer } from '../control/offline.js';
import type { HookName } from '../compile/ir.js';
import type { BackendName } from '../kernel/index.js';
import type { Backend } from '../report/guarantee.js';
import { renderTable } from '../report/table.js';
import { EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

export interface ProbeOptions {
  readonly json: boolean;
  readonly backend?: BackendName;
}

const HOOKS: readonly HookName[] = CLASS_NAMES.map(hookOfClass);

export function probeVerb(terminal: Terminal, options: ProbeOptions): number {
  const offer = offerOfKernel(options.backend);
  if (options.json) {
    const { report, backend, backends, gaps } = offer;
    terminal.json({ ...report, backend, operations: operationsOf(offer), held: backends.size, gaps });
  } else {
    terminal.lines(probeLines(terminal, offer));
  }
  return EXIT.ok;
}

/** What a Kill and a Block rule come to for each operation. */
function operationsOf({ backends }: KernelOffer) {
  return HOOKS.map((hook) => {
    const backend = backends.get(hook);
    return { operation: hook, class: classOfHook(hook), hook: backend?.hook, ...guaranteesOf(hook, backend) };
  });
}

function guaranteesOf(hook: HookName, backend: Backend | undefined): { kill: string; block: string } {
  if (backend === undefined) return { kill: 'None', block: 'None' };
  const block = backend.denies ? 'Prevent' : 'Observe';
  if (backend.denies || (backend.signals && hook === 'exec')) return { kill: 'Prevent', block };
  return { kill: backend.signals ? 'Terminate' : 'Observe', block };
}

export function probeLines(terminal: Terminal, offer: KernelOffer): string[] {
  const { report, backend } = offer;
  const rows = operationsOf(offer).map(({ class: name, operation, hook, kill, block }) => [
    operation.startsWith('exec') ? 'binaries' : 'paths',
    name,
    hook ?? '-',
    paintOffer(terminal, kill),
    paintOffer(terminal, block),
  ]);
  return [
    `kernel   ${report.release} (${report.arch}), LSMs ${report.lsms.join(',') || 'unknown'}, lockdown ${report.lockdown ?? 'unknown'}`,
    `backend  ${terminal.paint('bold', backend)}, libbpf ${report.libbpf}, cgroup v2 at ${report.cgroup2 ?? '-'}`,
    '',
    ...renderTable(['RULE', 'CLASS', 'HOOK', 'KILL', 'BLOCK'], rows),
    ...refusals(offer),
  ];
}

function paintOffer(terminal: Terminal, offer: string): string {
  if (offer === 'Prevent') return terminal.paint('green', offer);
  return terminal.paint(offer === 'None' ? 'red' : 'yellow', offer);
}

/** Why it is not better. */
function refusals({ report, backend }: KernelOffer): string[] {
  if (backend === 'lsm') return [];
  const refused = report.programs.filter(({ hook, state }) => hook.startsWith('lsm/') && state === 'refused');
  const errnos = [...new Set(refused.map(({ errno }) => errno ?? 'unknown'))].join(', ');
  return refused.length === 0
    ? []
    : ['', `the kernel refuses ${refused.length} LSM programs (${errnos}): nothing can be denied, only killed`];
}
