// What the demonstration tries, as a workload would, and how it sees whether it happened: by side effect, never by what
// the kernel said. The policies are those of examples/demo.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Outcome {
  readonly signal: NodeJS.Signals | null;
  readonly status: number | null;
  readonly stdout: string;
}

export interface DemoCase {
  readonly title: string;
  readonly argv: readonly string[];
  /** Policy and rule that it violates; absent: it is allowed. */
  readonly violates?: { readonly policy: string; readonly rule: string };
  /** The rule is in Monitor: it happens and is reported. */
  readonly monitored?: true;
  /** Whether the operation had its effect. */
  readonly happened: (outcome: Outcome) => boolean;
}

export const SECRET = 'the-secret-token';

/** Cases below a stage that is prepared. */
export function demoCases(root: string): DemoCase[] {
  const at = (name: string): string => join(root, name);
  return [...programCases(at), ...readCases(at), ...changeCases(at)];
}

type At = (name: string) => string;

function programCases(at: At): DemoCase[] {
  return [
    {
      title: 'run a forbidden program',
      argv: [at('bin/forbidden'), at('data/forbidden-ran')],
      violates: { policy: 'programs', rule: 'forbidden-program' },
      happened: () => existsSync(at('data/forbidden-ran')),
    },
    {
      title: 'run another program',
      argv: [at('bin/allowed'), at('data/allowed-ran')],
      happened: () => existsSync(at('data/allowed-ran')),
    },
    {
      title: 'run a script from the data folder',
      argv: [at('data/start.sh'), at('data/script-ran')],
      violates: { policy: 'tools', rule: 'scripts' },
      happened: () => existsSync(at('data/script-ran')),
    },
  ];
}

function readCases(at: At): DemoCase[] {
  return [
    {
      title: 'read a secret',
      argv: ['cat', at('secret/token')],
      violates: { policy: 'programs', rule: 'secret' },
      happened: ({ stdout }) => stdout.includes(SECRET),
    },
    { title: 'read data', argv: ['cat', at('data/file')], happened: ({ stdout }) => stdout.includes('data') },
    {
      title: 'read a watched file',
      argv: ['cat', at('config.ini')],
      violates: { policy: 'watch', rule: 'config-read' },
      monitored: true,
      happened: ({ stdout }) => stdout.includes('config'),
    },
  ];
}

function changeCases(at: At): DemoCase[] {
  const [other, log] = [at('other'), at('data/audit.log')];
  return [
    {
      title: 'write data',
      argv: ['sh', '-c', 'echo more >> "$0"', at('data/file')],
      happened: () => readFileSync(at('data/file'), 'utf8').includes('more'),
    },
    {
      title: 'overwrite a file outside the data folder',
      argv: ['sh', '-c', 'echo changed > "$0"', other],
      violates: { policy: 'files', rule: 'only-data' },
      happened: () => readFileSync(other, 'utf8') !== 'original\n',
    },
    {
      title: 'make a file outside the data folder',
      argv: ['sh', '-c', ': > "$0"', at('new')],
      violates: { policy: 'files', rule: 'only-data' },
      happened: () => existsSync(at('new')),
    },
    {
      title: 'delete the audit log',
      argv: ['rm', '-f', log],
      violates: { policy: 'files', rule: 'log' },
      happened: () => !existsSync(log),
    },
    {
      title: 'move the folder of the audit log away',
      argv: ['mv', at('data'), at('data/../moved')],
      violates: { policy: 'files', rule: 'log' },
      happened: () => !existsSync(log) || existsSync(at('moved')),
    },
  ];
}
