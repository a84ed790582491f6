import { describe, expect, it } from 'vitest';
import { SourceFault } from '../errors.js';
import { silentLog } from '../log.js';
import { FaultBoard } from './fault-board.js';

function unreadable(object: string, errno = 'EIO'): SourceFault {
  return new SourceFault('SOURCE_UNREADABLE', 'read policy file', { object, errno });
}

function messages(board: FaultBoard): string[] {
  return board.list().map(({ message }) => message);
}

describe('FaultBoard', () => {
  it('keeps a fault until it is over, with what to do', () => {
    const board = new FaultBoard(silentLog);
    board.set('state', unreadable('/a'));
    board.set('state', unreadable('/a', 'EACCES'));
    expect(board.list()).toEqual([
      { code: 'SOURCE_UNREADABLE', message: 'read policy file (/a): EACCES', hint: unreadable('/a').hint },
    ]);
    board.set('state', undefined);
    expect(board.list()).toEqual([]);
  });

  it('ends those of a source that it does not name again, and no others', () => {
    const board = new FaultBoard(silentLog);
    board.set('state', unreadable('/state'));
    board.setGroup('policies', [unreadable('/a'), unreadable('/b')]);
    board.setGroup('policies', [unreadable('/b')]);
    expect(messages(board)).toEqual(['read policy file (/state): EIO', 'read policy file (/b): EIO']);
    board.setGroup('policies', []);
    expect(messages(board)).toEqual(['read policy file (/state): EIO']);
  });

  it('holds a bounded number of one source', () => {
    const board = new FaultBoard(silentLog);
    board.setGroup(
      'policies',
      Array.from({ length: 1000 }, (_, index) => unreadable(`/${index}`)),
    );
    expect(board.list()).toHaveLength(20);
  });
});
