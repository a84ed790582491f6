// When this process started, as the kernel counts it: with its number it names one process for as long as the machine runs.

import { readFileSync } from 'node:fs';

/** Boot time in hundredths of a second: field 22 of proc(5) stat, the twentieth after the command in brackets. */
export function readStartCs(): bigint {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return BigInt(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 0);
}
