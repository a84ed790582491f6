// From the ring buffer to those who want events: file or standard output, followers, the newest in memory. Cgroup events
// go to the index instead. Counting is the kernel's: what is lost here is detail.

import { RfEventKind } from '../abi/abi.gen.js';
import { attributeEvent, attributeStart } from '../event/attribute.js';
import type { AttributionContext } from '../event/attribute.js';
import { decodeBytes } from '../event/bytes.js';
import { decodeEvent } from '../event/decode.js';
import type { ContainerEvent, KernelEvent, PolicyEvent } from '../event/types.js';

export interface EventPipeOptions {
  readonly context: AttributionContext;
  readonly onLine: (line: string) => void;
  readonly onViolation: (event: PolicyEvent) => void;
  /** An entrypoint was held back. */
  readonly onHeld: (event: ContainerEvent) => void;
  readonly onCgroup: (id: bigint, path: string) => void;
  readonly onCgroupGone: (id: bigint) => void;
  /** A process with threads was moved into a workload. */
  readonly onMoved: () => void;
}

export interface PipeCounts {
  readonly violations: number;
  /** Entrypoints of containers that ran, and that were held back. */
  readonly started: number;
  readonly held: number;
  /** Records that could not be read. */
  readonly undecoded: number;
}

export class EventPipe {
  readonly #options: EventPipeOptions;
  #violations = 0;
  #started = 0;
  #held = 0;
  #undecoded = 0;

  constructor(options: EventPipeOptions) {
    this.#options = options;
  }

  counts(): PipeCounts {
    return { violations: this.#violations, started: this.#started, held: this.#held, undecoded: this.#undecoded };
  }

  take(records: readonly Uint8Array[]): void {
    for (const record of records) {
      const event = decodeEvent(record);
      if (event === undefined) this.#undecoded += 1;
      else this.#route(event);
    }
  }

  #violation(event: KernelEvent): void {
    const { onLine, onViolation, context } = this.#options;
    this.#violations += 1;
    const attributed = attributeEvent(event, context);
    onLine(JSON.stringify(attributed));
    onViolation(attributed);
  }

  #entrypoint(event: KernelEvent): void {
    const { onLine, onHeld, context } = this.#options;
    const attributed = attributeStart(event, context);
    onLine(JSON.stringify(attributed));
    if (attributed.kind === 'started') {
      this.#started += 1;
      return;
    }
    this.#held += 1;
    onHeld(attributed);
  }

  #route(event: KernelEvent): void {
    const { onCgroup, onCgroupGone, onMoved } = this.#options;
    switch (event.head.kind) {
      case RfEventKind.EVENT_VIOLATION:
        this.#violation(event);
        return;
      case RfEventKind.EVENT_CGROUP:
        onCgroup(event.head.cgroup, decodeBytes(event.text).text);
        return;
      case RfEventKind.EVENT_CGROUP_GONE:
        onCgroupGone(event.head.cgroup);
        return;
      case RfEventKind.EVENT_MOVED:
        onMoved();
        return;
      case RfEventKind.EVENT_STARTED:
      case RfEventKind.EVENT_HELD:
        this.#entrypoint(event);
        return;
      default:
        this.#undecoded += 1;
    }
  }
}
