// Standard output and error as the verbs use them. Colour only where a person looks.

export interface Terminal {
  readonly isPerson: boolean;
  line(text: string): void;
  lines(texts: readonly string[]): void;
  json(value: unknown): void;
  error(text: string): void;
  paint(color: Color, text: string): string;
}

export type Color = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

const CODES: Readonly<Record<Color, number>> = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 };
const ESCAPE = '\u001b[';

/** A reader that has seen enough, as `head` does, ends the output and nothing else. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

export function openTerminal(): Terminal {
  if (!process.stdout.listeners('error').includes(endQuietly)) process.stdout.on('error', endQuietly);
  const isPerson = process.stdout.isTTY;
  const hasColor = isPerson && process.env['NO_COLOR'] === undefined;
  const line = (text: string): void => void process.stdout.write(`${text}\n`);
  return {
    isPerson,
    line,
    lines: (texts) => texts.forEach(line),
    json: (value) => line(JSON.stringify(value, plainJson, isPerson ? 2 : undefined)),
    error: (text) => void process.stderr.write(`${text}\n`),
    paint: (color, text) => (hasColor ? `${ESCAPE}${CODES[color]}m${text}${ESCAPE}0m` : text),
  };
}

/** JSON has no large integers, maps or sets. */
function plainJson(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  return value instanceof Set ? [...(value as Set<unknown>)] : value;
}
