import { describe, expect, it } from 'vitest';
import type { Issue } from '../errors.js';
import type { Policy, PolicyFile } from '../policy/types.js';
import { splitFile } from './documents.js';
import type { SourceDocument } from './documents.js';
import { mergeDocuments } from './merge.js';
import type { GoodObject, Merged } from './merge.js';
import { Registry, emptyRegistry } from './registry.js';

function manifest(name: string, more = ''): string {
  return `kind: RuntimePolicy\nmetadata: {name: ${name}}\n${more}`;
}

/** A parser of its own: documents that contain BAD are rejected. */
function parse(file: string, text: string): SourceDocument[] {
  const lines = text.split('\n');
  const starts = lines.flatMap((line, index) => (index === 0 || line.startsWith('---') ? [index] : []));
  const parsed: { policies: Policy[]; issues: Issue[] } = { policies: [], issues: [] };
  starts.forEach((start, index) => {
    const slice = lines.slice(start, starts[index + 1]).join('\n');
    const line = start + 2;
    if (slice.includes('BAD')) parsed.issues.push(issue(file, line));
    else parsed.policies.push({ spec: { text: slice }, source: { file, line, column: 1 } } as unknown as Policy);
  });
  return splitFile(file, text, { ...parsed, workloads: [] } satisfies PolicyFile);
}

function issue(file: string, line: number): Issue {
  return { code: 'INVALID_VALUE', level: 'error', file, line, column: 1, path: '', expected: '', got: '', hint: '' };
}

class Folder {
  readonly #registry = new Registry(emptyRegistry());
  #good = new Map<string, GoodObject>();

  merge(files: Readonly<Record<string, string>>, doubtful: readonly string[] = []): Merged {
    const merged = mergeDocuments({
      documents: Object.entries(files).flatMap(([file, text]) => parse(file, text)),
      doubtfulFiles: new Set(doubtful),
      previous: this.#good,
      generation: (uid, hash) => this.#registry.generation(uid, hash),
    });
    this.#good = new Map([...merged.objects.values()].flatMap(({ good }) => (good ? [[good.uid, good]] : [])));
    return merged;
  }
}

/** name: observed generation/generation in force, and ! for issues. */
function summary(merged: Merged): Record<string, string> {
  const entries = [...merged.objects.values()].map((object): [string, string] => {
    const mark = object.issues.length > 0 ? '!'.repeat(object.issues.length) : '';
    return [object.name, `${object.observedGeneration}/${object.good?.generation ?? '-'}${mark}`];
  });
  return Object.fromEntries(entries);
}

describe('mergeDocuments', () => {
  it('rejects one bad document alone and keeps its last good version', () => {
    const folder = new Folder();
    folder.merge({ 'f.yaml': `${manifest('a')}---\n${manifest('b')}` });
    expect(summary(folder.merge({ 'f.yaml': `${manifest('a', 'x: 1\n')}---\n${manifest('b', 'BAD\n')}` }))).toEqual({
      a: '2/2',
      b: '2/1!',
    });
  });

  it('rejects an object written twice in both places and keeps the last good version', () => {
    const folder = new Folder();
    folder.merge({ 'f.yaml': manifest('a') });
    const merged = folder.merge({ 'f.yaml': manifest('a'), 'g.yaml': manifest('a') });
    expect(summary(merged)).toEqual({ a: '2/1!!' });
    expect([...merged.objects.values()][0]?.issues.map((one) => `${one.code} ${one.file}`)).toEqual([
      'DUPLICATE_OBJECT f.yaml',
      'DUPLICATE_OBJECT g.yaml',
    ]);
  });

  it('removes what is no longer written anywhere', () => {
    const folder = new Folder();
    folder.merge({ 'f.yaml': manifest('a'), 'g.yaml': manifest('b') });
    expect(summary(folder.merge({ 'f.yaml': manifest('a') }))).toEqual({ a: '1/1' });
  });

  it('keeps what came from a file that cannot be read or no longer says what it holds', () => {
    const folder = new Folder();
    folder.merge({ 'f.yaml': manifest('a'), 'g.yaml': manifest('b') });
    expect(summary(folder.merge({ 'g.yaml': 'BAD' }, ['f.yaml']))).toEqual({ a: '1/1', b: '1/1' });
  });

  it('does not take a comment for a new generation', () => {
    const folder = new Folder();
    const good = (text: string): SourceDocument[] =>
      splitFile('f', text, {
        policies: [{ spec: { mode: 'Enforce' }, source: { file: 'f', line: 1, column: 1 } } as unknown as Policy],
        workloads: [],
        issues: [],
      });
    const registry = new Registry(emptyRegistry());
    const generations = [manifest('a'), `# note\n${manifest('a')}`].map((text) => {
      const merged = mergeDocuments({
        documents: good(text),
        doubtfulFiles: new Set(),
        previous: new Map(),
        generation: (uid, hash) => registry.generation(uid, hash),
      });
      return [...merged.objects.values()][0]?.observedGeneration;
    });
    expect(generations).toEqual([1, 1]);
    expect(summary(folder.merge({}))).toEqual({});
  });
});

describe('splitFile', () => {
  it('names each document, with the default namespace, and leaves empty ones out', () => {
    const text = `# only a comment\n---\n${manifest('a')}---\n# nothing\n---\nkind: ClusterRuntimePolicy\nmetadata: {name: c}\n...\n`;
    const documents = splitFile('f', text, { policies: [], workloads: [], issues: [] });
    expect(documents.map((one) => [one.line, one.identity?.kind, one.identity?.namespace])).toEqual([
      [2, 'RuntimePolicy', 'default'],
      [7, 'ClusterRuntimePolicy', ''],
    ]);
  });

  it('names no object where the text is not a mapping with a name', () => {
    const names = ['[', 'kind: RuntimePolicy', 'kind: {a: b}\nmetadata: {name: x}', 'a: &a [*a]'].map(
      (text) => splitFile('f', text, { policies: [], workloads: [], issues: [] })[0]?.identity,
    );
    expect(names).toEqual([undefined, undefined, undefined, undefined]);
  });
});
