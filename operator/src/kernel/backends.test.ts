import { describe, expect, it } from 'vitest';
import { RfClass } from '../abi/abi.gen.js';
import { backendOf, backendWorks, chooseBackend, classTable, missingEssentials } from './backends.js';
import type { ProgramFinding, ProgramState } from './backends.js';
import { ENGINE_PROGRAMS } from './programs.js';

/** Findings for every program: ok but for those named. */
function findings(except: Readonly<Record<string, ProgramState>>, otherwise: ProgramState = 'ok'): ProgramFinding[] {
  return ENGINE_PROGRAMS.map(({ name, hook }) => ({ name, hook, state: except[name] ?? otherwise }));
}

const withoutLsm = findings(
  Object.fromEntries(
    ENGINE_PROGRAMS.filter((spec) => /^(lsm|fentry)/.test(spec.hook)).map((spec) => [spec.name, 'refused' as const]),
  ),
);
/** What Linux 6.1 does not have. */
const linux61 = findings({
  file_truncate: 'absent',
  attr_times: 'absent',
  attr_acl_set: 'absent',
  attr_acl_del: 'absent',
  attr_ioctl_32: 'absent',
});

const heldBy = (found: ProgramFinding[], backend: 'lsm' | 'tracepoint'): number[] =>
  classTable(ENGINE_PROGRAMS, found, backend).held.map((held) => held.class);

describe('class table', () => {
  it('with every LSM program all classes deny and signal', () => {
    const { held, gaps } = classTable(ENGINE_PROGRAMS, findings({ attr_times_old: 'absent' }), 'lsm');
    expect(held.map((one) => one.class)).toEqual(Object.values(RfClass));
    expect(held.every((one) => one.denies && one.signals)).toBe(true);
    expect(gaps).toEqual([]);
  });

  it('a hook that an older kernel serves through another one lowers nothing', () => {
    expect(heldBy(linux61, 'lsm')).toEqual(Object.values(RfClass));
  });

  it('one refused program takes its classes and no others', () => {
    const table = classTable(ENGINE_PROGRAMS, findings({ path_mkdir: 'refused' }), 'lsm');
    expect(table.gaps).toEqual([{ class: RfClass.CREATE, programs: ['path_mkdir'] }]);
    expect(table.held.map((one) => one.class)).toEqual(
      Object.values(RfClass).filter((number) => number !== RfClass.CREATE),
    );
  });

  it('a hook that exists and is refused is never covered by another', () => {
    const table = classTable(ENGINE_PROGRAMS, findings({ file_truncate: 'refused' }), 'lsm');
    expect(table.gaps).toEqual([{ class: RfClass.WRITE, programs: ['file_truncate'] }]);
  });

  it('tracepoints kill and never deny', () => {
    const { held } = classTable(ENGINE_PROGRAMS, withoutLsm, 'tracepoint');
    expect(held.find((one) => one.class === RfClass.EXEC)).toEqual({
      class: RfClass.EXEC,
      hook: 'tp_btf/sched_process_exec',
      denies: false,
      signals: true,
    });
    expect(held.every((one) => !one.denies && one.signals)).toBe(true);
  });

  it('names the deciding hook, not the one that only remembers the mount', () => {
    const { held } = classTable(ENGINE_PROGRAMS, findings({}), 'lsm');
    expect(held.find((one) => one.class === RfClass.ATTRIBUTES)?.hook).toBe('lsm/path_chmod');
  });
});

describe('backend', () => {
  it('LSM is taken where it works', () => {
    expect(chooseBackend(ENGINE_PROGRAMS, findings({}))).toBe('lsm');
  });

  it('tracepoints are taken where LSM programs are refused', () => {
    expect(chooseBackend(ENGINE_PROGRAMS, withoutLsm)).toBe('tracepoint');
  });

  it('there is none where subjects cannot be tracked', () => {
    expect(chooseBackend(ENGINE_PROGRAMS, findings({ task_attach: 'refused' }))).toBeUndefined();
    expect(missingEssentials(ENGINE_PROGRAMS, findings({ task_attach: 'refused' }), 'lsm')).toEqual([
      { name: 'task_attach', hook: 'tp_btf/cgroup_attach_task', state: 'refused' },
    ]);
  });

  it('does not work when nothing was found', () => {
    expect(backendWorks(ENGINE_PROGRAMS, [], 'lsm')).toBe(false);
  });

  it('is told from the programs that run', () => {
    expect(backendOf(ENGINE_PROGRAMS, new Set(['task_attach', 'exec_trace']))).toBe('tracepoint');
    expect(backendOf(ENGINE_PROGRAMS, new Set(['exec_check']))).toBe('lsm');
    expect(backendOf(ENGINE_PROGRAMS, new Set(['task_attach']))).toBeUndefined();
  });
});

describe('program table', () => {
  it('names fit into what the kernel keeps of a name', () => {
    for (const { name } of ENGINE_PROGRAMS) expect(name.length).toBeLessThanOrEqual(15);
  });

  it('every class is decided by some program of the LSM backend', () => {
    const classes = new Set(
      ENGINE_PROGRAMS.filter((spec) => spec.backends.includes('lsm')).flatMap((spec) => spec.classes),
    );
    expect([...classes].sort((a, b) => a - b)).toEqual(Object.values(RfClass));
  });
});
