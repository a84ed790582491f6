// Whether the kernel may take the CPU from a program of the engine at any of its instructions. Before Linux 6.2 another task that
// comes to the same hook on that CPU is then let pass: the kernel leaves a program out that is under way already.

export interface PreemptionTexts {
  /** /proc/version. */
  readonly version: string;
  /** The scheduler's own word, with the model in force in brackets: none voluntary (full). */
  readonly model: string | undefined;
  /** /proc/cmdline. */
  readonly commandLine: string;
}

/** A kernel that can change its model and does not say which is in force has the one that it was started with, or a milder one. */
export function isFullyPreemptible({ version, model, commandLine }: PreemptionTexts): boolean {
  if (/ PREEMPT(_RT)? /.test(version)) return true;
  if (!version.includes(' PREEMPT_DYNAMIC ')) return false;
  const inForce = /\((\w+)\)/.exec(model ?? '')?.[1] ?? /(?:^| )preempt=(\w+)/.exec(commandLine)?.[1];
  return inForce === 'full';
}
