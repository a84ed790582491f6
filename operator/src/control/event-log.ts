// The newest events, for people who ask, and those who listen to them as they come.

export class EventLog {
  readonly #lines: string[] = [];
  readonly #followers = new Set<(line: string) => void>();

  constructor(readonly limit = 1000) {}

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > this.limit * 2) this.#lines.splice(0, this.#lines.length - this.limit);
    for (const follower of this.#followers) follower(line);
  }

  recent(count: number): readonly string[] {
    const shown = Math.min(count, this.limit);
    return shown === 0 ? [] : this.#lines.slice(-shown);
  }

  follow(then: (line: string) => void): () => void {
    this.#followers.add(then);
    return () => {
      this.#followers.delete(then);
    };
  }
}
