import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blocksOf, linksOf, readPages, ROOT } from './pages.js';

const pages = readPages();
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** Heading -> the anchor that a reader's browser makes of it. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(pages)('$path', (page) => {
  it('links only to what exists', () => {
    const broken = linksOf(page).filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = join(ROOT, dirname(page.path), path);
      if (!existsSync(file)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const named = [...page.text.matchAll(/`npm (?:run )?(start|test|[a-z]+(?::[a-z]+)?)\b/g)].map(
      (match) => match[1] ?? '',
    );
    expect(named.filter((name) => !['ci', 'run'].includes(name) && !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it('has JSON that is JSON', () => {
    for (const block of blocksOf(page).filter(({ language }) => language === 'json')) {
      expect(() => JSON.parse(block.text) as unknown, `${block.page}:${block.line}`).not.toThrow();
    }
  });

  it('names only files of the project that exist', () => {
    const named = [
      ...page.text.matchAll(/`((?:bpf|native|operator|tools|test|config|crds|docs|examples)\/[\w./-]+\.\w+)`/g),
    ];
    const missing = named.map((match) => match[1] ?? '').filter((path) => !existsSync(join(ROOT, path)));
    expect(missing).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  it('explains every npm script', () => {
    const text = pages.find(({ path }) => path === 'CONTRIBUTING.md')?.text ?? '';
    const explained = Object.keys(scripts).filter((name) => new RegExp(`\`npm (?:run )?${name}\``).test(text));
    expect(explained).toEqual(Object.keys(scripts));
  });
});

describe('decision records', () => {
  const records = pages.filter(({ path }) => path.startsWith('docs/adr/'));
  it.each(records)('$path has status, context, decision, alternatives and consequences', ({ text }) => {
    expect(text).toMatch(/^# \d{4}: /);
    expect(text).toMatch(/^- Status: (?:accepted|superseded)/m);
    for (const part of ['Context', 'Decision', 'Alternatives', 'Consequences']) expect(text).toMatch(`\n## ${part}\n`);
  });
  it('are numbered without gaps or doubles', () => {
    const numbers = records.map(({ path }) => Number(path.slice('docs/adr/'.length, 'docs/adr/0000'.length)));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });
});
