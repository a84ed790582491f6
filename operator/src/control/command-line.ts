// What the kernel was booted with.

import { readFileSync } from 'node:fs';

export function readCommandLine(): string {
  try {
    return readFileSync('/proc/cmdline', 'utf8');
  } catch {
    return '';
  }
}
