import { describe, expect, it } from 'vitest';
import { renderTable } from './table.js';

describe('renderTable', () => {
  it('aligns columns by what is shown, colours and short rows included', () => {
    expect(
      renderTable(
        ['NAME', 'STATE', 'N'],
        [
          ['a', '\x1b[32mok\x1b[0m', '1'],
          ['longer', 'x'],
        ],
      ),
    ).toEqual(['NAME    STATE  N', 'a       \x1b[32mok\x1b[0m     1', 'longer  x']);
  });
});
