import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.js';
import type { FolderScan } from './folder.js';
import { FolderWatcher } from './watcher.js';

interface Timer {
  readonly dueMs: number;
  readonly then: () => void;
}

/** A clock that stands still until it is moved. */
class HandClock implements Clock {
  #nowMs = 0;
  #timers: Timer[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, then: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, then };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  async move(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#nowMs = next.dueMs;
      this.#timers = this.#timers.filter((other) => other !== next);
      next.then();
      await new Promise(setImmediate);
    }
    this.#nowMs = endMs;
  }
}

function scripted(changes: readonly boolean[]): { scan: () => Promise<FolderScan> } {
  let at = 0;
  return {
    scan: () => {
      const changed = changes[Math.min(at, changes.length - 1)] ?? false;
      at += 1;
      return Promise.resolve({ files: new Map(), faults: [], changed, folders: [] });
    },
  };
}

async function deliveries(changes: readonly boolean[], forMs: number): Promise<number[]> {
  const clock = new HandClock();
  const times: number[] = [];
  const watcher = new FolderWatcher({
    folder: scripted(changes),
    clock,
    onScan: () => times.push(clock.now()),
    onFault: (error) => {
      throw error;
    },
  });
  await watcher.start();
  await clock.move(forMs);
  watcher.stop();
  return times;
}

describe('FolderWatcher', () => {
  it('delivers the first look at once and nothing while nothing changes', async () => {
    expect(await deliveries([true, false], 10_000)).toEqual([0]);
  });

  it('delivers a change when the next look finds the same', async () => {
    expect(await deliveries([true, true, false], 10_000)).toEqual([0, 2025]);
  });

  it('delivers a folder that never rests after half a second', async () => {
    expect(await deliveries([true], 2600)).toEqual([0, 2500]);
  });
});
