// One policy file, read with a bound: a file that grows, a FIFO or a device must not hold up or exhaust the agent.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { SourceFault } from '../errors.js';

/** Bytes of one file at most; the parser refuses longer ones (TOO_LARGE). */
export const FILE_BYTES_MAX = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** Content of a file, cut one byte after the bound so that the parser can see that there is more. */
export async function readBounded(path: string, limit = FILE_BYTES_MAX): Promise<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) {
      throw new SourceFault('SOURCE_UNREADABLE', 'read policy file', {
        object: path,
        hint: 'it is not a regular file',
      });
    }
    const chunks: Uint8Array[] = [];
    let total = 0;
    while (total <= limit) {
      const size = Math.min(CHUNK_BYTES, limit + 1 - total);
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(size), 0, size);
      if (bytesRead === 0) break;
      total += bytesRead;
      chunks.push(buffer.subarray(0, bytesRead));
    }
    return Buffer.concat(chunks);
  } finally {
    await handle.close();
  }
}
