// Exact deny patterns hold for the inode too once the kernel knows it, so that links and mounts made earlier are no way round. The
// agent opens what has such a name, in the root that the workload's processes see, and lets the kernel look. Nothing is read
// and no link is trusted: the kernel learns the inode only where the file's own name is the pattern's.

import { closeSync, constants, lstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { PatternIR, PolicyIR } from '../compile/ir.js';
import { USR_MERGED } from '../compile/names.js';
import { selectionMiss } from '../workload/select.js';
import type { Outcome } from './reconcile.js';

/** O_PATH, which Node does not name: neither a device nor a pipe notices. */
const O_PATH = 0o10000000;
/** Of the event loop, at once: plans and events come first. */
const SLICE_MS = 4;

export interface ResolvingKernel {
  /** Lets the kernel learn the inode behind a descriptor of this process, for the workload's rulesets. */
  resolveName(workload: bigint, fd: number): void;
}

function exactName({ floating, subtree, components }: PatternIR): string[] | undefined {
  if (floating || subtree) return undefined;
  const literals = components.flatMap((component) => ('literal' in component ? [component.literal] : []));
  return literals.length === components.length ? literals : undefined;
}

/** Both spellings of what canonical names have one for: an image need not have /bin as a link. */
function spellings(components: readonly string[]): string[] {
  const [first, second = ''] = components;
  const path = (parts: readonly string[]): string => `/${parts.join('/')}`;
  if (first === 'usr' && USR_MERGED.has(second)) return [path(components), path(components.slice(1))];
  return [path(components)];
}

function exactNames({ rules }: PolicyIR): string[] {
  const patterns = rules
    .filter(({ list }) => list === 'deny')
    .flatMap(({ items }) => items.flatMap(({ path }) => path ?? []));
  return patterns.flatMap((pattern) => {
    const name = exactName(pattern);
    return name === undefined ? [] : spellings(name);
  });
}

interface Root {
  readonly folder: string;
  /** Its mount namespace. */
  readonly namespace: string;
}

const OWN_ROOT: Root = { folder: '', namespace: '' };

/** The root of the first process of the cgroup; the machine's own while there is none. */
function rootOf(cgroup: string): Root {
  try {
    const [pid = ''] = readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n');
    if (pid === '') return OWN_ROOT;
    return { folder: `/proc/${pid}/root`, namespace: readlinkSync(`/proc/${pid}/ns/mnt`) };
  } catch {
    return OWN_ROOT;
  }
}

/** Names of one workload that are still to be resolved. */
interface Job {
  readonly id: bigint;
  readonly root: Root;
  readonly key: string;
  readonly names: readonly string[];
  next: number;
}

export class NameResolver {
  readonly #kernel: ResolvingKernel;
  readonly #cgroupMount: string;
  /** By cgroup id: what was resolved last, where. */
  readonly #done = new Map<bigint, string>();
  #jobs: Job[] = [];
  #isScheduled = false;

  constructor(kernel: ResolvingKernel, cgroupMount: string) {
    this.#kernel = kernel;
    this.#cgroupMount = cgroupMount;
  }

  /**
   * Resolves the names of workloads whose policies or root are new: a few at once, the others when nothing else is to be
   * done. Files made later are learned when they are used.
   */
  resolve({ inForce, owners }: Outcome): void {
    const named = [...inForce.values()]
      .map((policy) => ({ policy, names: exactNames(policy) }))
      .filter(({ names }) => names.length > 0);
    for (const id of this.#done.keys()) if (!owners.has(id)) this.#done.delete(id);
    this.#jobs = [];
    for (const [id, { cgroup, identity, owner }] of named.length === 0 ? [] : owners) {
      if (owner !== id || cgroup.gone) continue;
      const own = named.filter(({ policy }) => selectionMiss(policy.scope, identity) === undefined);
      if (own.length > 0) this.#plan(id, cgroup.path, own);
    }
    this.#work();
  }

  stop(): void {
    this.#jobs = [];
  }

  #plan(id: bigint, path: string, own: readonly { policy: PolicyIR; names: readonly string[] }[]): void {
    const root = rootOf(join(this.#cgroupMount, path));
    const versions = own.map(({ policy: { uid, generation } }) => `${uid}@${generation}`);
    const key = [root.namespace, ...versions].join();
    if (this.#done.get(id) === key) return;
    this.#jobs.push({ id, root, key, names: own.flatMap(({ names }) => names), next: 0 });
  }

  #work(): void {
    const end = performance.now() + SLICE_MS;
    while (performance.now() < end) {
      const [job] = this.#jobs;
      if (job === undefined) return;
      const name = job.names[job.next++];
      if (name !== undefined) this.#resolveName(job.id, job.root, name);
      else this.#finish(job);
    }
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#work();
    });
  }

  #finish({ id, key }: Job): void {
    this.#done.set(id, key);
    this.#jobs.shift();
  }

  #resolveName(workload: bigint, root: Root, name: string): void {
    const path = Buffer.from(root.folder + name, 'latin1');
    let fd: number;
    try {
      // Most names are of files that an image does not have, and an exception costs ten times the look.
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
      fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
    } catch {
      return;
    }
    try {
      this.#kernel.resolveName(workload, fd);
    } finally {
      closeSync(fd);
    }
  }
}
