import { describe, expect, it } from 'vitest';
import { RfTestCodec } from '../../operator/src/abi/abi.gen.js';
import { Encoded, isEqual } from './compare.js';
import { generateOperation, generatePolicies } from './generate.js';
import { MemoryMaps } from './maps.js';
import { runModel } from './model.js';
import { Random } from './random.js';

const SETS = 150;
const OPERATIONS = 20;

describe('the encoded maps', () => {
  it('decide as the evaluator does', () => {
    const maps = new MemoryMaps();
    const encoded = new Encoded({
      apply: (ops) => {
        maps.apply(ops);
      },
      run: (context) => RfTestCodec.encode(runModel(maps, RfTestCodec.decode(context))),
    });
    let refused = 0;
    for (let seed = 1; seed <= SETS; seed += 1) {
      const random = new Random(seed);
      const policies = generatePolicies(random);
      if (!encoded.load(policies)) {
        refused += 1;
        continue;
      }
      for (let count = 0; count < OPERATIONS; count += 1) {
        const operation = generateOperation(random, policies, { mountTree: true });
        const decided = encoded.decide(operation);
        if (!isEqual(decided)) expect({ seed, policies, operation, got: decided.got }).toEqual(decided.expected);
      }
    }
    expect(refused).toBe(0);
  });
});
