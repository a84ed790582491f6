import { expect, test } from 'vitest';
import { isFullyPreemptible, type PreemptionTexts } from './preempt.js';

const debian = 'Linux version 6.1.0-50-amd64 (x@y) (gcc) #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-1 (2026-10-01)\n';

test.each<[string, boolean, PreemptionTexts]>([
  [
    'a kernel without preemption',
    false,
    { version: 'Linux version 6.1.0 (x@y) #1 SMP Debian', model: undefined, commandLine: '' },
  ],
  [
    'a preemptible kernel',
    true,
    { version: 'Linux version 6.1.0 (x@y) #1 SMP PREEMPT Debian', model: undefined, commandLine: '' },
  ],
  [
    'a real-time kernel',
    true,
    { version: 'Linux version 6.1.0 (x@y) #1 SMP PREEMPT_RT Debian', model: undefined, commandLine: '' },
  ],
  ['the model that the scheduler names', true, { version: debian, model: 'none voluntary (full)\n', commandLine: '' }],
  [
    'the same, against the command line',
    false,
    { version: debian, model: 'none (voluntary) full\n', commandLine: 'quiet preempt=full\n' },
  ],
  [
    'the command line where the scheduler says nothing',
    true,
    { version: debian, model: undefined, commandLine: 'quiet preempt=full\n' },
  ],
  ['neither', false, { version: debian, model: undefined, commandLine: 'quiet\n' }],
])('%s: %s', (_name, expected, texts) => {
  expect(isFullyPreemptible(texts)).toBe(expected);
});
