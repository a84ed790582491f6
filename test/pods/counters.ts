// Counters of containers that are gone, in the kernel's own map.
import assert from 'node:assert/strict';
import { CounterBook, type SavedCounters } from '../../operator/src/control/counter-book.js';
import type { PodBed } from './bed.js';
import { runRuntime } from './container.js';
import type { PodCase } from './policies.js';
import { inContainer } from './setup.js';

function bookOf(bed: PodBed, gone: bigint, disk: SavedCounters[]): CounterBook {
  return new CounterBook({
    maps: bed.kernel,
    bootID: 'this one',
    bootNs: () => bed.kernel.bootTimeNs(),
    saved: disk.at(-1),
    save: (counters) => Promise.resolve(void disk.push(counters)),
    isGone: (workload) => workload === gone,
    idleNs: 0n,
    onTakenOut: () => undefined,
  });
}

/** Violations of all rules that the container's violation was one of. */
function total(book: CounterBook, rules: ReadonlySet<number>): number {
  const counters = book.read().filter(({ rule }) => rules.has(rule));
  return counters.reduce((sum, counter) => sum + Number(counter.total), 0);
}

export const COUNTER_CASES: readonly PodCase[] = [
  {
    name: 'counters of a container that is gone leave the kernel, and what they counted stays, over agents',
    body: (bed) =>
      inContainer(bed, 'secret-audit', async ({ id, folder, root }) => {
        for (let round = 0; round < 3; round += 1)
          await runRuntime({ cgroup: folder, root }, '/bin/try', 'open-read', '/secret');
        await bed.settled();
        const disk: SavedCounters[] = [];
        const book = bookOf(bed, id, disk);
        const own = book.read().filter(({ workload }) => workload === id);
        const rules = new Set(own.map(({ rule }) => rule));
        assert.equal(own.length, 1);
        const before = total(book, rules);
        assert.ok(before >= 3);
        assert.equal(await book.prune(), 1);
        const left = [...bed.kernel.map('counters').entries()].length;
        assert.equal(book.read().filter(({ workload }) => workload === id).length, 0);
        assert.equal(total(book, rules), before);
        assert.equal(total(bookOf(bed, id, disk), rules), before, 'the next agent');
        // tasks that are still the workload's go on being counted
        await runRuntime({ cgroup: folder, root }, '/bin/try', 'open-read', '/secret');
        assert.equal([...bed.kernel.map('counters').entries()].length, left + 1);
        assert.equal(total(book, rules), before + 1);
      }),
  },
];
