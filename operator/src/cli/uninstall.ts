// ringfence uninstall: everything of ours out of the kernel.

import { uninstallEngine } from '../control/offline.js';
import { EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

export function uninstallVerb(terminal: Terminal, runDir: string, json: boolean): number {
  const { removed, left } = uninstallEngine(runDir);
  if (json) terminal.json({ removed, left });
  else if (removed.length + left.length === 0) terminal.line(`nothing of Ringfence below ${runDir}`);
  else terminal.lines([`removed ${removed.length} pins, mounts and folders`, ...left.map((one) => `left ${one}`)]);
  return left.length === 0 ? EXIT.ok : EXIT.fault;
}
