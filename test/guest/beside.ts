// Several guests beside each other, as many as there are slots (test/guest/run.ts).
import { emulatorFor } from './qemu.js';
import { KERNELS, kernelImage, type KernelName } from './kernel-image.js';
import { GUESTS_AT_A_TIME, type GuestResult } from './run.js';

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
  const waiting = kernels.toReversed();
  const results: KernelResult[] = [];
  const takeNext = async (): Promise<void> => {
    for (let kernel = waiting.shift(); kernel !== undefined; kernel = waiting.shift()) {
      results.push({ kernel, result: await run(kernel) });
    }
  };
  const workers = Array.from({ length: GUESTS_AT_A_TIME }, takeNext);
  for (const worker of await Promise.allSettled(workers)) {
    if (worker.status === 'rejected') throw worker.reason as Error;
  }
  return kernels.flatMap((kernel) => results.filter((one) => one.kernel === kernel));
}
