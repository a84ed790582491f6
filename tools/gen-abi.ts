// Regenerates everything that follows from bpf/abi.h: codecs, layout hash header, reference page.
//   node build/tools/gen-abi.js           write the files
//   node build/tools/gen-abi.js --check   write nothing; fail when a file differs from what would be written
//   node build/tools/gen-abi.js --golden  also accept the layout as the golden one (a deliberate change of the contract)

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emitHeader, emitReference, emitTypeScript } from './abi-emit.js';
import { buildAbiModel, layoutText, missingTypes } from './abi-model.js';
import type { AbiModel } from './abi-model.js';
import { elfSection, readBtf } from './btf.js';

export const ABI_SOURCE = 'bpf/abi.bpf.c';
export const ABI_OBJECT = 'build/bpf/abi.bpf.o';

export const GOLDEN_LAYOUT = 'test/golden/abi-layout.txt';

/** Compiles the contract and returns its checked model. */
export function readContract(root: string): AbiModel {
  const object = join(root, ABI_OBJECT);
  mkdirSync(dirname(object), { recursive: true });
  execFileSync(
    'clang',
    ['-target', 'bpf', '-g', '-O2', '-Wall', '-Wextra', '-Werror', '-c', join(root, ABI_SOURCE), '-o', object],
    {
      stdio: 'inherit',
    },
  );
  const model = buildAbiModel(readBtf(elfSection(readFileSync(object), '.BTF')));
  const missing = missingTypes(model, readFileSync(join(root, 'bpf/abi.h'), 'utf8'));
  if (missing.length > 0) throw new Error(`${ABI_SOURCE} has no variable of: ${missing.join(', ')}`);
  return model;
}

/** Path below the root -> content. */
export function generatedFiles(model: AbiModel): ReadonlyMap<string, string> {
  return new Map([
    ['operator/src/abi/abi.gen.ts', emitTypeScript(model)],
    ['bpf/layout.gen.h', emitHeader(model)],
    ['docs/reference/abi.md', emitReference(model)],
  ]);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function main(options: readonly string[]): number {
  const root = process.cwd();
  const model = readContract(root);
  const files = [...generatedFiles(model)];
  if (options.includes('--golden')) files.push([GOLDEN_LAYOUT, layoutText(model)]);
  const stale = files.filter(([path, content]) => readOrEmpty(join(root, path)) !== content);
  if (options.includes('--check')) return reportStale(stale.map(([path]) => path));
  for (const [path, content] of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
    process.stdout.write(`wrote ${path}\n`);
  }
  return 0;
}

function reportStale(paths: readonly string[]): number {
  for (const path of paths) process.stderr.write(`${path} differs from bpf/abi.h; run npm run gen\n`);
  return paths.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
