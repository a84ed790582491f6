// The same demonstration in a guest whose kernel takes LSM programs. The guest's tools come with the checkout, not with
// the product: where they are missing there is no guest.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Terminal } from './terminal.js';

const KERNEL = '6.12';
/** An emulated machine is slow, and loading programs is what it is slowest at. */
const TIMEOUT_S = 600;
/** Of the guest's tool: no guest can be had here. */
const EXIT_UNAVAILABLE = 125;

/** @returns 0 when the demonstration held there, or no guest can be had and none was asked for */
export async function runInGuest(terminal: Terminal, isRequired: boolean): Promise<number> {
  const tool = fileURLToPath(new URL('../../../test/guest/main.js', import.meta.url));
  const command = fileURLToPath(new URL('../main-cli.js', import.meta.url));
  if (!existsSync(tool)) return unavailable(terminal, isRequired, 'its tools are not part of this installation');
  terminal.lines(['', terminal.paint('bold', `The same in a guest with Linux ${KERNEL}`)]);
  const demo = [process.execPath, command, 'demo', '--once', '--inside-guest'];
  const args = [tool, '--kernel', KERNEL, '--timeout', String(TIMEOUT_S), '--', ...demo];
  const status = await new Promise<number>((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
  if (status === EXIT_UNAVAILABLE) return unavailable(terminal, isRequired, 'see above');
  return status === 0 ? 0 : 1;
}

function unavailable(terminal: Terminal, isRequired: boolean, reason: string): number {
  terminal.line(terminal.paint('yellow', `no guest can be started: ${reason}`));
  return isRequired ? 1 : 0;
}
