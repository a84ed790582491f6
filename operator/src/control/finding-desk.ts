// What the node's pods and processes show of policies: findings, and processes older than the policy that selects them. Looked at
// some time after a change and once a minute, in slices: enforcement never waits for it.

import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../log.js';
import type { NodeFinding } from '../report/objects.gen.js';
import type { Clock } from '../source/clock.js';
import type { PodTable } from '../workload/pod-table.js';
import { processesBelow, programOf, startOf } from '../workload/processes.js';
import type { RunningProgram } from '../workload/processes.js';
import { LinkFinder } from './finding-links.js';
import { findMissingContainers } from './finding-names.js';
import { PairBook } from './finding-pairs.js';
import { findBroken } from './finding-running.js';
import { sceneOf } from './node-scene.js';
import type { Scene, SceneContainer, SceneInput } from './node-scene.js';
import { PredatingBook } from './predating.js';
import type { PredatingCounts, SavedPredating } from './predating.js';

/** After a change: what comes with it has settled by then. */
const SOON_MS = 2000;
/** From one look to the next, where changes go on. */
const AGAIN_MS = 5000;
const EVERY_MS = 60_000;
/** Of the event loop, at once. */
const SLICE_MS = 4;
/** Processes of one container that are looked at. */
const PROCESSES_MAX = 1000;

export interface DeskParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Where the cgroup v2 tree is mounted. */
  readonly mount: string;
  readonly table: PodTable;
  /** As the last plan has it; undefined before there was one. */
  readonly input: () => SceneInput | undefined;
  /** Boot time, ns. */
  readonly bootNs: () => bigint;
  readonly bootID: string;
  readonly saved: SavedPredating | undefined;
  readonly save: (predating: SavedPredating) => void;
  /** Something is other than it was. */
  readonly onChange: () => void;
}

export interface Shown {
  readonly findings: readonly NodeFinding[];
  readonly predating: PredatingCounts;
}

interface Running {
  readonly container: SceneContainer;
  readonly program: RunningProgram;
}

interface Processes {
  readonly running: readonly Running[];
  readonly oldest: ReadonlyMap<bigint, bigint>;
  readonly first: ReadonlyMap<bigint, number>;
}

/** Findings of one policy; the controller shows no more of all nodes together. */
const FINDINGS_MAX = 32;

export class FindingDesk {
  readonly #parts: DeskParts;
  readonly #pairs = new PairBook();
  readonly #links = new LinkFinder();
  readonly #predating: PredatingBook;
  #shown: Shown = { findings: [], predating: { policies: {}, pods: 0 } };
  #plannedNs = 0n;
  #dueMs = Infinity;
  #lookedMs = -Infinity;
  #cancel: (() => void) | undefined;
  #looking = false;
  #again = false;
  #stopped = false;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#predating = new PredatingBook(parts.saved);
  }

  shown(): Shown {
    return this.#shown;
  }

  /** A plan was made, and the kernel holds it. */
  planned(): void {
    const { clock, input, bootNs, bootID, save } = this.#parts;
    this.#plannedNs = bootNs();
    const inForce = input()?.inForce;
    if (inForce === undefined) return;
    if (this.#predating.inForce(inForce.keys(), this.#plannedNs)) save(this.#predating.saved(bootID));
    this.#schedule(Math.max(SOON_MS, this.#lookedMs + AGAIN_MS - clock.now()));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #schedule(delayMs: number): void {
    const { clock, log } = this.#parts;
    if (this.#looking) this.#again = true;
    const dueMs = clock.now() + delayMs;
    if (this.#stopped || this.#looking || this.#dueMs <= dueMs) return;
    this.#cancel?.();
    this.#dueMs = dueMs;
    this.#cancel = clock.after(delayMs, () => {
      this.#dueMs = Infinity;
      this.#run().catch((error: unknown) => log.warn('findings not looked for', { reason: String(error) }));
    });
  }

  async #run(): Promise<void> {
    this.#looking = true;
    try {
      await this.#look();
    } finally {
      this.#looking = false;
      this.#lookedMs = this.#parts.clock.now();
      this.#schedule(this.#again ? AGAIN_MS : EVERY_MS);
      this.#again = false;
    }
  }

  async #look(): Promise<void> {
    const { input, table, onChange } = this.#parts;
    const known = input();
    if (known === undefined) return;
    const scene = sceneOf(known);
    this.#predating.look(scene, this.#plannedNs);
    const processes = await this.#processes(scene);
    const findings = [
      ...findMissingContainers(scene.policies.values(), table),
      ...(await sliced(this.#pairs.compare(scene))),
      ...(await this.#links.find(scene, ({ id }) => processes.first.get(id))),
      ...(await sliced(findBroken(scene, processes.running))),
    ];
    const shown = { findings: fit(findings), predating: this.#predating.count(scene, processes.oldest) };
    if (this.#stopped || JSON.stringify(shown) === JSON.stringify(this.#shown)) return;
    this.#shown = shown;
    onChange();
  }

  async #processes({ containers }: Scene): Promise<Processes> {
    const running: Running[] = [];
    const oldest = new Map<bigint, bigint>();
    const first = new Map<bigint, number>();
    for (const container of containers) {
      const pids = await processesBelow(join(this.#parts.mount, container.path));
      for (const pid of pids.slice(0, PROCESSES_MAX)) {
        const started = await startOf(pid);
        const program = await programOf(pid);
        if (started === undefined || program === undefined) continue;
        running.push({ container, program });
        if (!first.has(container.id)) first.set(container.id, pid);
        if (started <= (oldest.get(container.id) ?? started)) oldest.set(container.id, started);
      }
    }
    return { running, oldest, first };
  }
}

/** What a job comes to, with turns of the event loop in between. */
async function sliced<T>(job: Generator<undefined, T>): Promise<T> {
  let end = performance.now() + SLICE_MS;
  for (;;) {
    const step = job.next();
    if (step.done === true) return step.value;
    if (performance.now() < end) continue;
    await nextTurn();
    end = performance.now() + SLICE_MS;
  }
}

/** In an order that stays the same, and of each policy no more than its status can show. */
function fit(findings: readonly NodeFinding[]): NodeFinding[] {
  const key = ({ uid, code, path, other = '' }: NodeFinding): string => [uid, code, path, other].join(' ');
  const sorted = [...findings].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const counts = new Map<string, number>();
  return sorted.filter(({ uid }) => {
    counts.set(uid, (counts.get(uid) ?? 0) + 1);
    return (counts.get(uid) ?? 0) <= FINDINGS_MAX;
  });
}
