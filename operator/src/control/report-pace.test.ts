import { expect, test } from 'vitest';
import { ReportPace } from './report-pace.js';

const pace = (): ReportPace => new ReportPace(() => 0);

test('the first write of a report is due at once', () => {
  expect(pace().dueMs('a', 0)).toBe(-Infinity);
});

test('counts wait for half a minute, each report by itself', () => {
  const one = pace();
  one.note('a', 1, 1_000);
  expect(one.dueMs('a', 1)).toBe(31_000);
  expect(one.dueMs('b', 1)).toBe(-Infinity);
});

test('a kind of violation that the report does not have is due at once', () => {
  const one = pace();
  one.note('a', 0, 1_000);
  expect(one.dueMs('a', 1)).toBe(1_000);
});

test('no minute has more than two writes, whatever comes', () => {
  const one = pace();
  const times: number[] = [];
  let kinds = 0;
  for (let nowMs = 0; nowMs < 600_000; nowMs += 500) {
    if (nowMs % 4_000 === 0) kinds += 1;
    if (one.dueMs('a', kinds) > nowMs) continue;
    one.note('a', kinds, nowMs);
    times.push(nowMs);
  }
  const inMinute = times.map((start) => times.filter((time) => time >= start && time < start + 60_000).length);
  expect(Math.max(...inMinute)).toBe(2);
  expect(times.length).toBeGreaterThanOrEqual(20);
});

test('the writes of many reports are spread', () => {
  const one = new ReportPace(() => 0.5);
  one.note('a', 1, 0);
  expect(one.dueMs('a', 1)).toBe(31_500);
});

test('what holds nothing back any more is forgotten', () => {
  const one = pace();
  one.note('a', 1, 0);
  one.note('b', 1, 30_000);
  one.note('a', 1, 31_000);
  one.note('c', 1, 90_000);
  expect(one.size).toBe(2);
});
