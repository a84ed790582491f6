// Exit codes of every verb (docs/reference/cli.md).

export const EXIT = {
  ok: 0,
  /** The answer is no: policies with errors, an assertion of the demonstration that did not hold. */
  negative: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Something about the system failed; the fault's code stands on standard error. */
  fault: 3,
  /** No agent answers on the socket. */
  noAgent: 4,
} as const;
