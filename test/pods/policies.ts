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

export const HOSTED = 'hosted';

/** One policy for each model, and one on host processes of the cgroup `hosted`. */
export function POLICIES(cgroups: TestCgroups): readonly PolicyObject[] {
  const models = Object.keys(RULES);
  for (const name of [...models, HOSTED]) cgroups.folder(name);
  return [
    cgroups.document(models),
    ...Object.entries(RULES).map(([name, rules]) => policyOn(name, name, rules)),
    policyOnHost([`${cgroups.top}/${HOSTED}/**`], 'hosted', [
      { name: 'secret', paths: { deny: [{ path: '**/secret', access: ['Read'] }] } },
    ]),
  ];
}
