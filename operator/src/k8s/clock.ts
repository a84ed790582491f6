// Time and chance, passed in so that tests can do without waiting.
export interface Clock {
  /** Milliseconds that only go forward; they say nothing about the time of day. */
  now(): number;
  /** Milliseconds since 1970. It may jump. */
  wall(): number;
  /** 0 <= x < 1. */
  random(): number;
  /** Calls back once; the result takes it back. Keeps the process alive: while the server is away nothing else may. */
  after(ms: number, work: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  random: () => Math.random(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

/** Ends early, without an error, when the signal aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Time of the API's MicroTime fields: six digits after the second. */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/Z$/, '000Z');
}
