// Runs of neighbouring indexes of an array map. A run that was given back must not be given out again before no program
// can be reading it: see sweepEntries.

export interface Run {
  readonly at: number;
  readonly length: number;
}

export class RunPool {
  /** Rising, never touching each other. */
  readonly #free: Run[];

  private constructor(free: readonly Run[]) {
    this.#free = [...free];
  }

  static ofCapacity(capacity: number): RunPool {
    return new RunPool([{ at: 0, length: capacity }]);
  }

  clone(): RunPool {
    return new RunPool(this.#free);
  }

  get free(): number {
    return this.#free.reduce((sum, { length }) => sum + length, 0);
  }

  /** Undefined when no free run is long enough. */
  allocate(length: number): Run | undefined {
    if (length === 0) return { at: 0, length };
    const index = this.#free.findIndex((run) => run.length >= length);
    const found = this.#free[index];
    if (found === undefined) return undefined;
    this.#cut(index, { at: found.at, length });
    return { at: found.at, length };
  }

  /** Takes one certain run; false when some of it is taken already. */
  claim(run: Run): boolean {
    if (run.length === 0) return true;
    const index = this.#free.findIndex((free) => free.at <= run.at && run.at + run.length <= free.at + free.length);
    if (index === -1) return false;
    this.#cut(index, run);
    return true;
  }

  release(run: Run): void {
    if (run.length === 0) return;
    const found = this.#free.findIndex((free) => free.at > run.at);
    const index = found === -1 ? this.#free.length : found;
    const before = this.#free[index - 1];
    const after = this.#free[index];
    const joinsBefore = before !== undefined && before.at + before.length === run.at;
    const joinsAfter = after !== undefined && run.at + run.length === after.at;
    const at = joinsBefore ? before.at : run.at;
    const end = joinsAfter ? after.at + after.length : run.at + run.length;
    this.#free.splice(index - (joinsBefore ? 1 : 0), Number(joinsBefore) + Number(joinsAfter), {
      at,
      length: end - at,
    });
  }

  #cut(index: number, run: Run): void {
    const whole = this.#free[index] as Run;
    const left = { at: whole.at, length: run.at - whole.at };
    const right = { at: run.at + run.length, length: whole.at + whole.length - run.at - run.length };
    this.#free.splice(index, 1, ...[left, right].filter(({ length }) => length > 0));
  }
}
