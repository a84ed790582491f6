// The image of the product, packed from this checkout's build.
import { join } from 'node:path';
import { runCommand } from '../guest/command.js';
import { CHECKOUT } from '../support/checkout.js';

export const PRODUCT_TAR = 'ringfence.tar';

/** Not compressed: the emulated processor of the node unpacks it. */
export async function buildProductImage(path: string): Promise<void> {
  const tool = join(CHECKOUT, 'build/tools/image/main.js');
  await runCommand([process.execPath, tool, '--plain', '--out', path], { timeoutS: 120 });
}
