// The known name that a misspelt one was probably meant to be.

/** Number of insertions, deletions, substitutions and swaps of neighbours between two words. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= a.length; row += 1) {
    rows.push([row]);
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const edits = [at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + (same ? 0 : 1)];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) edits.push(at(row - 2, column - 2) + 1);
      rows[row]?.push(Math.min(...edits));
    }
  }
  return at(a.length, b.length);
}

const WORD_MAX = 64;

/** Words that begin alike may differ more in their ends: binary, binaries. */
const STEM = 4;

function isClose(word: string, name: string, edits: number): boolean {
  const longer = Math.max(word.length, name.length);
  const sameStem = word.slice(0, STEM) === name.slice(0, STEM) && word.length >= STEM;
  return edits <= Math.max(1, Math.floor(longer / (sameStem ? 2 : 3)));
}

export function suggest(word: string, names: readonly string[]): string | undefined {
  if (word.length > WORD_MAX) return undefined;
  const lower = word.toLowerCase();
  const ranked = names
    .map((name) => ({ name, edits: distance(lower, name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best && isClose(lower, best.name.toLowerCase(), best.edits) ? best.name : undefined;
}
