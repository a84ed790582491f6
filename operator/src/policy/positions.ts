// Where each value of a document stands in its file: path in the object -> offsets of its key and of itself.
import type { LineCounter } from 'yaml';
import type { Position } from './types.js';

/** `spec.rules[0].name`; keys that are no identifiers stand in brackets: `metadata.labels["a/b"]`. */
export function childPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!/^[A-Za-z_$][A-Za-z0-9_$-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

export class Positions {
  private readonly values = new Map<string, number>();
  private readonly keys = new Map<string, number>();

  constructor(private readonly lines: LineCounter) {}

  note(path: string, valueOffset: number, keyOffset?: number): void {
    this.values.set(path, valueOffset);
    if (keyOffset !== undefined) this.keys.set(path, keyOffset);
  }

  /** Whether the value stands in the file. */
  has(path: string): boolean {
    return this.values.has(path);
  }

  offsetPosition(offset: number): Position {
    const { line, col } = this.lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  valueAt(path: string): Position {
    return this.offsetPosition(this.values.get(path) ?? this.values.get('') ?? 0);
  }

  keyAt(path: string): Position {
    const offset = this.keys.get(path);
    return offset === undefined ? this.valueAt(path) : this.offsetPosition(offset);
  }
}
