// What the guides show is what happens: their files are written, their commands run where they need no agent and no cluster, and what is
// printed is compared. Of all other commands verbs, options and resources must exist. The GitOps guide is run against a real API server
// as a whole (test/cluster).
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Command as Verb } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildProgram } from '../../operator/src/cli/program.js';
import { stepsOf, type Command, type Step } from './guides.js';
import { readPages, ROOT } from './pages.js';

const guides = readPages().filter(({ path }) => path.startsWith('docs/guides/'));
const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: { ringfence: string } };
const verbs = buildProgram(() => undefined).commands;
const OFFLINE = ['validate', 'explain'];
const PROGRAMS = ['ringfence', 'kubectl', 'cp'];
const KUBERNETES = ['namespace', 'policyreports'];

const top = mkdtempSync(join(tmpdir(), 'rf-guides-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

interface Names {
  readonly plural: string;
  readonly singular?: string;
  readonly shortNames?: readonly string[];
}

/** Everything that kubectl may call our kinds. */
function resourceNames(): string[] {
  const files = readdirSync(join(ROOT, 'crds')).filter((name) => name.startsWith('ringfence.io_'));
  return files.flatMap((name) => {
    const { spec } = parse(readFileSync(join(ROOT, 'crds', name), 'utf8')) as { spec: { names: Names } };
    const { plural, singular, shortNames = [] } = spec.names;
    return [plural, ...(singular === undefined ? [] : [singular]), ...shortNames];
  });
}

/** Words without assignments before the program. */
function program({ words }: Command): readonly string[] {
  return words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word)));
}

function isOffline(command: Command): boolean {
  const [name = '', verb = ''] = program(command);
  return name === 'ringfence' && OFFLINE.includes(verb) && !command.isPiped;
}

function run(command: Command, folder: string): string {
  const argv = [join(ROOT, bin.ringfence), ...program(command).slice(1)];
  const ran = spawnSync(process.execPath, argv, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  expect(ran.status, `${ran.stdout}${ran.stderr}`).toBe(command.status);
  return `${ran.stderr}${ran.stdout}`;
}

function checkVerb(words: readonly string[]): void {
  const [, name = '', ...rest] = words;
  const verb: Verb | undefined = verbs.find((one) => one.name() === name);
  expect(verb, `ringfence ${name}`).toBeDefined();
  const known = verb?.options.flatMap(({ long, short }) => [long, short]) ?? [];
  expect(rest.filter((word) => word.startsWith('-') && word !== '-' && !known.includes(word))).toEqual([]);
}

function checkResource(words: readonly string[]): void {
  const [, verb = '', what = ''] = words;
  if (['apply', 'wait'].includes(verb)) return;
  expect(['get', 'describe', 'annotate', 'create', 'delete']).toContain(verb);
  expect([...resourceNames(), ...KUBERNETES]).toContain(what);
}

function checkForm(command: Command): void {
  const words = program(command);
  expect(PROGRAMS).toContain(words[0]);
  if (words[0] === 'ringfence') checkVerb(words);
  if (words[0] === 'kubectl') checkResource(words);
}

function follow(step: Step, folder: string): void {
  if (step.kind === 'file') {
    mkdirSync(join(folder, dirname(step.path)), { recursive: true });
    writeFileSync(join(folder, step.path), step.text);
    return;
  }
  for (const command of step.commands) checkForm(command);
  const printed = step.commands.filter(isOffline).map((command) => run(command, folder));
  if (step.output !== undefined) expect(printed.join('')).toBe(step.output);
}

describe('guides', () => {
  it('are there', () => {
    expect(guides.length).toBeGreaterThanOrEqual(3);
  });
});

describe.each(guides)('$path', (page) => {
  const folder = join(top, page.path);
  mkdirSync(folder, { recursive: true });
  // One after the other: a step finds what those before it left.
  it.each(stepsOf(page))('line $line: $kind', (step) => follow(step, folder));
});
