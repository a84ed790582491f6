// The lint rules that hold the import arrows of ARCHITECTURE.md: each must fire on a snippet that breaks it.
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { beforeAll, describe, expect, it } from 'vitest';

let eslint: ESLint;

beforeAll(() => {
  // Snippets belong to no TypeScript project, so rules that need types are off; the arrows need none.
  eslint = new ESLint({ overrideConfig: [{ files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked }] });
});

/** Messages about `line`, a module's first line, standing in `file`. */
async function complaints(file: string, line: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${line}\n`, { filePath: `operator/src/${file}` });
  return (result?.messages ?? []).map(({ ruleId, message }) => `${ruleId ?? 'parser'}: ${message}`);
}

const importOf = (module: string): string => `import * as it from '${module}';\nexport const kept = it`;
const typesOf = (module: string): string => `import type * as it from '${module}';\nexport type Kept = typeof it`;

const PURE = ['policy/parse.ts', 'compile/compile.ts', 'encode/encode.ts', 'event/decode.ts', 'abi/codec.ts'];
const ALSO_PURE = ['workload/select.ts', 'report/render.ts'];
const EFFECTS = [
  'kernel/ring.ts',
  'source/folder.ts',
  'control/loop.ts',
  'workload/cgroups.ts',
  'report/sinks/file.ts',
];

describe('pure rooms', () => {
  for (const file of [...PURE, ...ALSO_PURE]) {
    for (const module of [
      '../kernel/engine.js',
      '../k8s/client.js',
      '../control/agent.js',
      'node:fs',
      'fs',
      '../log.js',
    ]) {
      it(`${file} must not import ${module}`, async () => {
        expect(await complaints(file, importOf(module))).toContainEqual(
          expect.stringMatching(/^@typescript-eslint\/no-restricted-imports: /),
        );
      });
    }
    it(`${file} may import the errors leaf`, async () => {
      expect(await complaints(file, importOf('../errors.js'))).toEqual([]);
    });
    it(`${file} has no clock, no chance and no process`, async () => {
      for (const effect of ['Date.now()', 'Math.random()', 'process.pid', 'setTimeout(String, 1)']) {
        expect(await complaints(file, `export const kept = ${effect};`)).toHaveLength(1);
      }
    });
  }
});

describe('arrows between rooms', () => {
  const forbidden = [
    ['policy/parse.ts', '../compile/ir.js'],
    ['compile/compile.ts', '../encode/encode.js'],
    ['compile/evaluate.ts', '../encode/hash.js'],
    ['compile/compile.ts', '../abi/abi.gen.js'],
    ['encode/encode.ts', '../policy/types.js'],
    ['abi/codec.ts', '../encode/hash.js'],
    ['event/attribute.ts', '../workload/index.js'],
    ['report/render.ts', '../event/decode.js'],
    ['report/sinks/file.ts', '../../kernel/ring.js'],
    ['kernel/store.ts', '../k8s/client.js'],
    ['kernel/store.ts', '../control/agent.js'],
    ['k8s/watch.ts', '../kernel/store.js'],
    ['k8s/watch.ts', '../source/folder.js'],
    ['control/agent.ts', '../k8s/cluster.js'],
    ['control/agent.ts', '../k8s/lease.js'],
    ['k8s/index.ts', './cluster.js'],
    ['k8s/watch.ts', './operator-types.js'],
    ['source/folder.ts', '../kernel/store.js'],
    ['source/folder.ts', '../control/agent.js'],
    ['cli/run.ts', '../kernel/store.js'],
    ['cli/run.ts', '../k8s/client.js'],
    ['errors.ts', './policy/parse.js'],
    ['log.ts', './control/agent.js'],
    ['errors/issues.ts', '../policy/parse.js'],
  ];
  for (const [file = '', module = ''] of forbidden) {
    it(`${file} must not import ${module}`, async () => {
      expect(await complaints(file, importOf(module))).toHaveLength(1);
    });
  }

  const allowed = [
    ['compile/compile.ts', '../policy/types.js'],
    ['encode/encode.ts', '../compile/ir.js'],
    ['encode/encode.ts', '../abi/abi.gen.js'],
    ['event/decode.ts', '../abi/abi.gen.js'],
    ['workload/select.ts', '../compile/ir.js'],
    ['kernel/store.ts', '../abi/abi.gen.js'],
    ['kernel/store.ts', 'node:fs'],
    ['kernel/store.ts', '../log.js'],
    ['control/agent.ts', '../kernel/store.js'],
    ['control/agent.ts', '../k8s/index.js'],
    ['k8s/cluster.ts', './config.js'],
    ['k8s/watch.ts', './lease.js'],
    ['cli/run.ts', '../control/agent.js'],
    ['report/sinks/file.ts', 'node:fs'],
    ['report/sinks/file.ts', '../render.js'],
  ];
  for (const [file = '', module = ''] of allowed) {
    it(`${file} may import ${module}`, async () => {
      expect(await complaints(file, importOf(module))).toEqual([]);
    });
  }

  it('attribute and report may import types of the rooms before them', async () => {
    expect(await complaints('event/attribute.ts', typesOf('../workload/index.js'))).toEqual([]);
    expect(await complaints('report/render.ts', typesOf('../event/types.js'))).toEqual([]);
  });
});

describe('single importers', () => {
  const native = [
    importOf('../../../native/addon.js'),
    importOf('../../../build/Release/ringfence.node'),
    importOf('node-gyp-build'),
  ];
  const loading = ['export const kept = process.dlopen;', "export const kept = createRequire('x');"];
  for (const file of [
    ...PURE,
    ...EFFECTS.filter((name) => !name.startsWith('kernel/')),
    'cli/run.ts',
    'k8s/watch.ts',
    'log.ts',
  ]) {
    it(`${file} must not load the addon`, async () => {
      for (const line of [...native, ...loading]) expect(await complaints(file, line)).not.toEqual([]);
    });
  }
  it('kernel may load the addon', async () => {
    for (const line of loading) expect((await complaints('kernel/addon.ts', line)).join()).not.toMatch(/importer/);
  });
  for (const file of [...PURE, ...EFFECTS, 'cli/run.ts']) {
    it(`${file} must not import the Kubernetes client`, async () => {
      expect(await complaints(file, importOf('@kubernetes/client-node'))).toHaveLength(1);
    });
  }
  for (const file of [...PURE, 'kernel/ring.ts', 'control/loop.ts', 'cli/run.ts', 'main-cli.ts', 'log.ts']) {
    it(`${file} must not load the Kubernetes client, or what loads it, at run time`, async () => {
      for (const module of ['@kubernetes/client-node', '@dot-i/k8s-operator', '../k8s/cluster.js']) {
        expect((await complaints(file, `export const kept = import('${module}');`)).join()).toMatch(/only importer/);
      }
    });
  }
  it('k8s loads the client in three files, and when a cluster is connected to', async () => {
    for (const module of ['@kubernetes/client-node', '@dot-i/k8s-operator']) {
      for (const file of ['cluster', 'config', 'operator-types']) {
        expect(await complaints(`k8s/${file}.ts`, importOf(module))).toEqual([]);
      }
      expect(await complaints('k8s/watch.ts', importOf(module))).toHaveLength(1);
      expect(await complaints('k8s/index.ts', importOf(module))).toHaveLength(1);
      expect(await complaints('k8s/watch.ts', typesOf(module))).toEqual([]);
    }
    expect(await complaints('k8s/index.ts', typesOf('./cluster.js'))).toEqual([]);
    expect(await complaints('k8s/index.ts', "export const kept = import('./cluster.js');")).toEqual([]);
  });
  for (const file of [...PURE, ...EFFECTS, 'k8s/watch.ts', 'cli/run.ts']) {
    it(`${file} must not import tools or tests`, async () => {
      const up = file.startsWith('report/sinks/') ? '../../../../' : '../../../';
      for (const folder of ['tools', 'test']) {
        expect(await complaints(file, importOf(`${up}${folder}/x.js`))).toHaveLength(1);
      }
    });
  }
});

describe('limits', () => {
  it('a promise that nothing waits for is an error', async () => {
    const config = (await new ESLint().calculateConfigForFile('operator/src/control/agent.ts')) as {
      rules: Record<string, readonly unknown[]>;
    };
    const ERROR = 2;
    expect(config.rules['@typescript-eslint/no-floating-promises']?.[0]).toBe(ERROR);
  });
  it('a function of five parameters is an error', async () => {
    const [message] = await complaints(
      'control/agent.ts',
      'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1) => [a, b, c, d, e];',
    );
    expect(message).toMatch(/^max-params: /);
  });
  it('nesting deeper than three is an error', async () => {
    const body = 'export function f(a: boolean): void { if (a) { if (!a) { while (a) { for (;;) { f(a); } } } } }';
    expect((await complaints('control/agent.ts', body)).join()).toMatch(/max-depth: /);
  });
});
