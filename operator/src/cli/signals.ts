/**
 * Resolves at the first SIGTERM or SIGINT, and keeps the process alive until then. A second one ends it the hard way,
 * which the kernel does not mind either.
 */
export function waitForSignal(): Promise<string> {
  return new Promise((resolve) => {
    const alive = setInterval(() => undefined, 60_000);
    const end = (signal: string): void => {
      clearInterval(alive);
      process.off('SIGTERM', end).off('SIGINT', end);
      resolve(signal);
    };
    process.on('SIGTERM', end).on('SIGINT', end);
  });
}
