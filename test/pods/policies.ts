// The policies of the models, and what a case is.
import type { PolicyObject } from '../kernel/harness/agent.js';
import { policyOn, policyOnHost, type TestCgroups } from '../kernel/harness/workloads.js';
import type { Backend } from '../kernel/harness/cases.js';
import type { PodBed } from './bed.js';

export type Where = (where: { readonly backend: Backend; readonly confined: boolean }) => boolean;

export interface PodCase {
  readonly name: string;
  /** Where it can be shown; everywhere if absent. */
  readonly on?: Where;
  readonly body: (bed: PodBed) => Promise<void> | void;
}

export const LSM: Where = ({ backend }) => backend === 'lsm';
export const TRACEPOINT: Where = ({ backend }) => backend === 'tracepoint';
/** Where the top of the cgroup tree is ours. */
export const ALONE: Where = ({ confined }) => !confined;

const EVERYTHING = ['Read', 'Write', 'Create', 'Delete', 'Rename', 'Link', 'Attributes'];

const RULES: Readonly<Record<string, readonly object[]>> = {
  secret: [{ name: 'secret', paths: { deny: [{ path: '/secret', access: ['Read'] }] } }],
  'secret-audit': [{ name: 'secret', paths: { deny: [{ path: '/secret', access: ['Read'] }] }, action: 'Audit' }],
  forbidden: [{ name: 'forbidden', binaries: { deny: [{ path: '/bin/forbidden' }] } }],
  'only-try': [{ name: 'only', binaries: { allow: [{ path: '/bin/try' }] } }],
  // All that a runtime does in a container, forbidden to the container.
  locked: [
    { name: 'files', paths: { deny: [{ path: '/**', access: EVERYTHING }] } },
    { name: 'programs', binaries: { allow: [{ path: '/bin/try' }] } },
  ],
  nothing: [{ name: 'all', paths: { deny: [{ path: '/**' }] } }],
};

const SECRET = { name: 'secret', paths: { deny: [{ path: '/secret', access: ['Read'] }] } };

/** Model -> the sessions that its policy selects, and the rule. */
const SESSION_MODELS: Readonly<Record<string, { readonly sessions?: readonly string[]; readonly rule: object }>> = {
  'exec-only': { sessions: ['Exec'], rule: SECRET },
  'all-but-exec': { sessions: ['Main', 'Probe', 'Lifecycle'], rule: SECRET },
  'handlers-only': { sessions: ['Probe', 'Lifecycle'], rule: SECRET },
  'except-exec': { rule: { ...SECRET, except: [{ sessions: ['Exec'] }] } },
  'exec-tools': { sessions: ['Exec'], rule: { name: 'tools', binaries: { allow: [{ path: '/bin/hook' }] } } },
};

export const HOSTED = 'hosted';

/** One policy for each model, and one on host processes of the cgroup `hosted`. */
export function POLICIES(cgroups: TestCgroups): readonly PolicyObject[] {
  const models = [...Object.keys(RULES), ...Object.keys(SESSION_MODELS)];
  for (const name of [...models, HOSTED]) cgroups.folder(name);
  return [
    cgroups.document(models),
    ...Object.entries(RULES).map(([name, rules]) => policyOn(name, name, rules)),
    ...Object.entries(SESSION_MODELS).map(([name, { sessions, rule }]) => {
      const selector = { podSelector: { matchLabels: { case: name } }, ...(sessions && { sessions }) };
      return policyOn(name, name, [rule], { selector });
    }),
    policyOnHost([`${cgroups.top}/${HOSTED}/**`], 'hosted', [
      { name: 'secret', paths: { deny: [{ path: '**/secret', access: ['Read'] }] } },
    ]),
  ];
}
