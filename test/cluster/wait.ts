import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  readonly timeoutS: number;
  readonly everyMs?: number;
  /** Asked for when the time is up: what was there instead. */
  readonly found?: () => string | Promise<string>;
}

/** Polls until the answer is neither false nor undefined. */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | false | undefined> | T | false | undefined,
  { timeoutS, everyMs = 200, found = () => '' }: WaitOptions,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutS * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer;
    if (performance.now() > deadlineMs)
      throw new Error(`waited ${timeoutS.toString()} s for ${what}; found: ${await found()}`);
    await sleep(everyMs);
  }
}

export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
