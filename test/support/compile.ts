// Small static C programs for tests: static, so that they run alike on the machine and in every guest, and depend on no library's opens.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CHECKOUT } from './checkout.js';

const FLAGS = ['-D_GNU_SOURCE', '-static', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread'];

function sourcesOf(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => join(path, name));
}

/** Compiles test/<source> (a C file, or a folder of them) to build/test/<output> when it is older than its sources. */
export function compileProgram(source: string, output: string): string {
  const sources = sourcesOf(join(CHECKOUT, 'test', source));
  const program = join(CHECKOUT, 'build', 'test', output);
  const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
  if (existsSync(program) && statSync(program).mtimeMs > newest) return program;
  mkdirSync(dirname(program), { recursive: true });
  const argv = [...FLAGS, '-o', program, ...sources.filter((file) => file.endsWith('.c'))];
  const compiled = spawnSync('gcc', argv, { encoding: 'utf8', timeout: 120_000 });
  if (compiled.status !== 0) throw new Error(`gcc failed for test/${source}: ${compiled.stderr}`);
  return program;
}

/** The program that does one operation and reports it; test/try/main.c describes its command line. */
export function compileTry(): string {
  return compileProgram('try', 'kernel/try');
}
