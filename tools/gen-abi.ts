// Regenerates everything that follows from bpf/abi.h: codecs, layout hash header, reference page.
//   node build/tools/gen-abi.js           write the files
//   node build/tools/gen-abi.js --check   write nothing; fail when a file differs from what would be written

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emitHeader, emitReference, emitTypeScript } from './abi-emit.js';
import { buildAbiModel, missingTypes } from './abi-model.js';
import type { AbiModel } from './abi-model.js';
import { elfSection, readBtf } from './btf.js';

export const ABI_SOURCE = 'bpf/abi.bpf.c';
export const ABI_OBJECT = 'build/bpf/abi.bpf.o';

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

function main(check: boolean): number {
  const root = process.cwd();
  const stale: string[] = [];
  for (const [path, content] of generatedFiles(readContract(root))) {
    if (readOrEmpty(join(root, path)) === content) continue;
    stale.push(path);
    if (check) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  for (const path of stale) process.stdout.write(`${check ? 'stale' : 'wrote'} ${path}\n`);
  if (check && stale.length > 0) process.stderr.write('generated files differ from bpf/abi.h; run npm run gen\n');
  return check && stale.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.includes('--check'));
