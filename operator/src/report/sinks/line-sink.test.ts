import { mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { openSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LineSink } from './line-sink.js';
import { DescriptorTarget, RotatedFile } from './target.js';
import type { Target } from './target.js';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rf-sink-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A target that waits until it is let go. */
class Gate implements Target {
  readonly lines: string[] = [];
  #open!: () => void;
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });

  open(): void {
    this.#open();
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#opened;
    this.lines.push(...new TextDecoder().decode(bytes).trimEnd().split('\n'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('LineSink', () => {
  it('keeps order, drops what does not fit and counts it', async () => {
    const target = new Gate();
    const sink = new LineSink({ target, name: 'x', onFault: () => undefined, queueBytesMax: 6 });
    const accepted = ['a', 'b', 'c', 'd'].map((line) => sink.write(line));
    target.open();
    await sink.flush();
    expect(accepted).toEqual([true, true, true, false]);
    expect(target.lines).toEqual(['a', 'b', 'c']);
    expect(sink.counts()).toEqual({ written: 3, dropped: 1, failed: 0 });
  });

  it('tells once that the target is full and goes on when it is not', async () => {
    const faults: (string | undefined)[] = [];
    const full = openSync('/dev/full', 'w');
    let target: Target = new DescriptorTarget(full);
    const changing: Target = { append: (bytes) => target.append(bytes), close: () => target.close() };
    const sink = new LineSink({ target: changing, name: 'x', onFault: (fault) => faults.push(fault?.errno) });
    sink.write('a');
    await sink.flush();
    sink.write('b');
    await sink.flush();
    target = new RotatedFile({ path: join(folder, 'e'), bytesMax: 100, keep: 1 });
    sink.write('c');
    await sink.close();
    closeSync(full);
    expect(faults).toEqual(['ENOSPC', undefined]);
    expect(sink.counts()).toEqual({ written: 1, dropped: 0, failed: 2 });
    expect(await readFile(join(folder, 'e'), 'utf8')).toBe('c\n');
  });
});

describe('RotatedFile', () => {
  it('keeps the newest files and never splits a line', async () => {
    const path = join(folder, 'e');
    const file = new RotatedFile({ path, bytesMax: 10, keep: 2 });
    for (const line of ['one-1\n', 'two-2\n', 'three\n', 'four4\n']) await file.append(Buffer.from(line));
    await file.close();
    expect((await readdir(folder)).sort()).toEqual(['e', 'e.1', 'e.2']);
    const texts = await Promise.all([path, `${path}.1`, `${path}.2`].map((name) => readFile(name, 'utf8')));
    expect(texts).toEqual(['four4\n', 'three\n', 'two-2\n']);
  });

  it('goes on in a new file when somebody moved the old one away', async () => {
    const path = join(folder, 'e');
    const file = new RotatedFile({ path, bytesMax: 1000, keep: 1 });
    await file.append(Buffer.from('a\n'));
    await rename(path, `${path}.moved`);
    await file.append(Buffer.from('b\n'));
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('b\n');
  });
});
