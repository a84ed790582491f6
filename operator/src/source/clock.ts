// Time as the loops see it, so that tests can hold it still.

export interface Clock {
  /** Wall clock, ms. */
  now(): number;
  /** Calls `then` once after `delayMs`; the timer does not keep the process alive. Returns what cancels it. */
  after(delayMs: number, then: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, then) {
    const timer = setTimeout(then, delayMs);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
