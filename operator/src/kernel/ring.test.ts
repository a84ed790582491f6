import { expect, it } from 'vitest';
import { splitRecords } from './ring.js';

it('records begin at multiples of 8 and keep their own sizes', () => {
  const data = Uint8Array.from({ length: 40 }, (_, index) => index);
  const records = splitRecords(data, Uint32Array.of(8, 3, 17));
  expect(records.map((record) => [record[0], record.length])).toEqual([
    [0, 8],
    [8, 3],
    [16, 17],
  ]);
});

it('an empty batch has no records', () => {
  expect(splitRecords(new Uint8Array(0), new Uint32Array(0))).toEqual([]);
});
