import { describe, expect, it } from 'vitest';
import type { Scene, SceneContainer } from './node-scene.js';
import { PredatingBook, readPredating } from './predating.js';

const SECOND = 1_000_000_000n;

function container(id: bigint, selecting: readonly string[], podUid = `pod-${id}`): SceneContainer {
  return { id, path: `/c${id}`, identity: { podUid } as SceneContainer['identity'], selecting };
}

function scene(...containers: SceneContainer[]): Scene {
  return { policies: new Map(), containers };
}

function at(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1000)) * (SECOND / 1000n);
}

function started(...seconds: number[]): Map<bigint, bigint> {
  return new Map(seconds.map((time, index) => [BigInt(index + 1), at(time)]));
}

function bookSince(seconds: number, ...uids: string[]): PredatingBook {
  const book = new PredatingBook(undefined);
  book.inForce(uids, at(seconds));
  return book;
}

describe('PredatingBook', () => {
  it('counts pods with a process that started before the policy', () => {
    const book = bookSince(100, 'p');
    const seen = scene(container(1n, ['p']), container(2n, ['p']), container(3n, ['p'], 'pod-1'));
    book.look(seen, at(100));
    expect(book.count(seen, started(50, 101, 60))).toEqual({ policies: { p: 1 }, pods: 1 });
    expect(book.count(seen, started(50, 90, 60))).toEqual({ policies: { p: 2 }, pods: 2 });
  });

  it('stops when the old processes have ended', () => {
    const book = bookSince(100, 'p');
    const seen = scene(container(1n, ['p']));
    book.look(seen, at(100));
    expect(book.count(seen, started(99)).pods).toBe(1);
    expect(book.count(seen, started(101)).pods).toBe(0);
    expect(book.count(seen, new Map()).pods).toBe(0);
  });

  it('does not count one that may have started at the same time: start times are in hundredths', () => {
    const book = bookSince(100, 'p');
    const seen = scene(container(1n, ['p']));
    book.look(seen, at(100));
    expect(book.count(seen, started(99.995)).pods).toBe(0);
  });

  it('begins anew for a container that a policy selects later than others', () => {
    const book = bookSince(10, 'p');
    book.look(scene(container(1n, [])), at(10));
    book.look(scene(container(1n, ['p'])), at(100));
    const seen = scene(container(1n, ['p']), container(2n, ['p']));
    book.look(seen, at(200));
    expect(book.count(seen, started(50, 50))).toEqual({ policies: { p: 1 }, pods: 1 });
  });

  it('goes on where the agent before it ended, and only in the same boot', () => {
    const before = bookSince(100, 'p');
    const saved = JSON.parse(JSON.stringify(before.saved('boot'))) as Record<string, unknown>;
    const book = new PredatingBook(readPredating(saved, 'boot'));
    expect(book.inForce(['p', 'new'], at(300))).toBe(true);
    const seen = scene(container(1n, ['p', 'new']));
    book.look(seen, at(300));
    expect(book.count(seen, started(200)).policies).toEqual({ new: 1 });
    expect(readPredating(saved, 'another')).toBeUndefined();
    expect(readPredating({ bootID: 'boot', since: { p: 'soon' } }, 'boot')).toBeUndefined();
    expect(readPredating(undefined, 'boot')).toBeUndefined();
  });

  it('forgets policies that are gone, and says when there is something to save', () => {
    const book = bookSince(100, 'p');
    expect(book.inForce(['p'], at(200))).toBe(false);
    expect(book.inForce([], at(200))).toBe(true);
    expect(book.saved('b').since).toEqual({});
  });
});
