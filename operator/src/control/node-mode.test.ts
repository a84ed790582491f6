import { describe, expect, it } from 'vitest';
import { RfNodeMode } from '../abi/abi.gen.js';
import { judgeMode, modeSwitches, monitorsSinceBoot } from './node-mode.js';

const pause = { since: '2026-01-01T00:00:00.000Z', until: '2026-01-01T01:00:00.000Z' };
const at = (time: string): number => Date.parse(time);

describe('judgeMode', () => {
  it('enforces by default', () => {
    expect(judgeMode({ sinceBoot: false, emergency: false, pause: undefined }, 0)).toEqual({
      effective: 'Enforce',
      source: 'Default',
    });
  });

  it('monitors until a pause ends, not longer', () => {
    expect(judgeMode({ sinceBoot: false, emergency: false, pause }, at('2026-01-01T00:59:59Z'))).toMatchObject({
      effective: 'Monitor',
      source: 'Pause',
    });
    expect(judgeMode({ sinceBoot: false, emergency: false, pause }, at('2026-01-01T01:00:00Z'))).toMatchObject({
      effective: 'Enforce',
    });
  });

  it('monitors since boot where the kernel command line says so, whatever was paused', () => {
    expect(judgeMode({ sinceBoot: true, emergency: true, pause }, 0)).toEqual({
      effective: 'Monitor',
      source: 'KernelCommandLine',
    });
  });
});

describe('an emergency', () => {
  it('is obeyed whatever was paused, and for as long as it lasts', () => {
    expect(judgeMode({ sinceBoot: false, emergency: true, pause }, at('2026-01-01T00:00:01Z'))).toEqual({
      effective: 'Monitor',
      source: 'Emergency',
    });
  });
});

describe('monitorsSinceBoot', () => {
  it.each([
    ['root=/dev/sda ringfence.mode=monitor quiet\n', true],
    ['ringfence.mode=monitoring', false],
    ['xringfence.mode=monitor', false],
    ['', false],
  ])('%j is %s', (line, expected) => {
    expect(monitorsSinceBoot(line)).toBe(expected);
  });
});

describe('modeSwitches', () => {
  it('gives the kernel the end of a pause on its own clock', () => {
    const mode = judgeMode({ sinceBoot: false, emergency: false, pause }, at('2026-01-01T00:59:59Z'));
    expect(modeSwitches(mode, at('2026-01-01T00:59:59Z'), 5n)).toEqual({
      mode: RfNodeMode.MODE_MONITOR,
      pauseUntilNs: 1_000_000_005n,
    });
  });

  it('has no end for a node that monitors since boot', () => {
    expect(modeSwitches({ effective: 'Monitor', source: 'KernelCommandLine' }, 0, 5n).pauseUntilNs).toBe(0n);
    expect(modeSwitches({ effective: 'Enforce', source: 'Default' }, 0, 5n).mode).toBe(RfNodeMode.MODE_ENFORCE);
  });
});
