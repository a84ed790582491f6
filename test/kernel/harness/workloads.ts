// Cgroups of tests, with the identity that a Workloads file gives them, and short spellings of policies on them.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { findCgroup2 } from '../../../operator/src/workload/mountinfo.js';
import type { PolicyObject } from './agent.js';

const API = 'ringfence.io/v1alpha1';
export const NAMESPACE = 'test';

export function cgroupMount(): string {
  const mount = findCgroup2(readFileSync('/proc/self/mountinfo', 'utf8'));
  if (mount === undefined) throw new Error('no cgroup2 mount');
  return mount;
}

/** A workload that is not a pod of the namespace `test` with the label `case`. */
export interface NamedIdentity {
  readonly name: string;
  readonly namespace?: string;
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly container?: string;
}

/** All cgroups of one run stand below one, which is removed with them. */
export class TestCgroups {
  /** From the cgroup v2 root. */
  readonly top: string;
  readonly #mount = cgroupMount();
  readonly #units: string[] = [];

  constructor(name: string) {
    this.top = `/${name}`;
    mkdirSync(join(this.#mount, this.top), { recursive: true });
  }

  /** The root of the cgroup v2 tree. */
  get root(): string {
    return this.#mount;
  }

  /** Folder of a workload's cgroup, made when it is not there. */
  folder(name: string): string {
    const folder = join(this.#mount, this.top, name);
    if (!existsSync(folder)) mkdirSync(folder);
    return folder;
  }

  /** Folder of the cgroup that a unit of the system manager would have. */
  unit(name: string): string {
    const folder = join(this.#mount, 'system.slice', name);
    mkdirSync(folder, { recursive: true });
    if (!this.#units.includes(folder)) this.#units.push(folder);
    return folder;
  }

  /** The Workloads file: each name is a pod with the label `case` = name. */
  document(workloads: readonly (string | NamedIdentity)[]): PolicyObject {
    const items = workloads
      .map((one) => (typeof one === 'string' ? { name: one, namespace: NAMESPACE, labels: { case: one } } : one))
      .map((item) => ({ ...item, cgroup: `${this.top}/${item.name}` }));
    return { apiVersion: API, kind: 'Workloads', items };
  }

  remove(): void {
    for (const folder of this.#units) rmdirSync(folder);
    removeTree(join(this.#mount, this.top));
  }
}

function removeTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  rmdirSync(folder);
}

export interface SpecPatch {
  readonly mode?: 'Enforce' | 'Monitor';
  readonly [field: string]: unknown;
}

/** A policy on the workload of that name. */
export function policyOn(
  workload: string,
  name: string,
  rules: readonly object[],
  patch: SpecPatch = {},
): PolicyObject {
  return {
    apiVersion: API,
    kind: 'RuntimePolicy',
    metadata: { name, namespace: NAMESPACE },
    spec: { mode: 'Enforce', selector: { podSelector: { matchLabels: { case: workload } } }, rules, ...patch },
  };
}

/** A policy on host processes of the cgroups. */
export function policyOnHost(
  cgroups: readonly string[],
  name: string,
  rules: readonly object[],
  patch: SpecPatch = {},
): PolicyObject {
  const acknowledge = ['HostEnforcement', 'HostAllowList'];
  return {
    apiVersion: API,
    kind: 'ClusterRuntimePolicy',
    metadata: { name },
    spec: { mode: 'Enforce', scope: 'Host', acknowledge, selector: { cgroups }, rules, ...patch },
  };
}
