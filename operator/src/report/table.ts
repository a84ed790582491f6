// Tables for people: columns as wide as their widest cell, two spaces between them, no trailing spaces.

export type Row = readonly string[];

/** Lines of a table; `rows` may have fewer cells than `head`. */
export function renderTable(head: Row, rows: readonly Row[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => displayWidth(row[column] ?? ''))));
  return all.map((row) =>
    widths
      .map((width, column) => pad(row[column] ?? '', width))
      .join('  ')
      .trimEnd(),
  );
}

/** Escape sequences take no room. */
function displayWidth(text: string): number {
  // eslint-disable-next-line no-control-regex -- the escape character begins every sequence
  return Array.from(text.replace(/\x1b\[[0-9;]*m/g, '')).length;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}
