import { describe, expect, it } from 'vitest';
import type { ContainerEvent, PolicyEvent } from '../event/types.js';
import { PodProblems } from './pod-problems.js';

const START = Date.parse('2026-01-01T00:00:00Z');
const MINUTE = 60_000;

function kill(
  minute: number,
  change: { pod?: string; container?: string; main?: boolean; verdict?: string } = {},
): PolicyEvent {
  const { pod = 'web-1', container = 'app', main = true, verdict = 'Kill' } = change;
  return {
    kind: 'violation',
    time: new Date(START + minute * MINUTE).toISOString(),
    verdict,
    rule: 'secret',
    policy: { uid: 'p-1' },
    object: { path: '/etc/shadow' },
    process: { program: '/bin/app', ...(main && { mainProcess: true }) },
    workload: { scope: 'Pods', namespace: 'shop', pod, podUid: `uid-${pod}`, container },
  } as unknown as PolicyEvent;
}

function held(minute: number, workload: Partial<ContainerEvent['workload']>): ContainerEvent {
  const time = new Date(START + minute * MINUTE).toISOString();
  return {
    kind: 'held',
    time,
    workload: { scope: 'Pods', cgroup: '/kubepods/podx/c', cgroupId: '1', ...workload },
  } as ContainerEvent;
}

describe('a restart loop', () => {
  it('is three kills of the main process of one container within ten minutes', () => {
    const problems = new PodProblems();
    expect([0, 4, 9.9].map((minute) => problems.violation(kill(minute)))).toEqual([false, false, true]);
    expect(problems.list(START + 10 * MINUTE)).toEqual([]);
    expect(problems.violation(kill(11))).toBe(true);
    expect(problems.list(START + 11 * MINUTE)).toEqual([
      {
        ...{
          namespace: 'shop',
          name: 'web-1',
          uid: 'uid-web-1',
          container: 'app',
          policy: 'p-1',
          reason: 'RestartLoop',
        },
        message: 'its main process was killed again and again, last /bin/app for /etc/shadow (rule secret)',
        count: 3,
        last: '2026-01-01T00:11:00.000Z',
      },
    ]);
  });

  it.each<[string, PolicyEvent[]]>([
    ['two kills', [kill(0), kill(1)]],
    ['kills of other processes', [0, 1, 2].map((minute) => kill(minute, { main: false }))],
    ['what was only denied', [0, 1, 2].map((minute) => kill(minute, { verdict: 'Block' }))],
    ['kills in several containers', ['a', 'b', 'c'].map((container) => kill(1, { container }))],
    ['kills in several pods', ['a', 'b', 'c'].map((pod) => kill(1, { pod }))],
    ['kills that are far apart', [0, 6, 12].map((minute) => kill(minute))],
  ])('%s are none', (_, events) => {
    const problems = new PodProblems();
    for (const event of events) problems.violation(event);
    expect(problems.list(START + 12 * MINUTE)).toEqual([]);
  });

  it('ends ten minutes after the kills that made it one', () => {
    const problems = new PodProblems();
    for (const minute of [0, 1, 2, 3]) problems.violation(kill(minute));
    expect(problems.list(START + 10.5 * MINUTE).map(({ count }) => count)).toEqual([3]);
    expect(problems.list(START + 11.5 * MINUTE)).toEqual([]);
  });
});

describe('an entrypoint that was held back', () => {
  it('is a problem of its pod, counted', () => {
    const problems = new PodProblems();
    const pod = { namespace: 'shop', pod: 'web-1', podUid: 'u' };
    problems.held(held(0, pod));
    problems.held(held(1, pod));
    expect(problems.list(START + 2 * MINUTE)).toMatchObject([
      { namespace: 'shop', name: 'web-1', uid: 'u', reason: 'Held', count: 2, last: '2026-01-01T00:01:00.000Z' },
    ]);
  });

  it('is told by its cgroup where nobody knows the pod', () => {
    const problems = new PodProblems();
    problems.held(held(0, { namespace: '', pod: '' }));
    const [problem] = problems.list(START + MINUTE);
    expect(problem).toMatchObject({ reason: 'Held', message: expect.stringContaining('/kubepods/podx/c') as string });
    expect(problem).not.toHaveProperty('name');
  });
});

it('tells the newest fifty', () => {
  const problems = new PodProblems();
  for (let index = 0; index < 60; index += 1) problems.held(held(index / 60, { podUid: `u${index}` }));
  const uids = problems.list(START + 2 * MINUTE).map(({ uid }) => uid);
  expect([uids.length, uids[0], uids.at(-1)]).toEqual([50, 'u10', 'u59']);
});
