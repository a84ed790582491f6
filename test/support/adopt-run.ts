// A run elsewhere (in a guest, in another process) as results of this suite.
import type { Suite } from './suite.js';

const RESULT = /^(ok|FAILED) (.+)$/;
const CLOSING = /^\d+ passed, \d+ failed, \d+ skipped$/m;

/** Results as checks, everything else as it is. A run that ended before its closing line says nothing of what it did not come to. */
export async function adoptRun(
  suite: Suite,
  kernel: string,
  run: { readonly code: number; readonly stdout: string },
): Promise<void> {
  for (const line of run.stdout.split('\n')) {
    const [, word, rest = ''] = RESULT.exec(line) ?? [];
    if (word === 'ok') await suite.check(`${kernel}: ${rest}`, () => undefined);
    else if (word === 'FAILED') {
      await suite.check(`${kernel}: ${rest}`, () => {
        throw new Error('failed there');
      });
    } else if (line !== '' && !CLOSING.test(line)) process.stdout.write(`${kernel} | ${line}\n`);
  }
  await suite.check(`${kernel}: the run came to its end`, () => {
    if (!CLOSING.test(run.stdout)) throw new Error(`status ${run.code}: ${run.stdout.slice(-2000)}`);
  });
}
