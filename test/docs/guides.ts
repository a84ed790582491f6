// A guide as a sequence of steps: files that it shows (YAML blocks whose first line is `# FILE`), commands, and what they print (a text
// block right after them).
import { blocksOf, type Block, type Page } from './pages.js';

export interface Command {
  readonly words: readonly string[];
  readonly line: number;
  /** Exit status that the guide announces by `# status N`; 0 where it says nothing. */
  readonly status: number;
  /** Part of a pipe: its input is not there when it is tried by itself. */
  readonly isPiped: boolean;
}

export type Step =
  | { readonly kind: 'file'; readonly line: number; readonly path: string; readonly text: string }
  | {
      readonly kind: 'commands';
      readonly line: number;
      readonly commands: readonly Command[];
      readonly output?: string;
    };

const STATUS = /# status (\d+)\s*$/;

function commandsOf({ line, text }: Block): Command[] {
  return text.split('\n').flatMap((whole, index) => {
    const status = Number(STATUS.exec(whole)?.[1] ?? 0);
    const parts = whole.replace(/\s+#.*$/, '').split(' | ');
    return parts
      .map((part) => part.trim().split(/\s+/))
      .filter(([first]) => first !== '')
      .map((words) => ({ words, line: line + 1 + index, status, isPiped: parts.length > 1 }));
  });
}

function stepOf(block: Block, next: Block | undefined): Step[] {
  const { line, language, text } = block;
  if (language === 'sh') {
    const output = next?.language === 'text' ? { output: next.text } : {};
    return [{ kind: 'commands', line, commands: commandsOf(block), ...output }];
  }
  if (language !== 'yaml') return [];
  const [, path] = /^# (\S+\.yaml)\n/.exec(text) ?? [];
  if (path === undefined) throw new Error(`${block.page}:${line}: the first line of the file does not name it`);
  return [{ kind: 'file', line, path, text }];
}

export function stepsOf(page: Page): readonly Step[] {
  const blocks = blocksOf(page);
  return blocks.flatMap((block, index) => stepOf(block, blocks[index + 1]));
}
