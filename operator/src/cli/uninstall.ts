// ringfence uninstall: everything of ours out of the kernel, and off the disk where asked.

import { uninstallEngine } from '../control/offline.js';
import { EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

export interface UninstallOptions {
  readonly output: 'text' | 'json';
  readonly runDir: string;
  readonly state?: string;
}

export function uninstallVerb(terminal: Terminal, { output, runDir, state }: UninstallOptions): number {
  const { removed, left } = uninstallEngine(runDir, state);
  if (output === 'json') terminal.json({ removed, left });
  else if (removed.length + left.length === 0) terminal.line(`nothing of Ringfence below ${runDir}`);
  else
    terminal.lines([`removed ${removed.length} pins, mounts, files and folders`, ...left.map((one) => `left ${one}`)]);
  return left.length === 0 ? EXIT.ok : EXIT.fault;
}
