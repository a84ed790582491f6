// A bounded queue of lines before a target. A target that is slow or full never holds up the agent: what does not fit is
// dropped and counted, and so is what could not be written.

import { SourceFault } from '../../errors.js';
import type { Target } from './target.js';

const QUEUE_BYTES_MAX = 8 * 1024 * 1024;
/** One write takes several turns of the event loop, which are long in a flood. */
const BATCH_BYTES_MAX = 4 * 1024 * 1024;

export interface LineSinkOptions {
  readonly target: Target;
  /** Name of the target in faults. */
  readonly name: string;
  /** Told when writing begins to fail; and with undefined when it works again. */
  readonly onFault: (fault: SourceFault | undefined) => void;
  readonly queueBytesMax?: number;
}

export interface SinkCounts {
  readonly written: number;
  /** The queue was full. */
  readonly dropped: number;
  /** The target refused. */
  readonly failed: number;
}

export class LineSink {
  readonly #options: LineSinkOptions;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #pump: Promise<void> | undefined;
  #failing = false;
  #written = 0;
  #dropped = 0;
  #failed = 0;

  constructor(options: LineSinkOptions) {
    this.#options = options;
  }

  counts(): SinkCounts {
    return { written: this.#written, dropped: this.#dropped, failed: this.#failed };
  }

  /** @returns false where the line was dropped */
  write(line: string): boolean {
    const bytes = Buffer.from(`${line}\n`);
    if (this.#queuedBytes + bytes.length > (this.#options.queueBytesMax ?? QUEUE_BYTES_MAX)) {
      this.#dropped += 1;
      return false;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#pump ??= this.#run();
    return true;
  }

  /** Waits until everything accepted so far is written or counted as failed. */
  async flush(): Promise<void> {
    while (this.#pump !== undefined) await this.#pump;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#options.target.close();
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#writeBatch(this.#takeBatch());
    this.#pump = undefined;
  }

  #takeBatch(): Buffer[] {
    let bytes = 0;
    let count = 0;
    for (const line of this.#queue) {
      if (count > 0 && bytes + line.length > BATCH_BYTES_MAX) break;
      bytes += line.length;
      count += 1;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  async #writeBatch(lines: readonly Buffer[]): Promise<void> {
    try {
      await this.#options.target.append(Buffer.concat(lines));
      this.#written += lines.length;
      this.#report(undefined);
    } catch (error) {
      this.#failed += lines.length;
      this.#report(error);
    }
  }

  /** Only changes are told: a full disk is one fault, not one for each line. */
  #report(error: unknown): void {
    const failing = error !== undefined;
    if (failing === this.#failing) return;
    this.#failing = failing;
    this.#options.onFault(failing ? sinkFault(this.#options.name, error) : undefined);
  }
}

function sinkFault(name: string, error: unknown): SourceFault {
  const errno = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EUNKNOWN';
  return new SourceFault('SOURCE_SINK_UNWRITABLE', 'write events', { object: name, errno, cause: error });
}
