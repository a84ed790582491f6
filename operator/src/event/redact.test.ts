import { describe, expect, it } from 'vitest';
import { redactArguments } from './redact.js';

const none = { patterns: [] };

describe('redactArguments', () => {
  it.each([
    [
      ['mysql', '--password', 'hunter2'],
      ['mysql', '--password', '[redacted]'],
    ],
    [
      ['curl', '--token=abc', 'x'],
      ['curl', '--token=[redacted]', 'x'],
    ],
    [
      ['env', 'DB_PASSWORD=abc', 'ls'],
      ['env', 'DB_PASSWORD=[redacted]', 'ls'],
    ],
    [
      ['env', 'AWS_SECRET_ACCESS_KEY=abc'],
      ['env', 'AWS_SECRET_ACCESS_KEY=[redacted]'],
    ],
    [
      ['git', 'clone', 'https://me:abc@host/x'],
      ['git', 'clone', 'https://[redacted]@host/x'],
    ],
    [
      ['curl', '-H', 'Authorization: Bearer abc.def'],
      ['curl', '-H', 'Authorization: Bearer [redacted]'],
    ],
    [
      ['x', '--db-password', 'one', 'two'],
      ['x', '--db-password', '[redacted]', 'two'],
    ],
    [
      ['x', '--api_key:abc'],
      ['x', '--api_key:[redacted]'],
    ],
    [
      ['sh', '-c', 'curl -H "authorization: abc"'],
      ['sh', '-c', 'curl -H "authorization: [redacted]'],
    ],
  ])('hides the secret of %j', (given, shown) => {
    expect(redactArguments(given, none)).toEqual(shown);
  });

  it.each([
    [['ls', '-la', '/etc/passwd']],
    [['tokenize', 'file']],
    [['x', '--password', '--verbose']],
    [['keytool', 'KEYS']],
  ])('leaves %j as it is', (args) => {
    expect(redactArguments(args, none)).toEqual(args);
  });

  it('applies configured patterns everywhere', () => {
    expect(redactArguments(['-pSECRET', 'AKIA123 AKIA456'], { patterns: [/AKIA\d+/g, /^-p.+/] })).toEqual([
      '[redacted]',
      '[redacted] [redacted]',
    ]);
  });
});
