// ringfence mount: the BPF file system of the run folder, for pods whose agent may not mount.

import { mountRunDir } from '../control/offline.js';
import { EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

export function mountVerb(terminal: Terminal, runDir: string): number {
  terminal.line(mountRunDir(runDir) ? `mounted ${runDir}/bpf` : `${runDir}/bpf is mounted`);
  return EXIT.ok;
}
