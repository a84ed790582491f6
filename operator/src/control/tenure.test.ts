import { describe, expect, it } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.js';
import { denyPaths, path, policy } from '../../../test/support/ir.js';
import type { PolicyIR, ScopeIR } from '../compile/ir.js';
import type { TenureState } from '../source/state.js';
import { Tenure } from './tenure.js';

const HOST: ScopeIR = { scope: 'Host', cgroups: [] };
const pods = (system?: true): ScopeIR => ({
  scope: 'Pods',
  podSelector: { matchLabels: {}, matchExpressions: [] },
  ...(system && { system }),
});

function risky(generation = 1, scope = HOST): PolicyIR {
  return { ...policy('host', [denyPaths([path('/x')])]), uid: 'u', generation, scope };
}

/** A node from start to start. */
class Disk {
  saved: TenureState | undefined;
  healthy = true;
  inForce: PolicyIR[] = [risky()];

  /** Another start of the agent; its clock. */
  agent(bootID: string): { tenure: Tenure; live: (ms: number) => void } {
    const clock = new HandClock();
    const tenure = new Tenure({
      clock,
      bootID,
      saved: this.saved,
      isKubeletHealthy: () => this.healthy,
      inForce: () => new Map(this.inForce.map((one) => [one.uid, one])),
      save: (state) => (this.saved = state),
    });
    tenure.start();
    const live = (ms: number): void => {
      for (let past = 0; past < ms; past += 15_000) clock.move(15_000);
    };
    return { tenure, live };
  }

  doubts(bootID: string, one = risky()): boolean {
    return this.agent(bootID).tenure.doubts(one);
  }
}

describe('a policy of host processes from the disk', () => {
  it('is in doubt after a reboot, and not after a restart of the agent', () => {
    const disk = new Disk();
    disk.agent('boot 1');
    expect(disk.doubts('boot 1')).toBe(false);
    expect(disk.doubts('boot 2')).toBe(true);
  });

  it('is trusted where it was in force for ten minutes with a healthy kubelet', () => {
    const disk = new Disk();
    disk.agent('boot 1').live(600_000);
    expect(disk.doubts('boot 2')).toBe(false);
    expect(disk.doubts('boot 3', risky(2))).toBe(true);
  });

  it('is not trusted for less, whatever a wall clock says', () => {
    const disk = new Disk();
    disk.agent('boot 1').live(585_000);
    expect(disk.doubts('boot 2')).toBe(true);
  });

  it('begins anew when the kubelet was away', () => {
    const disk = new Disk();
    const { live } = disk.agent('boot 1');
    live(400_000);
    disk.healthy = false;
    live(15_000);
    disk.healthy = true;
    live(400_000);
    expect(disk.doubts('boot 2')).toBe(true);
  });

  it('proves nothing while it only reports', () => {
    const disk = new Disk();
    disk.inForce = [{ ...risky(), mode: 'Monitor' }];
    disk.agent('boot 1').live(700_000);
    expect(disk.doubts('boot 2')).toBe(true);
  });

  it('is in doubt where nobody knows which boot this is', () => {
    const disk = new Disk();
    disk.agent('');
    expect(disk.doubts('')).toBe(true);
  });
});

describe('other policies from the disk', () => {
  it.each([
    ['of system namespaces are in doubt too', pods(true), true],
    ['of other pods are enforced', pods(), false],
  ])('%s', (_, scope, doubted) => {
    const disk = new Disk();
    disk.agent('boot 1');
    expect(disk.doubts('boot 2', risky(1, scope))).toBe(doubted);
  });
});
