import { expect, test } from 'vitest';
import { AgentFault, Fault, FAULT_CODES, formatFault, formatIssue, ISSUE_CODES, KernelFault } from './errors.js';
import type { Issue } from './errors.js';

const issue: Issue = {
  code: 'PATTERN_NOT_ABSOLUTE',
  level: 'error',
  file: 'web.yaml',
  line: 12,
  column: 26,
  path: 'spec.rules[0].binaries.deny[1].path',
  expected: 'an absolute path or a pattern that begins with **/',
  got: '"usr/bin/nc"',
  hint: 'write /usr/bin/nc or **/nc',
};

test('an issue is printed with its place, code and path, then what is wrong and what to do', () => {
  expect(formatIssue(issue)).toBe(
    'web.yaml:12:26 PATTERN_NOT_ABSOLUTE spec.rules[0].binaries.deny[1].path:\n' +
      '  expected an absolute path or a pattern that begins with **/, got "usr/bin/nc"; write /usr/bin/nc or **/nc',
  );
});

test('an issue without path or hint has neither blanks nor a dangling separator', () => {
  expect(formatIssue({ ...issue, path: '', hint: '' })).toBe(
    'web.yaml:12:26 PATTERN_NOT_ABSOLUTE:\n' +
      '  expected an absolute path or a pattern that begins with **/, got "usr/bin/nc"',
  );
});

test('a fault says what was tried, on what, and the errno; details stay properties', () => {
  const fault = new KernelFault('KERNEL_LOAD_REJECTED', 'load program', {
    object: 'file_open',
    errno: 'EACCES',
    verifierLog: 'R1 invalid mem access',
  });
  expect(fault).toBeInstanceOf(Fault);
  expect(fault.name).toBe('KernelFault');
  expect(fault.message).toBe('load program (file_open): EACCES');
  expect(fault.properties).toEqual({ verifierLog: 'R1 invalid mem access' });
  expect(formatFault(fault)).toBe(`KERNEL_LOAD_REJECTED load program (file_open): EACCES; ${fault.hint}`);
});

test('whether a retry can help comes from the registry unless the fault knows better', () => {
  expect(new AgentFault('AGENT_NOT_RUNNING', 'ask the agent').retryable).toBe(true);
  expect(new AgentFault('AGENT_NOT_RUNNING', 'ask the agent', { retryable: false }).retryable).toBe(false);
});

test('every code has words for what it means and what to do, and no code is of both kinds', () => {
  const entries = [...Object.entries(ISSUE_CODES), ...Object.entries(FAULT_CODES)];
  for (const [code, { summary, fix }] of entries) {
    expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
    expect(summary, code).toMatch(/\.$/);
    expect(fix, code).toMatch(/\.$/);
  }
  expect(new Set(entries.map(([code]) => code)).size).toBe(entries.length);
});
