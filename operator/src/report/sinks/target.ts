// Where event lines end up. A target writes whole buffers in order; what it cannot write it says by throwing.

import { write as writeFd } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface Target {
  append(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

const writeSome = promisify(writeFd);
const BUSY_WAIT_MS = 20;

/** An open descriptor, such as standard output. Writes on the thread pool, so that a reader that stalls holds up nobody. */
export class DescriptorTarget implements Target {
  constructor(readonly fd: number) {}

  async append(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) rest = rest.subarray(await this.#write(rest));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #write(bytes: Uint8Array): Promise<number> {
    try {
      const { bytesWritten } = await writeSome(this.fd, bytes, 0, bytes.length, null);
      return bytesWritten;
    } catch (error) {
      if (!isBusy(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, BUSY_WAIT_MS));
      return 0;
    }
  }
}

function isBusy(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EAGAIN';
}

export interface RotationOptions {
  readonly path: string;
  /** A file that would grow beyond this is renamed to PATH.1 first. */
  readonly bytesMax: number;
  /** Older files kept: PATH.1 to PATH.keep. */
  readonly keep: number;
}

/** A file that is rotated by size. A line is never split over two files. */
export class RotatedFile implements Target {
  readonly #options: RotationOptions;
  #handle: FileHandle | undefined;
  #size = 0;
  #torn = false;

  constructor(options: RotationOptions) {
    this.#options = options;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#reopenIfMoved();
    if (this.#size > 0 && this.#size + bytes.length > this.#options.bytesMax) await this.#rotate();
    this.#handle ??= await this.#open();
    if (this.#torn) await this.#write(this.#handle, Uint8Array.of(0x0a));
    await this.#write(this.#handle, bytes);
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** A full disk may take part of a line; the next line must not be joined to it. */
  async #write(handle: FileHandle, bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      const { bytesWritten } = await handle.write(rest);
      this.#size += bytesWritten;
      rest = rest.subarray(bytesWritten);
      this.#torn = rest.length > 0;
    }
  }

  async #open(): Promise<FileHandle> {
    const handle = await open(this.#options.path, 'a', 0o600);
    this.#size = (await handle.stat()).size;
    return handle;
  }

  /** Somebody else may rotate or remove the file. */
  async #reopenIfMoved(): Promise<void> {
    if (this.#handle === undefined) return;
    const [mine, theirs] = await Promise.all([this.#handle.stat(), stat(this.#options.path).catch(() => undefined)]);
    if (theirs?.ino !== mine.ino || theirs.dev !== mine.dev) await this.close();
  }

  async #rotate(): Promise<void> {
    const { path, keep } = this.#options;
    await this.close();
    await rm(`${path}.${keep}`, { force: true });
    for (let index = keep - 1; index >= 1; index -= 1) await moveIfThere(`${path}.${index}`, `${path}.${index + 1}`);
    await (keep > 0 ? moveIfThere(path, `${path}.1`) : rm(path, { force: true }));
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  });
}
