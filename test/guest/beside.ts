// Several guests beside each other, as many as there are slots (test/guest/run.ts).
import { emulatorFor } from './qemu.js';
import { KERNELS, kernelImage, type KernelName } from './kernel-image.js';
import type { GuestResult } from './run.js';

export interface KernelResult {
  readonly kernel: KernelName;
  readonly result: GuestResult;
}

/**
 * Runs each kernel's guest; results in the order of KERNELS. What the guests are made of is fetched before. The newest begins: it
 * takes longest, and what waits for a slot then fills the other one.
 */
export async function runBesideEachOther(
  wanted: readonly KernelName[],
  run: (kernel: KernelName) => Promise<GuestResult>,
): Promise<KernelResult[]> {
  const kernels = KERNELS.filter((name) => wanted.includes(name));
  for (const kernel of kernels) {
    await kernelImage(kernel);
    await emulatorFor(kernel);
  }
  const running = kernels.toReversed().map(async (kernel) => ({ kernel, result: await run(kernel) }));
  const results = await Promise.allSettled(running);
  return results.toReversed().map((result) => {
    if (result.status === 'rejected') throw result.reason as Error;
    return result.value;
  });
}
