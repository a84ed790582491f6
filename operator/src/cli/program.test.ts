import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildProgram } from './program.js';

const page = readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8');
const verbs = buildProgram(() => undefined).commands;

describe('docs/reference/cli.md', () => {
  it.each(verbs.map((verb) => [verb.name(), verb] as const))('documents %s and all its options', (name, verb) => {
    expect(page).toMatch(new RegExp(`^## .*\\b${name}\\b`, 'm'));
    const missing = verb.options.filter(({ long }) => !page.includes(long ?? '')).map(({ flags }) => flags);
    expect(missing).toEqual([]);
  });

  it('documents no option that does not exist', () => {
    const known = new Set(verbs.flatMap(({ options }) => options.map(({ long }) => long)));
    const named = [...page.matchAll(/`[^`]*?(--[a-z][a-z-]+)/g)].map((match) => match[1]);
    expect(named.filter((option) => !known.has(option))).toEqual([]);
  });
});
