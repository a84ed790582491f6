// Evaluator against kernel: random policies and operations, decided by the reference evaluator and by the engine's matcher
// on this machine's own kernel.
//   node build/test/fuzz/main.js [--pairs N] [--seed N] [--model]
// A case that differs is shrunk and printed as JSON. --model runs the model of the matcher instead, without root.

import { parseArgs } from 'node:util';
import { RfTestCodec } from '../../operator/src/abi/abi.gen.js';
import type { PolicyIR } from '../../operator/src/compile/ir.js';
import { Encoded, type Matcher, type Mismatch, isEqual } from './compare.js';
import { generateOperation, generatePolicies } from './generate.js';
import { KernelMatcher } from './kernel.js';
import { MemoryMaps } from './maps.js';
import { runModel } from './model.js';
import { Random } from './random.js';
import { type Case, shrink } from './shrink.js';

const PAIRS = 100_000;
const OPERATIONS = 50;
/** Of so many sets one is wide: so many copies of its policies. */
const WIDE_EVERY = 50;
const COPIES = 16;
/** Differences beyond these are most likely the same one. */
const MISMATCHES_MAX = 5;
/** Smaller cases tried for one that differs. */
const SHRINK_TRIES = 20_000;

interface Result {
  readonly pairs: number;
  readonly refused: number;
  readonly mismatches: readonly Mismatch[];
}

function modelMatcher(): Matcher {
  const maps = new MemoryMaps();
  return {
    apply: (ops) => {
      maps.apply(ops);
    },
    run: (context) => RfTestCodec.encode(runModel(maps, RfTestCodec.decode(context))),
  };
}

function decideAlone(encoded: Encoded, { policies, operation }: Case): Mismatch | undefined {
  if (!encoded.load(policies)) return undefined;
  const decided = encoded.decide(operation);
  return isEqual(decided) ? undefined : { policies, operation, ...decided };
}

function shrunk(encoded: Encoded, failing: Mismatch): Mismatch {
  let tries = 0;
  const smallest = shrink(failing, (smaller) => {
    tries += 1;
    return tries < SHRINK_TRIES && decideAlone(encoded, smaller) !== undefined;
  });
  return decideAlone(encoded, smallest) ?? failing;
}

/** The same policies many times over, so that a layer needs several rulesets. */
function widened(random: Random, policies: readonly PolicyIR[]): PolicyIR[] {
  return Array.from({ length: COPIES }, (_, copy) => copy).flatMap((copy) =>
    policies.map((policy) => ({
      ...policy,
      uid: `${policy.uid}-${copy}`,
      name: `${policy.name}-${random.below(COPIES)}`,
      mode: random.pick(['Enforce', 'Monitor'] as const),
      unresolved: random.pick(['Kill', 'Block', 'Audit'] as const),
    })),
  );
}

function policiesOf(random: Random, seed: number): PolicyIR[] {
  const policies = generatePolicies(random);
  return seed % WIDE_EVERY === 0 ? widened(random, policies) : policies;
}

function compareSet(encoded: Encoded, seed: number): { pairs: number; mismatch?: Mismatch } | undefined {
  const random = new Random(seed);
  const policies = policiesOf(random, seed);
  if (!encoded.load(policies)) return undefined;
  for (let pairs = 1; pairs <= OPERATIONS; pairs += 1) {
    const operation = generateOperation(random, policies, { mountTree: true });
    const decided = encoded.decide(operation);
    if (!isEqual(decided)) return { pairs, mismatch: shrunk(encoded, { policies, operation, ...decided }) };
  }
  return { pairs: OPERATIONS };
}

function fuzz(matcher: Matcher, wanted: number, seed: number): Result {
  const encoded = new Encoded(matcher);
  const mismatches: Mismatch[] = [];
  let [pairs, refused] = [0, 0];
  for (let set = seed; pairs < wanted && mismatches.length < MISMATCHES_MAX; set += 1) {
    const compared = compareSet(encoded, set);
    if (compared === undefined) {
      refused += 1;
      continue;
    }
    pairs += compared.pairs;
    if (compared.mismatch === undefined) continue;
    mismatches.push(compared.mismatch);
    process.stdout.write(`FAIL set of seed ${set}:\n${JSON.stringify(compared.mismatch, undefined, 2)}\n`);
  }
  return { pairs, refused, mismatches };
}

function main(args: readonly string[]): number {
  const options = { pairs: { type: 'string' }, seed: { type: 'string' }, model: { type: 'boolean' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const matcher = values.model === true ? modelMatcher() : new KernelMatcher();
  process.stdout.write(`seed ${seed}\n`);
  const began = performance.now();
  const { pairs, refused, mismatches } = fuzz(matcher, Number(values.pairs ?? PAIRS), seed);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(`${pairs} pairs in ${seconds} s, ${refused} sets of policies refused by the encoder\n`);
  process.stdout.write(`${pairs - mismatches.length} passed, ${mismatches.length + refused} failed, 0 skipped\n`);
  return mismatches.length + refused > 0 ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
